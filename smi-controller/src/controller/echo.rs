//! The own writes that the watches have not reported yet.
//!
//! A watch lags behind: after a write it may still report an earlier state. The answer to a write stands until the watch
//! has reached it, so that no object is written twice.

use crate::mirror::{Seen, Watched};
use crate::watch::Report;
use serde_json::Value;
use smi_adapter::engine::Edit;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectRef;
use std::collections::BTreeMap;

/// The own writes that the watches have not reported yet, and those that the server has not answered yet.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    expected: BTreeMap<ObjectRef, Echo>,
    sent: BTreeMap<ObjectRef, Sent>,
}

/// The latest report of the watches on an object since a write of it was sent.
#[derive(Debug, Default)]
struct Sent {
    /// The latest version.
    version: u64,
    /// The UID of the object, if it existed.
    uid: Option<String>,
}

#[derive(Debug)]
enum Echo {
    /// The object as it was stored, and its version.
    Stored(Box<NativeObject>, u64),
    /// The object with this UID was deleted.
    Deleted(String),
}

impl Echoes {
    /// Notes that a write of an object is sent.
    pub(super) fn sent(&mut self, object: ObjectRef) {
        self.sent.insert(object, Sent::default());
    }

    /// Returns `true` if the watches have reported that an object exists since a write of it was sent.
    pub(super) fn has_seen(&self, object: &ObjectRef) -> bool {
        self.sent.get(object).is_some_and(|sent| sent.uid.is_some())
    }

    /// Notes that the server has answered without the state of the object.
    pub(super) fn unanswered(&mut self, object: &ObjectRef) {
        self.sent.remove(object);
    }

    /// Notes that the server has answered with the state of an object. Returns `false` if the watches have already
    /// reported a later one.
    pub(super) fn stored(&mut self, object: &NativeObject) -> bool {
        let name = object.reference();
        let sent = self.sent.remove(&name).unwrap_or_default();
        // A version that is not a number cannot be compared, so nothing is expected then.
        let Some(version) = object.metadata.resource_version.as_deref().and_then(number) else {
            self.expected.remove(&name);
            return true;
        };
        if sent.version >= version {
            return sent.version == version;
        }
        self.expected
            .insert(name, Echo::Stored(Box::new(object.clone()), version));
        true
    }

    /// Notes that an object with a UID was deleted. Returns `false` if the watches have already reported another object
    /// of this name.
    pub(super) fn deleted(&mut self, object: &ObjectRef, uid: Option<&str>) -> bool {
        let sent = self.sent.remove(object).unwrap_or_default();
        let is_other = sent.uid.as_deref().is_some_and(|seen| Some(seen) != uid);
        let is_reported = sent.version > 0 && sent.uid.is_none();
        match uid.filter(|_| !is_other && !is_reported) {
            Some(uid) => self.expected.insert(object.clone(), Echo::Deleted(uid.to_owned())),
            None => self.expected.remove(object),
        };
        !is_other
    }

    /// Notes that an object does not exist. Returns `false` if the watches have reported it since: they will also report
    /// that it is gone.
    pub(super) fn absent(&mut self, object: &ObjectRef) -> bool {
        let sent = self.sent.remove(object).unwrap_or_default();
        sent.uid.is_none()
    }

    /// Corrects a report of a watch. Returns `false` if it predates an own write and must be dropped.
    pub(super) fn correct(&mut self, watched: &Watched, report: &mut Report<Seen>) -> bool {
        match report {
            Report::Applied(seen) => {
                self.see(seen, false);
                self.is_new(seen, false)
            }
            Report::Deleted(seen) => {
                self.see(seen, true);
                self.is_new(seen, true)
            }
            Report::Listed(list, version) => {
                let version = number(version).unwrap_or(u64::MAX);
                for (_, sent) in self.sent.iter_mut().filter(|(name, _)| watched.contains(name)) {
                    *sent = Sent { version, uid: None };
                }
                for seen in list.iter() {
                    if let Some(sent) = self.sent.get_mut(&seen.object) {
                        sent.uid = Some(seen.uid.clone());
                    }
                }
                self.complete(watched, list, version);
                true
            }
            Report::Resumed | Report::Failed(_) => true,
        }
    }

    /// Notes an event on an object that a write was sent for.
    fn see(&mut self, seen: &Seen, is_deletion: bool) {
        if let Some(sent) = self.sent.get_mut(&seen.object) {
            sent.version = sent.version.max(number(&seen.version).unwrap_or(0));
            sent.uid = (!is_deletion).then(|| seen.uid.clone());
        }
    }

    /// Returns `true` if an event is not older than the own write of its object, which then is no longer expected.
    fn is_new(&mut self, seen: &Seen, is_deletion: bool) -> bool {
        let is_new = match self.expected.get(&seen.object) {
            None => return true,
            Some(Echo::Stored(_, version)) => number(&seen.version).is_none_or(|reached| reached >= *version),
            Some(Echo::Deleted(uid)) => is_deletion || *uid != seen.uid,
        };
        if is_new {
            self.expected.remove(&seen.object);
        }
        is_new
    }

    /// Brings a list up to date with the own writes since `version`.
    fn complete(&mut self, watched: &Watched, list: &mut Vec<Seen>, version: u64) {
        self.expected.retain(|name, echo| match echo {
            Echo::Stored(_, stored) => !watched.contains(name) || *stored > version,
            Echo::Deleted(uid) => !watched.contains(name) || list.iter().any(|seen| seen.uid == *uid),
        });
        if self.expected.is_empty() {
            return;
        }
        list.retain(|seen| !self.expected.contains_key(&seen.object));
        for (name, echo) in self.expected.iter().filter(|(name, _)| watched.contains(name)) {
            if let Echo::Stored(object, version) = echo {
                list.push(Seen {
                    object: name.clone(),
                    uid: object.metadata.uid.clone().unwrap_or_default(),
                    version: version.to_string(),
                    generation: object.metadata.generation,
                    status: Value::Null.into(),
                    edit: Edit::Native(object.clone()),
                });
            }
        }
    }
}

/// Returns a version of an API server as a number, as which versions of one kind can be compared.
fn number(version: impl AsRef<str>) -> Option<u64> {
    version.as_ref().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use smi_adapter::object::{Kind, ObjectKey};

    const KIND: Kind = Kind::new(&["toy.example.com", "v1", "Shares", "shares"]);

    fn everywhere() -> Watched {
        Watched {
            kind: KIND,
            namespace: None,
        }
    }

    fn object(uid: &str, version: u64) -> NativeObject {
        let metadata = json!({"name": "web", "namespace": "shop", "uid": uid, "resourceVersion": version.to_string()});
        NativeObject {
            kind: KIND,
            metadata: serde_json::from_value(metadata).unwrap(),
            spec: json!({}).into(),
        }
    }

    fn seen(uid: &str, version: u64) -> Seen {
        Seen {
            object: ObjectRef::new(KIND, ObjectKey::new("shop", "web")),
            uid: uid.to_owned(),
            version: version.to_string(),
            generation: None,
            status: Value::Null.into(),
            edit: object(uid, version).into(),
        }
    }

    /// Returns the versions in a list of version `version` after its correction.
    fn listed(echoes: &mut Echoes, list: Vec<Seen>, version: u64) -> Vec<String> {
        let mut report = Report::Listed(list, version.to_string());
        assert!(echoes.correct(&everywhere(), &mut report));
        let Report::Listed(list, _) = report else { panic!() };
        list.into_iter().map(|seen| seen.version).collect()
    }

    #[test]
    fn drops_events_from_before_a_write() {
        let mut echoes = Echoes::default();
        echoes.stored(&object("a", 10));
        assert!(!echoes.correct(&everywhere(), &mut Report::Applied(seen("a", 9))));
        // The deletion of the former object of this name.
        assert!(!echoes.correct(&everywhere(), &mut Report::Deleted(seen("b", 8))));
        assert!(echoes.correct(&everywhere(), &mut Report::Applied(seen("a", 10))));
        assert!(echoes.expected.is_empty());
        assert!(echoes.correct(&everywhere(), &mut Report::Applied(seen("a", 9))));
    }

    #[test]
    fn drops_events_from_before_a_deletion() {
        let mut echoes = Echoes::default();
        echoes.deleted(&seen("a", 0).object, Some("a"));
        assert!(!echoes.correct(&everywhere(), &mut Report::Applied(seen("a", 9))));
        assert!(echoes.correct(&everywhere(), &mut Report::Deleted(seen("a", 11))));
        assert!(echoes.expected.is_empty());
        echoes.deleted(&seen("a", 0).object, Some("a"));
        assert!(echoes.correct(&everywhere(), &mut Report::Applied(seen("b", 12))));
    }

    #[test]
    fn a_list_contains_later_writes() {
        let mut echoes = Echoes::default();
        echoes.stored(&object("a", 10));
        assert_eq!(listed(&mut echoes, Vec::new(), 9), ["10"]);
        assert_eq!(listed(&mut echoes, vec![seen("a", 8)], 9), ["10"]);
        // Another client deleted it after the write.
        assert_eq!(listed(&mut echoes, Vec::new(), 12), [""; 0]);
        assert!(echoes.expected.is_empty());
        echoes.deleted(&seen("a", 0).object, Some("a"));
        assert_eq!(listed(&mut echoes, vec![seen("a", 8)], 9), [""; 0]);
        assert_eq!(listed(&mut echoes, vec![seen("b", 13)], 14), ["13"]);
    }

    #[test]
    fn an_answer_that_is_older_than_an_event_does_not_count() {
        let mut echoes = Echoes::default();
        let name = seen("a", 0).object;
        echoes.sent(name.clone());
        echoes.correct(&everywhere(), &mut Report::Applied(seen("a", 10)));
        echoes.correct(&everywhere(), &mut Report::Applied(seen("a", 11)));
        assert!(!echoes.stored(&object("a", 10)));
        assert!(echoes.expected.is_empty());
        // A list without the object is later than its creation.
        echoes.sent(name.clone());
        listed(&mut echoes, Vec::new(), 15);
        assert!(!echoes.stored(&object("a", 14)));
        // It was deleted, and another one was created.
        echoes.sent(name.clone());
        echoes.correct(&everywhere(), &mut Report::Deleted(seen("a", 20)));
        echoes.correct(&everywhere(), &mut Report::Applied(seen("b", 21)));
        assert!(!echoes.deleted(&name, Some("a")));
        echoes.sent(name.clone());
        echoes.correct(&everywhere(), &mut Report::Deleted(seen("b", 22)));
        assert!(echoes.deleted(&name, Some("b")) && echoes.expected.is_empty());
        echoes.sent(name.clone());
        echoes.correct(&everywhere(), &mut Report::Applied(seen("c", 23)));
        assert!(!echoes.absent(&name));
        assert!(echoes.absent(&name));
    }

    #[test]
    fn a_list_of_another_namespace_does_not_count() {
        let mut echoes = Echoes::default();
        echoes.stored(&object("a", 10));
        let mut report = Report::Listed(Vec::new(), "12".to_owned());
        let bank = Watched {
            namespace: Some("bank".to_owned()),
            ..everywhere()
        };
        echoes.correct(&bank, &mut report);
        assert_eq!(echoes.expected.len(), 1);
    }
}
