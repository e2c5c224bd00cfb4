//! Messages for the authors of manifests, as text and as JSON.

use serde::Serialize;
use smi_adapter::diagnostic::Severity;
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

/// A position in the input. The path `-` is standard input.
pub(crate) enum Place {
    /// A file as a whole.
    File(String),
    /// A document in a file.
    Object(Origin),
}

/// One message.
pub(crate) struct Message {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    /// `None` for an assumed object and for the input as a whole.
    pub(crate) place: Option<Place>,
    /// `None` if the message is not about an object, or the object has no usable name.
    pub(crate) object: Option<ObjectRef>,
    pub(crate) field: FieldPath,
    pub(crate) text: String,
}

/// Writes `(canary.yaml, document 2)`.
impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "({file})"),
            Self::Object(origin) => write!(f, "({origin})"),
        }
    }
}

/// Writes `error[BackendMissing] TrafficSplit shop/web spec.backends[1].service (canary.yaml, document 2): …`.
impl Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.severity.fmt(f)?;
        if self.object.is_some() || self.place.is_some() {
            write!(f, "[{}]", self.code)?;
        }
        if let Some(object) = &self.object {
            write!(f, " {object}")?;
        }
        if !self.field.is_root() {
            write!(f, " {}", self.field)?;
        }
        if let Some(place) = &self.place {
            write!(f, " {place}")?;
        }
        write!(f, ": {}", self.text)
    }
}

/// The JSON form of a message.
#[derive(Serialize)]
struct Json<'a> {
    severity: Severity,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(flatten)]
    origin: Option<&'a Origin>,
    object: Option<JsonObject<'a>>,
    field: String,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonObject<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Json<'a> {
    fn new(message: &'a Message) -> Self {
        let (file, origin) = match &message.place {
            None => (None, None),
            Some(Place::File(file)) => (Some(file.as_str()), None),
            Some(Place::Object(origin)) => (None, Some(origin)),
        };
        let object = message.object.as_ref().map(|ObjectRef { kind, key }| JsonObject {
            kind: kind.name(),
            namespace: &key.namespace,
            name: &key.name,
        });
        Self {
            severity: message.severity,
            code: message.code,
            file,
            origin,
            object,
            field: message.field.to_string(),
            message: &message.text,
        }
    }
}

/// Writes every message.
pub(crate) fn write(messages: &[Message], format: Format, err: &mut dyn Write) -> io::Result<()> {
    for message in messages {
        match format {
            Format::Human => line(err, &message.to_string())?,
            Format::Json => writeln!(err, "{}", serde_json::to_string(&Json::new(message))?)?,
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
            let number = messages.iter().filter(|message| message.severity == severity).count();
            plural(number, severity.as_str())
        })
        .join(", ")
}

/// Returns `true` if any message is an error.
pub(crate) fn has_errors(messages: &[Message]) -> bool {
    messages.iter().any(|message| message.severity == Severity::Error)
}

/// Returns a number with its noun: `1 error`, `2 errors`.
pub(crate) fn plural(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
