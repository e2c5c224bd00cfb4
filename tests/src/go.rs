//! Programs in Go that tests need, built once into the target folder.

#![expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest minor version of Go 1 that builds the modules.
const OLDEST_GO: u32 = 26;

/// A Go module in this crate.
#[derive(Debug)]
pub(crate) struct Module<'a> {
    /// The name of its folder, here and in the target folder.
    pub(crate) name: &'a str,
    /// The text of all of its files. A change builds it again.
    pub(crate) sources: &'a [&'a str],
    /// The names of the programs, and their packages.
    pub(crate) programs: &'a [(&'a str, &'a str)],
    /// The flags of the linker.
    pub(crate) linker: String,
}

impl Module<'_> {
    /// Builds the programs, unless they were built before, and returns their folder. Returns the reason if that is
    /// impossible here.
    pub(crate) fn build(&self) -> Result<PathBuf, String> {
        let go = go_version().ok_or("Go is not installed")?;
        if minor(&go).is_none_or(|minor| minor < OLDEST_GO) {
            return Err(format!("{go} is older than go1.{OLDEST_GO}"));
        }
        let folder = in_target(self.name);
        self.build_into(&folder);
        Ok(folder)
    }

    /// Returns `true` if a folder contains all programs.
    pub(crate) fn is_complete(&self, folder: &Path) -> bool {
        self.programs.iter().all(|(name, _)| folder.join(name).is_file())
    }

    /// Builds the programs, unless these sources were built before. Concurrent builds wait for each other.
    fn build_into(&self, folder: &Path) {
        let _lock = locked(folder);
        let stamp = folder.join("stamp");
        let wanted = format!("{}\n{}", self.linker, self.sources.join("\n"));
        if self.is_complete(folder) && fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
            return;
        }
        for (name, package) in self.programs {
            crate::print_now(&format!(
                "building {name} once; this takes minutes if the build cache of Go is empty"
            ));
            let status = Command::new("go")
                .args(["build", "-C"])
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(self.name))
                .args(["-mod=readonly", "-ldflags", &self.linker, "-o"])
                .arg(folder.join(name))
                .arg(package)
                .env("GOWORK", "off")
                .status()
                .expect("Go is installed");
            assert!(status.success(), "go build {package} failed");
        }
        fs::write(stamp, wanted).expect("the target folder is writable");
    }
}

/// Returns a folder in cargo's target folder.
pub(crate) fn in_target(name: &str) -> PathBuf {
    // Cargo runs tests from `<target>/<profile>/deps`.
    let test = std::env::current_exe().expect("the test has a path");
    let target = test.ancestors().nth(3).expect("tests are in a target folder");
    target.join(name)
}

/// Creates a folder and locks it, until the file is dropped. Other tests wait.
pub(crate) fn locked(folder: &Path) -> File {
    fs::create_dir_all(folder).expect("the target folder is writable");
    let lock = File::create(folder.join("lock")).expect("the target folder is writable");
    lock.lock().expect("the file can be locked");
    lock
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
}
