//! The binaries of the API server: a folder set by the user, or a build of the Go module beside the tests.

#![expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]

use crate::go::Module;
use std::path::PathBuf;

const GO_MOD: &str = include_str!("../../apiserver/go.mod");
const GO_SUM: &str = include_str!("../../apiserver/go.sum");

/// Returns the folder with `etcd` and `kube-apiserver`, or the reason that there is none.
pub(super) fn folder() -> Result<PathBuf, String> {
    let module = Module {
        name: "apiserver",
        sources: &[GO_MOD, GO_SUM],
        programs: &[
            ("etcd", "go.etcd.io/etcd/server/v3"),
            ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
        ],
        linker: linker_flags(),
    };
    if let Some(folder) = std::env::var_os("KUBEBUILDER_ASSETS") {
        let folder = PathBuf::from(folder);
        assert!(
            module.is_complete(&folder),
            "`KUBEBUILDER_ASSETS` names `{}`, which lacks `etcd` or `kube-apiserver`",
            folder.display()
        );
        return Ok(folder);
    }
    let built = module.build();
    built.map_err(|reason| format!("`KUBEBUILDER_ASSETS` is not set, and {reason}"))
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
    fn linker_flags_set_the_required_version() {
        let flags = linker_flags();
        assert!(
            flags.ends_with("version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37"),
            "{flags}"
        );
    }
}
