//! The own writes that the watches have not reported yet.
//!
//! A watch lags behind: after a write it may still report an earlier state. The answer to a write stands until the watch
//! has reached it, so that no object is written twice.

use crate::mirror::Seen;
use crate::watch::Report;
use smi_adapter::engine::Edit;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectRef};
use std::collections::BTreeMap;

/// The own writes that the watches have not reported yet.
#[derive(Debug, Default)]
pub(super) struct Echoes(BTreeMap<ObjectRef, Echo>);

#[derive(Debug)]
enum Echo {
    /// The object as it was stored, and its version.
    Stored(Box<NativeObject>, u64),
    /// The object with this UID was deleted.
    Deleted(String),
}

impl Echoes {
    /// Notes that an object was stored. A version that is not a number cannot be compared, so nothing is expected then.
    pub(super) fn stored(&mut self, object: &NativeObject) {
        let version = object.metadata.resource_version.as_deref().and_then(number);
        let name = object.reference();
        match version {
            Some(version) => self.0.insert(name, Echo::Stored(Box::new(object.clone()), version)),
            None => self.0.remove(&name),
        };
    }

    /// Notes that an object with a UID was deleted.
    pub(super) fn deleted(&mut self, object: &ObjectRef, uid: Option<&str>) {
        match uid {
            Some(uid) => self.0.insert(object.clone(), Echo::Deleted(uid.to_owned())),
            None => self.0.remove(object),
        };
    }

    /// Corrects a report of a watch. Returns `false` if it is older than an own write, so that nothing is left of it.
    pub(super) fn correct(&mut self, kind: &Kind, namespace: Option<&str>, report: &mut Report<Seen>) -> bool {
        match report {
            Report::Applied(seen) => self.is_new(seen, false),
            Report::Deleted(seen) => self.is_new(seen, true),
            Report::Listed(list, version) => {
                self.complete(kind, namespace, list, number(version).unwrap_or(u64::MAX));
                true
            }
            Report::Resumed | Report::Failed(_) => true,
        }
    }

    /// Returns `true` if an event is not older than the own write of its object, which then is no longer expected.
    fn is_new(&mut self, seen: &Seen, is_deletion: bool) -> bool {
        let is_new = match self.0.get(&seen.object) {
            None => return true,
            Some(Echo::Stored(_, version)) => number(&seen.version).is_none_or(|reached| reached >= *version),
            Some(Echo::Deleted(uid)) => is_deletion || *uid != seen.uid,
        };
        if is_new {
            self.0.remove(&seen.object);
        }
        is_new
    }

    /// Brings a list up to date with the own writes since `version`.
    fn complete(&mut self, kind: &Kind, namespace: Option<&str>, list: &mut Vec<Seen>, version: u64) {
        let is_listed =
            |name: &ObjectRef| name.kind == *kind && namespace.is_none_or(|only| name.key.namespace == only);
        self.0.retain(|name, echo| match echo {
            Echo::Stored(_, stored) => !is_listed(name) || *stored > version,
            Echo::Deleted(uid) => !is_listed(name) || list.iter().any(|seen| seen.uid == *uid),
        });
        if self.0.is_empty() {
            return;
        }
        list.retain(|seen| !self.0.contains_key(&seen.object));
        for (name, echo) in self.0.iter().filter(|(name, _)| is_listed(name)) {
            if let Echo::Stored(object, version) = echo {
                list.push(Seen {
                    object: name.clone(),
                    uid: object.metadata.uid.clone().unwrap_or_default(),
                    version: version.to_string(),
                    generation: object.metadata.generation,
                    conditions: Vec::new(),
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
    use smi_adapter::object::ObjectKey;

    const KIND: Kind = Kind::new(&["toy.example.com", "v1", "Shares", "shares"]);

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
            conditions: Vec::new(),
            edit: object(uid, version).into(),
        }
    }

    /// Returns the versions in a list of version `version` after its correction.
    fn listed(echoes: &mut Echoes, list: Vec<Seen>, version: u64) -> Vec<String> {
        let mut report = Report::Listed(list, version.to_string());
        assert!(echoes.correct(&KIND, None, &mut report));
        let Report::Listed(list, _) = report else { panic!() };
        list.into_iter().map(|seen| seen.version).collect()
    }

    #[test]
    fn drops_events_from_before_a_write() {
        let mut echoes = Echoes::default();
        echoes.stored(&object("a", 10));
        assert!(!echoes.correct(&KIND, None, &mut Report::Applied(seen("a", 9))));
        // The deletion of the former object of this name.
        assert!(!echoes.correct(&KIND, None, &mut Report::Deleted(seen("b", 8))));
        assert!(echoes.correct(&KIND, None, &mut Report::Applied(seen("a", 10))));
        assert!(echoes.0.is_empty());
        assert!(echoes.correct(&KIND, None, &mut Report::Applied(seen("a", 9))));
    }

    #[test]
    fn drops_events_from_before_a_deletion() {
        let mut echoes = Echoes::default();
        echoes.deleted(&seen("a", 0).object, Some("a"));
        assert!(!echoes.correct(&KIND, None, &mut Report::Applied(seen("a", 9))));
        assert!(echoes.correct(&KIND, None, &mut Report::Deleted(seen("a", 11))));
        assert!(echoes.0.is_empty());
        echoes.deleted(&seen("a", 0).object, Some("a"));
        assert!(echoes.correct(&KIND, None, &mut Report::Applied(seen("b", 12))));
    }

    #[test]
    fn a_list_contains_later_writes() {
        let mut echoes = Echoes::default();
        echoes.stored(&object("a", 10));
        assert_eq!(listed(&mut echoes, Vec::new(), 9), ["10"]);
        assert_eq!(listed(&mut echoes, vec![seen("a", 8)], 9), ["10"]);
        // Somebody else deleted it after the write.
        assert_eq!(listed(&mut echoes, Vec::new(), 12), [""; 0]);
        assert!(echoes.0.is_empty());
        echoes.deleted(&seen("a", 0).object, Some("a"));
        assert_eq!(listed(&mut echoes, vec![seen("a", 8)], 9), [""; 0]);
        assert_eq!(listed(&mut echoes, vec![seen("b", 13)], 14), ["13"]);
    }

    #[test]
    fn a_list_of_another_namespace_does_not_count() {
        let mut echoes = Echoes::default();
        echoes.stored(&object("a", 10));
        let mut report = Report::Listed(Vec::new(), "12".to_owned());
        echoes.correct(&KIND, Some("bank"), &mut report);
        assert_eq!(echoes.0.len(), 1);
    }
}
