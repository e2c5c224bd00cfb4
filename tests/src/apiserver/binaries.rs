//! The binaries of the API server: a folder set by the user, or a build of the Go module beside the tests.

#![expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/apiserver");
const GO_MOD: &str = include_str!("../../apiserver/go.mod");
const GO_SUM: &str = include_str!("../../apiserver/go.sum");
const OLDEST_GO: u32 = 26;
const PACKAGES: [(&str, &str); 2] = [
    ("etcd", "go.etcd.io/etcd/server/v3"),
    ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
];

/// Returns the folder with `etcd` and `kube-apiserver`, or the reason that there is none.
pub(super) fn folder() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os("KUBEBUILDER_ASSETS") {
        let folder = PathBuf::from(folder);
        assert!(
            is_complete(&folder),
            "`KUBEBUILDER_ASSETS` names `{}`, which lacks `etcd` or `kube-apiserver`",
            folder.display()
        );
        return Ok(folder);
    }
    let go = go_version().ok_or("`KUBEBUILDER_ASSETS` is not set, and Go is not installed")?;
    if minor(&go).is_none_or(|minor| minor < OLDEST_GO) {
        return Err(format!(
            "`KUBEBUILDER_ASSETS` is not set, and {go} is older than go1.{OLDEST_GO}"
        ));
    }
    // Cargo runs tests from `<target>/<profile>/deps`.
    let test = std::env::current_exe().expect("the test has a path");
    let folder = test
        .ancestors()
        .nth(3)
        .expect("tests are in a target folder")
        .join("apiserver");
    build(&folder);
    Ok(folder)
}

fn is_complete(folder: &Path) -> bool {
    PACKAGES.iter().all(|(name, _)| folder.join(name).is_file())
}

/// Returns the version of Go, such as `go1.26.8`.
fn go_version() -> Option<String> {
    let output = Command::new("go").args(["env", "GOVERSION"]).output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

fn minor(go: &str) -> Option<u32> {
    let (_, version) = go.split_once("go1.")?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Builds both servers, unless this version of the module was built before. Concurrent builds wait for each other.
fn build(folder: &Path) {
    fs::create_dir_all(folder).expect("the target folder is writable");
    let lock = File::create(folder.join("lock")).expect("the target folder is writable");
    lock.lock().expect("the file can be locked");
    let flags = linker_flags();
    let stamp = folder.join("stamp");
    let wanted = format!("{flags}\n{GO_MOD}\n{GO_SUM}");
    if is_complete(folder) && fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
        return;
    }
    super::print_now("building etcd and kube-apiserver once; this takes minutes if the build cache of Go is empty");
    for (name, package) in PACKAGES {
        let status = Command::new("go")
            .args(["build", "-C", MODULE, "-mod=readonly", "-ldflags", &flags, "-o"])
            .arg(folder.join(name))
            .arg(package)
            .env("GOWORK", "off")
            .status()
            .expect("Go is installed");
        assert!(status.success(), "go build {package} failed");
    }
    fs::write(stamp, wanted).expect("the target folder is writable");
}

/// Returns the linker flags that set the version of the servers, like those of upstream releases.
fn linker_flags() -> String {
    let mut words = GO_MOD.split_whitespace();
    let version = words
        .find(|word| *word == "k8s.io/kubernetes")
        .and_then(|_| words.next())
        .expect("go.mod requires Kubernetes");
    let mut numbers = version.trim_start_matches('v').split('.');
    let variables = [
        ("gitVersion", version),
        ("gitMajor", numbers.next().unwrap_or_default()),
        ("gitMinor", numbers.next().unwrap_or_default()),
    ];
    let set = variables.map(|(name, value)| format!(" -X k8s.io/component-base/version.{name}={value}"));
    format!("-s -w{}", set.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_versions_of_go() {
        assert_eq!(minor("go1.26.8"), Some(26));
        assert_eq!(minor("devel go1.27-abc"), Some(27));
        assert_eq!(minor("go1.26rc1"), Some(26));
        assert_eq!(minor(""), None);
    }

    #[test]
    fn linker_flags_set_the_required_version() {
        let flags = linker_flags();
        assert!(
            flags.ends_with("version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37"),
            "{flags}"
        );
    }
}
