//! Words for the users of the programs, in addition to those of the library.

use crate::report::Message;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::snapshot::Snapshot;
use std::collections::BTreeMap;

/// Adds the option that assumes what is missing in the input. In a cluster, the missing object may exist.
pub(crate) fn with_option(mut diagnostic: Diagnostic, snapshot: &Snapshot) -> Diagnostic {
    let is_missing = |object: &ObjectRef| object.kind == Kind::Service && snapshot.service(&object.key).is_none();
    let option = match diagnostic.code {
        Code::RootUnusable | Code::BackendMissing if diagnostic.other.as_ref().is_some_and(is_missing) => {
            "if the cluster has this service, add it to the input, or let `--assume-ports` assume it"
        }
        Code::NoDestinationWorkload => {
            "if the cluster has one, add it to the input, or let `--assume-workloads` assume it"
        }
        _ => return diagnostic,
    };
    diagnostic.message = format!("{}; {option}", diagnostic.message);
    diagnostic
}

/// Keeps one of the messages that say the same about several namespaces, with their number.
pub(crate) fn once_for_all_namespaces(messages: Vec<Message>) -> Vec<Message> {
    let mut counts: BTreeMap<(Code, String), usize> = BTreeMap::new();
    for key in messages.iter().filter_map(about_a_namespace) {
        *counts.entry(key).or_default() += 1;
    }
    let mut kept = Vec::new();
    for mut message in messages {
        if let Some(key) = about_a_namespace(&message) {
            // The first one takes the number.
            let Some(count) = counts.remove(&key) else { continue };
            if let (Message::Diagnostic(diagnostic), 2..) = (&mut message, count) {
                let more = crate::report::plural(count - 1, "more namespace");
                diagnostic.message = format!("{}; the same holds for {more}", diagnostic.message);
            }
        }
        kept.push(message);
    }
    kept
}

/// Returns the code and the text of a diagnostic on a whole namespace.
fn about_a_namespace(message: &Message) -> Option<(Code, String)> {
    let Message::Diagnostic(diagnostic) = message else {
        return None;
    };
    let is_whole = diagnostic.object.kind == Kind::Namespace && diagnostic.field.is_root();
    is_whole.then(|| (diagnostic.code, diagnostic.message.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::object::ObjectKey;
    use smi_adapter::smi_types::FieldPath;

    fn about(object: ObjectRef, message: &str) -> Message {
        Diagnostic::new(Code::NotEnforced, object, FieldPath::root(), message).into()
    }

    #[test]
    fn repeats_no_message_about_namespaces() {
        let pod = || ObjectRef::new(Kind::Pod, ObjectKey::new("a", "x"));
        let messages = vec![
            about(ObjectRef::namespace("a"), "no UDP"),
            about(ObjectRef::namespace("a"), "alone"),
            about(pod(), "no UDP"),
            about(ObjectRef::namespace("b"), "no UDP"),
            about(ObjectRef::namespace("c"), "no UDP"),
        ];
        let texts: Vec<String> = once_for_all_namespaces(messages)
            .iter()
            .map(Message::to_string)
            .collect();
        assert_eq!(
            texts,
            [
                "warning[NotEnforced] Namespace a: no UDP; the same holds for 2 more namespaces",
                "warning[NotEnforced] Namespace a: alone",
                "warning[NotEnforced] Pod a/x: no UDP",
            ]
        );
    }
}
