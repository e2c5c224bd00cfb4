//! From files to a snapshot that remembers where everything was read.

use crate::Stop;
use crate::options::Options;
use crate::report::{Message, Place};
use smi_adapter::assume::{assume_services, assume_workloads};
use smi_adapter::diagnostic::{Code, Diagnostic, Severity};
use smi_adapter::object::ObjectRef;
use smi_adapter::snapshot::{Snapshot, SnapshotBuilder};
use smi_adapter::yaml::{self, Content, ReadError};
use smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Everything that was read.
#[derive(Default)]
pub(crate) struct Input {
    pub(crate) snapshot: Snapshot,
    /// What is wrong with the text itself.
    pub(crate) messages: Vec<Message>,
    /// The services and workloads that were assumed.
    pub(crate) assumed: Vec<Diagnostic>,
    /// How many objects of other kinds there are.
    others: BTreeMap<String, usize>,
    /// Where each object was read first.
    places: BTreeMap<ObjectRef, Place>,
    /// Objects of which a message says why they could not be read.
    misread: BTreeSet<(ObjectRef, Code)>,
}

impl Input {
    /// Reads all files, in order. Whatever is wrong with one of them, the others count.
    pub(crate) fn read(options: &Options, stdin: &mut dyn Read) -> Result<Self, Stop> {
        let mut input = Self::default();
        let mut world = SnapshotBuilder::default();
        for file in &options.files {
            if file == "-" {
                let mut bytes = Vec::new();
                stdin
                    .read_to_end(&mut bytes)
                    .map_err(|error| unreadable(file, &error))?;
                input.text(file, bytes, options, &mut world);
                continue;
            }
            let files = manifests(Path::new(file), Chosen::ByUser)?;
            if files.is_empty() {
                let text = "the folder holds no .yaml, .yml or .json file".into();
                let place = Place::of(file, None, None);
                input.unreadable(Severity::Warning, "NoManifests", place, text);
            }
            for path in files {
                let bytes = fs::read(&path).map_err(|error| unreadable(path.as_os_str(), &error))?;
                input.text(path.as_os_str(), bytes, options, &mut world);
            }
        }
        if input.places.is_empty() && input.others.is_empty() && !crate::report::has_errors(&input.messages) {
            let files: Vec<_> = options.files.iter().map(|file| file.to_string_lossy()).collect();
            let reason = format!("no input: there is no object in `{}`", files.join("`, `"));
            return Err(Stop::Refused(reason));
        }
        input.snapshot = world.build();
        for namespace in &options.enforced {
            input.snapshot.insert_enforced(namespace);
        }
        input.assumed = assume_services(&mut input.snapshot, &options.settings, &options.assume_ports);
        if options.assume_workloads {
            let workloads = assume_workloads(&mut input.snapshot, &options.settings, &options.assume_ports);
            input.assumed.extend(workloads);
        }
        Ok(input)
    }

    /// Adds the objects of one text to `world`.
    fn text(&mut self, file: &OsStr, bytes: Vec<u8>, options: &Options, world: &mut SnapshotBuilder) {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to() + 1;
                let text = format!("the file is no UTF-8 text, from byte {at} on; none of it is read");
                self.unreadable(Severity::Error, "Unparsable", Place::of(file, None, None), text);
                return;
            }
        };
        for document in yaml::read(&text, &options.namespace) {
            let place = Place::of(file, Some(document.number), document.item);
            match &document.content {
                Ok(Content::Other { kind, .. }) => *self.others.entry(kind.clone()).or_default() += 1,
                Ok(_) => {}
                Err(error) => self.read_error(error, place.clone()),
            }
            // An error that names no object was told just now.
            if let Ok(Some(object)) = document.add_to(world) {
                self.places.entry(object).or_insert(place);
            }
        }
    }

    /// Tells why an object could not be read, where that is so: a plan could name the first place only.
    fn read_error(&mut self, error: &ReadError, place: Place) {
        if let Some(object) = error.object() {
            self.misread.insert((object.clone(), error.code()));
        }
        self.messages.push(Message {
            severity: error.code().severity(),
            code: error.code().as_str(),
            place: Some(place),
            object: error.object().cloned(),
            field: error.field().clone(),
            text: error.message().to_owned(),
        });
    }

    fn unreadable(&mut self, severity: Severity, code: &'static str, place: Place, text: String) {
        self.messages.push(Message {
            severity,
            code,
            place: Some(place),
            object: None,
            field: FieldPath::root(),
            text,
        });
    }

    /// Says where the objects of these diagnostics were read. That an object could not be read was said before,
    /// at every place where that is so.
    pub(crate) fn locate(&self, diagnostics: impl IntoIterator<Item = Diagnostic>) -> impl Iterator<Item = Message> {
        let told = |diagnostic: &Diagnostic| self.misread.contains(&(diagnostic.object.clone(), diagnostic.code));
        let news = diagnostics.into_iter().filter(move |diagnostic| !told(diagnostic));
        news.map(|diagnostic| Message {
            severity: diagnostic.code.severity(),
            code: diagnostic.code.as_str(),
            place: self.places.get(&diagnostic.object).cloned(),
            object: Some(diagnostic.object),
            field: diagnostic.field,
            text: diagnostic.message,
        })
    }

    /// Says which objects have no part in this, so that nobody waits for them in vain.
    pub(crate) fn left_alone(&self) -> Option<Message> {
        let kinds: Vec<String> = self
            .others
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        let text = format!(
            "left alone, as they have no part in what SMI objects mean here: {}",
            kinds.join(", ")
        );
        (!kinds.is_empty()).then(|| Message {
            severity: Severity::Info,
            code: "LeftAlone",
            place: None,
            object: None,
            field: FieldPath::root(),
            text,
        })
    }
}

impl Place {
    fn of(file: &OsStr, document: Option<usize>, item: Option<usize>) -> Self {
        Self {
            file: file.to_string_lossy().into_owned(),
            document,
            item,
        }
    }
}

/// Why a file is read.
#[derive(Clone, Copy)]
enum Chosen {
    /// It was named.
    ByUser,
    /// It is in a folder and is called like a manifest.
    ByEnding,
}

/// A file itself, or the manifests of a folder and the folders in it, sorted.
fn manifests(path: &Path, chosen: Chosen) -> Result<Vec<PathBuf>, Stop> {
    let failed = |error: io::Error| unreadable(path.as_os_str(), &error);
    // Only what the user names may be a link to a folder: others could lead in circles.
    let metadata = match chosen {
        Chosen::ByUser => fs::metadata(path),
        Chosen::ByEnding => fs::symlink_metadata(path),
    };
    if !metadata.map_err(failed)?.is_dir() {
        let has_ending = path
            .extension()
            .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known));
        let taken = matches!(chosen, Chosen::ByUser) || has_ending;
        return Ok(if taken { vec![path.into()] } else { Vec::new() });
    }
    let entries = fs::read_dir(path).map_err(failed)?;
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<OsString>>>()
        .map_err(failed)?;
    names.sort();
    let mut found = Vec::new();
    for name in names {
        found.extend(manifests(&path.join(name), Chosen::ByEnding)?);
    }
    Ok(found)
}

/// A file cannot be read.
pub(crate) fn unreadable(file: &OsStr, why: &dyn Display) -> Stop {
    Stop::Refused(format!("cannot read `{}`: {why}", file.to_string_lossy()))
}
