//! Messages for the authors of manifests, as text and as JSON.

use serde::Serialize;
use smi_adapter::diagnostic::Severity;
use smi_adapter::object::ObjectRef;
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

/// A position in the input.
#[derive(Clone)]
pub(crate) struct Place {
    /// The path of the file; `-` is standard input.
    pub(crate) file: String,
    /// The number of the document in the file, from 1; `None` for the file as a whole.
    pub(crate) document: Option<usize>,
    /// The number of the item in the document, from 1, if the document is a list.
    pub(crate) item: Option<usize>,
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
        let Self { file, document, item } = self;
        write!(f, "({file}")?;
        if let Some(document) = document {
            write!(f, ", document {document}")?;
        }
        if let Some(item) = item {
            write!(f, ", item {item}")?;
        }
        f.write_str(")")
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
    file: Option<&'a str>,
    document: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
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
        let place = message.place.as_ref();
        let object = message.object.as_ref().map(|ObjectRef { kind, key }| JsonObject {
            kind: &kind.kind,
            namespace: &key.namespace,
            name: &key.name,
        });
        Self {
            severity: message.severity,
            code: message.code,
            file: place.map(|place| place.file.as_str()),
            document: place.and_then(|place| place.document),
            item: place.and_then(|place| place.item),
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
