//! Input: reads files into a snapshot, and remembers the position of every object.

use crate::Stop;
use crate::files::{Seen, manifests};
use crate::natives::Natives;
use crate::options::Options;
use crate::report::{Message, Note, Place};
use crate::wording;
use smi_adapter::assume::{assume_services, assume_workloads};
use smi_adapter::diagnostic::{Code, Diagnostic, Severity};
use smi_adapter::object::{ObjectRef, Origin};
use smi_adapter::snapshot::{Snapshot, SnapshotBuilder};
use smi_adapter::yaml::{self, Content, ReadError};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Display;
use std::fs;
use std::io::Read;
use std::path::Path;

/// The content of all input files.
#[derive(Default)]
pub(crate) struct Input {
    pub(crate) snapshot: Snapshot,
    /// Messages about the text itself.
    pub(crate) messages: Vec<Message>,
    /// Diagnostics about services and workloads that are assumed to exist.
    pub(crate) assumed: Vec<Diagnostic>,
    /// Objects of all other kinds.
    pub(crate) natives: Natives,
    /// `true` if there is an object in the snapshot.
    has_objects: bool,
    /// Unreadable objects that `messages` already reports.
    unreadable: BTreeSet<(ObjectRef, Code)>,
}

impl Input {
    /// Reads all files, in order, each of them once. An error in the content of one file does not affect the others.
    pub(crate) fn read(options: &Options, stdin: &mut dyn Read) -> Result<Self, Stop> {
        let mut input = Self::default();
        let mut world = SnapshotBuilder::default();
        let mut seen = Seen::default();
        for file in &options.files {
            if file == "-" {
                let mut bytes = Vec::new();
                stdin
                    .read_to_end(&mut bytes)
                    .map_err(|error| unreadable(file, &error))?;
                input.add_file(file, bytes, options, &mut world);
                continue;
            }
            let files = manifests(Path::new(file))?;
            if files.is_empty() {
                let text = "the folder contains no `.yaml`, `.yml` or `.json` file".into();
                input.report_file(Severity::Warning, "NoManifests", file, text);
            }
            for path in files.into_iter().filter(|path| seen.is_new(path)) {
                let bytes = fs::read(&path).map_err(|error| unreadable(path.as_os_str(), &error))?;
                input.add_file(path.as_os_str(), bytes, options, &mut world);
            }
        }
        if !input.has_objects && input.natives.is_empty() && !crate::report::has_errors(&input.messages) {
            let files: Vec<_> = options.files.iter().map(|file| file.to_string_lossy()).collect();
            let reason = format!("no input: there are no objects in `{}`", files.join("`, `"));
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

    /// Adds the objects of one file to `world`.
    fn add_file(&mut self, file: &OsStr, bytes: Vec<u8>, options: &Options, world: &mut SnapshotBuilder) {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to() + 1;
                let text = format!("the file is not valid UTF-8 at byte {at}, so it is ignored");
                self.report_file(Severity::Error, "Unparsable", file, text);
                return;
            }
        };
        let file = file.to_string_lossy();
        for document in yaml::read(&text, &options.namespace) {
            let origin = document.origin(Some(&file));
            match &document.content {
                Ok(Content::Native(object)) => self.natives.push((**object).clone(), origin),
                Ok(_) => {}
                Err(error) => self.report_error(error, origin),
            }
            // An error was reported above.
            if let Ok(Some(_)) = document.add_from(Some(&file), world) {
                self.has_objects = true;
            }
        }
    }

    /// Reports an unreadable object at this position. The diagnostics of a plan could name only its first position.
    fn report_error(&mut self, error: &ReadError, origin: Option<Origin>) {
        let message = if let Some(diagnostic) = error.diagnostic() {
            self.unreadable.insert((diagnostic.object.clone(), diagnostic.code));
            let mut diagnostic = diagnostic.clone();
            diagnostic.origins = origin.into_iter().collect();
            Message::from(diagnostic)
        } else {
            let (code, text) = (error.code(), error.message().to_owned());
            Message::from(Note {
                field: error.field().clone(),
                ..Note::new(code.severity(), code.as_str(), Place::of(origin), text)
            })
        };
        self.messages.push(message);
    }

    fn report_file(&mut self, severity: Severity, code: &'static str, file: &OsStr, text: String) {
        let file = file.to_string_lossy().into_owned();
        let note = Note::new(severity, code, Place::File { file }, text);
        self.messages.push(note.into());
    }

    /// Returns diagnostics as messages, without those of unreadable objects, which are already reported at every position.
    pub(crate) fn unreported(
        &self,
        diagnostics: impl IntoIterator<Item = Diagnostic>,
    ) -> impl Iterator<Item = Message> {
        let is_reported =
            |diagnostic: &Diagnostic| self.unreadable.contains(&(diagnostic.object.clone(), diagnostic.code));
        let unreported = diagnostics
            .into_iter()
            .filter(move |diagnostic| !is_reported(diagnostic));
        unreported.map(|diagnostic| wording::with_option(diagnostic, &self.snapshot).into())
    }
}

/// Returns the error of a file that cannot be read.
pub(crate) fn unreadable(file: &OsStr, why: &dyn Display) -> Stop {
    Stop::Refused(format!("cannot read `{}`: {why}", file.to_string_lossy()))
}
