//! Events: what became of an SMI object, for `kubectl describe`.

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use smi_adapter::diagnostic::{Diagnostic, Severity};
use smi_adapter::object::{ObjectRef, Origin, content_hash};

/// The longest note that an API server accepts, in bytes.
const MAX_NOTE: usize = 1024;
/// The longest name of a reporting instance, in bytes.
const MAX_INSTANCE: usize = 128;
/// The reason of the Event that says that nothing is wrong any more.
const IN_FORCE: &str = "InForce";

/// The author of Events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reporter {
    /// The name of the controller, a qualified name such as `example.com/my-operator`.
    pub controller: String,
    /// The instance, such as the name of its pod. It is shortened to 128 bytes.
    pub instance: String,
}

/// The SMI object that an Event is about, as the API server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The object.
    pub object: ObjectRef,
    /// The version in which it was read, such as `split.smi-spec.io/v1alpha2`.
    pub api_version: String,
    /// Its UID.
    pub uid: String,
}

impl Subject {
    /// Returns the subject of a diagnostic, from its [origins](Diagnostic::origins). Returns `None` if the object was
    /// not read from an API server.
    #[must_use]
    pub fn of(diagnostic: &Diagnostic) -> Option<Self> {
        diagnostic.origins.iter().find_map(|origin| match origin {
            Origin::Cluster { api_version, uid, .. } => Some(Self {
                object: diagnostic.object.clone(),
                api_version: api_version.clone(),
                uid: uid.clone(),
            }),
            _ => None,
        })
    }
}

impl Reporter {
    /// Returns the Event that reports a diagnostic at a time.
    ///
    /// Its reason is the code, and its type is `Warning` for warnings and errors. Its note is the field and the message,
    /// at most 1,024 bytes. Equal diagnostics of an object give Events of the same name: where an Event exists already,
    /// the diagnostic has been reported before.
    #[must_use]
    pub fn event(&self, subject: &Subject, diagnostic: &Diagnostic, time: Timestamp) -> Event {
        let type_ = match diagnostic.code.severity() {
            Severity::Info => "Normal",
            _ => "Warning",
        };
        self.write(subject, diagnostic.code.as_str(), type_, &located(diagnostic), time)
    }

    /// Returns the Event that reports that the whole object is in force.
    #[must_use]
    pub fn in_force(&self, subject: &Subject, time: Timestamp) -> Event {
        self.write(subject, IN_FORCE, "Normal", "the object is in force", time)
    }

    fn write(&self, subject: &Subject, reason: &str, type_: &str, note: &str, time: Timestamp) -> Event {
        let Subject {
            object,
            api_version,
            uid,
        } = subject;
        let key = &object.key;
        let identity = content_hash(&format!("{uid}\0{reason}\0{note}"));
        Event {
            metadata: ObjectMeta {
                // The name of the object is no longer than that of an Event may be.
                name: Some(format!(
                    "{}.{identity}",
                    shortened(&key.name, 200).trim_end_matches(['-', '.'])
                )),
                namespace: Some(key.namespace.to_string()),
                ..ObjectMeta::default()
            },
            action: Some("Reconcile".to_owned()),
            event_time: Some(MicroTime(time)),
            note: Some(note_of(note)),
            reason: Some(reason.to_owned()),
            regarding: Some(ObjectReference {
                api_version: Some(api_version.clone()),
                kind: Some(object.kind.name().to_owned()),
                name: Some(key.name.to_string()),
                namespace: Some(key.namespace.to_string()),
                uid: Some(uid.clone()),
                ..ObjectReference::default()
            }),
            reporting_controller: Some(self.controller.clone()),
            reporting_instance: Some(shortened(&self.instance, MAX_INSTANCE).to_owned()),
            type_: Some(type_.to_owned()),
            ..Event::default()
        }
    }
}

/// Returns the message of a diagnostic, after its field.
pub(crate) fn located(diagnostic: &Diagnostic) -> String {
    if diagnostic.field.is_root() {
        return diagnostic.message.clone();
    }
    format!("{}: {}", diagnostic.field, diagnostic.message)
}

/// Returns the beginning of a text, at most this number of bytes.
fn shortened(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Returns a note that an API server accepts; one that is cut ends with an ellipsis.
fn note_of(text: &str) -> String {
    if text.len() <= MAX_NOTE {
        return text.to_owned();
    }
    format!("{}…", shortened(text, MAX_NOTE - '…'.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::diagnostic::Code;
    use smi_adapter::object::ObjectKey;

    fn subject(name: &str) -> Subject {
        Subject {
            object: ObjectRef::split(ObjectKey::new("shop", name)),
            api_version: "split.smi-spec.io/v1alpha2".to_owned(),
            uid: "u".to_owned(),
        }
    }

    fn event(name: &str, code: Code, message: &str) -> Event {
        let reporter = Reporter {
            controller: "smi-adapter.dev/test".to_owned(),
            instance: "ä".repeat(100),
        };
        let subject = subject(name);
        let diagnostic = Diagnostic::new(code, subject.object.clone(), "spec.service".into(), message);
        reporter.event(&subject, &diagnostic, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_event_tells_code_field_and_message() {
        let event = event("canary", Code::RootUnusable, "`web` is not known");
        assert_eq!(event.reason.as_deref(), Some("RootUnusable"));
        assert_eq!(event.type_.as_deref(), Some("Warning"));
        assert_eq!(event.note.as_deref(), Some("spec.service: `web` is not known"));
        let regarding = event.regarding.unwrap();
        assert_eq!(regarding.api_version.as_deref(), Some("split.smi-spec.io/v1alpha2"));
        assert_eq!(regarding.uid.as_deref(), Some("u"));
    }

    #[test]
    fn facts_are_normal() {
        assert_eq!(
            event("canary", Code::SelfReference, "m").type_.as_deref(),
            Some("Normal")
        );
    }

    #[test]
    fn equal_diagnostics_have_one_event() {
        let name = |message| event("canary", Code::RootUnusable, message).metadata.name;
        assert_eq!(name("a"), name("a"));
        assert_ne!(name("a"), name("b"));
    }

    #[test]
    fn an_event_fits_the_limits_of_a_server() {
        let event = event(&format!("{}.b", "a".repeat(199)), Code::RootUnusable, &"ä".repeat(2000));
        let note = event.note.unwrap();
        assert!(note.len() <= MAX_NOTE && note.ends_with("ä…"));
        assert!(event.reporting_instance.unwrap().len() <= MAX_INSTANCE);
        let name = event.metadata.name.unwrap();
        assert!(smi_adapter::object::is_dns_subdomain(&name), "{name}");
    }
}
