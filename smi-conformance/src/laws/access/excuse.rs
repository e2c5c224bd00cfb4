//! What diagnostics explain.
//!
//! A diagnostic names something that is not in force on this mesh: a traffic target, or one match of a route group. It
//! excuses that something is refused if, and only if, the reference refuses it once what is named has no effect. Nothing
//! excuses that something is let in.

use super::Sight;
use crate::laws::history::enforced;
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::query::{AccessQuery, Authorization};
use smi_adapter::semantics::authorize;
use smi_adapter::snapshot::Snapshot;
use smi_types::Object;

impl Sight<'_> {
    /// Whether diagnostics explain that an access query is refused.
    pub(super) fn excused(&self, query: &AccessQuery, claims: &[Diagnostic]) -> bool {
        let without = self.without(claims.iter().filter(|claim| self.concerns(claim, query)));
        authorize(&without, &self.case.settings, query).0 != Authorization::Allow
    }

    /// Whether a diagnostic is about the workload and the port of an access query.
    fn concerns(&self, claim: &Diagnostic, query: &AccessQuery) -> bool {
        let is_of = |workload: &ObjectRef| *workload == query.to || self.owner(&query.to).as_ref() == Some(workload);
        claim.ports.contains(query.port) && claim.workload.as_ref().is_none_or(is_of)
    }

    /// The snapshot in which what is named has no effect, with the same namespaces enforced.
    fn without<'c>(&self, claims: impl Iterator<Item = &'c Diagnostic>) -> Snapshot {
        let mut snapshot = self.snapshot.clone();
        enforced(&self.case.documents, &self.case.settings).for_each(|namespace| snapshot.insert_enforced(namespace));
        for claim in claims {
            let key = &claim.object.key;
            if claim.object.kind == Kind::TrafficTarget {
                snapshot.remove(&claim.object);
            } else if claim.object.kind == Kind::HttpRouteGroup {
                spoil(&mut snapshot, key, claim.field.index_in("matches"));
            }
        }
        snapshot
    }
}

/// Makes one match of a group, or all of them, take no request. It keeps its name.
fn spoil(snapshot: &mut Snapshot, key: &ObjectKey, at: Option<usize>) {
    let Some(mut group) = snapshot.group(key).cloned() else {
        return;
    };
    let matches = group.matches.iter_mut().flatten().enumerate();
    for (_, matching) in matches.filter(|(index, _)| at.is_none_or(|at| at == *index)) {
        // I6: it takes no request.
        matching.headers.lost = true;
    }
    snapshot.insert(Object::HTTPRouteGroup(Box::new(group)));
}
