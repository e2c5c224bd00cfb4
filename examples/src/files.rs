//! Search for manifests in files and folders.

use crate::Stop;
use crate::input::unreadable;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Returns a file on the command line itself, or the manifests in a folder and its subfolders, sorted.
pub(crate) fn manifests(path: &Path) -> Result<Vec<PathBuf>, Stop> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path.as_os_str(), &error))?;
    if metadata.is_dir() {
        below(path)
    } else {
        Ok(vec![path.into()])
    }
}

/// Returns the manifests in a folder and its subfolders, sorted. Links to folders could form cycles, so they are not
/// followed. Hidden entries are left out: in a mounted `ConfigMap` they hold the content to which its links lead.
fn below(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let mut found = Vec::new();
    for name in names(folder).map_err(|error| unreadable(folder.as_os_str(), &error))? {
        let path = folder.join(name);
        let failed = |error: io::Error| unreadable(path.as_os_str(), &error);
        let metadata = fs::symlink_metadata(&path).map_err(failed)?;
        if metadata.is_dir() {
            found.extend(below(&path)?);
        } else if is_manifest(&path) && !(metadata.is_symlink() && path.is_dir()) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Returns the names of the entries of a folder that are not hidden, sorted.
fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let entries = fs::read_dir(folder)?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<OsString> = names.collect::<io::Result<_>>()?;
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort();
    Ok(names)
}

fn is_manifest(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| ["yaml", "yml", "json"].contains(&ending))
}

/// The files that were read already.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<PathBuf>);

impl Seen {
    /// Returns `true` if neither this file nor a link to it was read before. A path that leads to no file, such as that
    /// of a pipe, is always new.
    pub(crate) fn is_new(&mut self, path: &Path) -> bool {
        fs::canonicalize(path).map_or(true, |file| self.0.insert(file))
    }
}
