//! Messages for the authors of manifests, as text and as JSON.

use serde::{Serialize, Serializer};
use smi_adapter::diagnostic::{Diagnostic, Severity};
use smi_adapter::object::{ObjectRef, Origin};
use smi_types::FieldPath;
use std::fmt::{self, Display};
use std::io::{self, Write};

/// The format of messages.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    /// One line of text per message.
    Human,
    /// One JSON object per line.
    Json,
}

/// One message. Serialises as its content.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Message {
    /// A diagnostic of the library.
    Diagnostic(Box<Diagnostic>),
    /// A message of the program itself.
    Note(Box<Note>),
}

/// A message about the input. Serialises like a diagnostic, without the fields that are not set.
#[derive(Serialize)]
pub(crate) struct Note {
    pub(crate) code: &'static str,
    pub(crate) severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<ObjectRef>,
    #[serde(skip_serializing_if = "FieldPath::is_root")]
    pub(crate) field: FieldPath,
    #[serde(rename = "message")]
    pub(crate) text: String,
    #[serde(flatten)]
    pub(crate) place: Place,
}

/// The part of the input that a note is about. The path `-` is standard input.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Place {
    /// The input as a whole.
    Everything {},
    /// A file as a whole.
    File { file: String },
    /// A document in a file.
    Document {
        #[serde(rename = "origins", serialize_with = "as_list")]
        origin: Origin,
    },
}

/// Serialises an origin as a list, like those of a diagnostic.
fn as_list<S: Serializer>(origin: &Origin, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq([origin])
}

impl Place {
    /// Returns the place of a document.
    pub(crate) fn of(origin: Option<Origin>) -> Self {
        origin.map_or(Self::Everything {}, |origin| Self::Document { origin })
    }
}

/// Writes ` (canary.yaml:12, document 2)`, or nothing for the input as a whole.
impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything {} => Ok(()),
            Self::File { file } => write!(f, " ({file})"),
            Self::Document { origin } => write!(f, " ({origin})"),
        }
    }
}

impl Note {
    /// Creates a note that is not about a certain object.
    pub(crate) fn new(severity: Severity, code: &'static str, place: Place, text: String) -> Self {
        Self {
            code,
            severity,
            object: None,
            field: FieldPath::root(),
            text,
            place,
        }
    }
}

impl From<Diagnostic> for Message {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Diagnostic(Box::new(diagnostic))
    }
}

impl From<Note> for Message {
    fn from(note: Note) -> Self {
        Self::Note(Box::new(note))
    }
}

impl Message {
    pub(crate) fn severity(&self) -> Severity {
        match self {
            Self::Diagnostic(diagnostic) => diagnostic.code.severity(),
            Self::Note(note) => note.severity,
        }
    }
}

/// Writes `error[BackendMissing] TrafficSplit shop/web spec.backends[1].service (canary.yaml:12, document 2): …`, with
/// every place of the object.
impl Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diagnostic(about) => {
                write!(f, "{}[{}] {}", about.code.severity(), about.code, about.object)?;
                write_field(&about.field, f)?;
                let places: Vec<String> = about.origins.iter().map(Origin::to_string).collect();
                if !places.is_empty() {
                    write!(f, " ({})", places.join("; "))?;
                }
                write!(f, ": {}", about.message)
            }
            Self::Note(note) => note.fmt(f),
        }
    }
}

/// Writes the note like a diagnostic. A note about the input as a whole has no code.
impl Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.severity.fmt(f)?;
        if self.object.is_some() || !matches!(self.place, Place::Everything {}) {
            write!(f, "[{}]", self.code)?;
        }
        if let Some(object) = &self.object {
            write!(f, " {object}")?;
        }
        write_field(&self.field, f)?;
        write!(f, "{}: {}", self.place, self.text)
    }
}

fn write_field(field: &FieldPath, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if field.is_root() {
        return Ok(());
    }
    write!(f, " {field}")
}

/// Writes every message.
pub(crate) fn write(messages: &[Message], format: Format, err: &mut dyn Write) -> io::Result<()> {
    for message in messages {
        match format {
            Format::Human => line(err, &message.to_string())?,
            Format::Json => writeln!(err, "{}", serde_json::to_string(message)?)?,
        }
    }
    Ok(())
}

/// Writes one line, and escapes control characters in it.
pub(crate) fn line(to: &mut dyn Write, text: &str) -> io::Result<()> {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    writeln!(to, "{safe}")
}

/// Counts the messages of each severity: `1 error, 2 warnings, 4 infos`.
pub(crate) fn count(messages: &[Message]) -> String {
    [Severity::Error, Severity::Warning, Severity::Info]
        .map(|severity| {
            let number = messages.iter().filter(|message| message.severity() == severity).count();
            plural(number, severity.as_str())
        })
        .join(", ")
}

/// Returns `true` if any message is an error.
pub(crate) fn has_errors(messages: &[Message]) -> bool {
    messages.iter().any(|message| message.severity() == Severity::Error)
}

/// Returns a number with its noun: `1 error`, `2 errors`.
pub(crate) fn plural(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
