//! Denials that diagnostics explain.
//!
//! A diagnostic names something that is not in force on this mesh: a traffic target, or one match of a route group. It
//! excuses a denial if, and only if, the reference denies the query as well once the named part has no effect. Nothing
//! excuses a query that is allowed.

use super::Sight;
use crate::laws::history::enforced;
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::query::{AccessQuery, Authorization};
use smi_adapter::semantics::authorize;
use smi_adapter::snapshot::Snapshot;
use smi_types::Object;

impl Sight<'_> {
    /// Returns `true` if diagnostics explain that an access query is denied.
    pub(super) fn excused(&self, query: &AccessQuery, claims: &[Diagnostic]) -> bool {
        let without = self.without(claims.iter().filter(|claim| self.concerns(claim, query)));
        authorize(&without, &self.case.settings, query).0 != Authorization::Allow
    }

    /// Returns `true` if a diagnostic is about the workload and the port of an access query.
    fn concerns(&self, claim: &Diagnostic, query: &AccessQuery) -> bool {
        let is_of = |workload: &ObjectRef| *workload == query.to || self.owner(&query.to).as_ref() == Some(workload);
        claim.ports.contains(query.port) && claim.workload.as_ref().is_none_or(is_of)
    }

    /// Returns the snapshot in which the named parts have no effect, with the same namespaces enforced.
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

/// Makes one match of a group, or all of them, match nothing. Names are kept.
fn spoil(snapshot: &mut Snapshot, key: &ObjectKey, at: Option<usize>) {
    let Some(mut group) = snapshot.group(key).cloned() else {
        return;
    };
    let matches = group.matches.iter_mut().flatten().enumerate();
    for (_, matching) in matches.filter(|(index, _)| at.is_none_or(|at| at == *index)) {
        // I6: the match matches nothing.
        matching.headers.lost = true;
    }
    snapshot.insert(Object::HTTPRouteGroup(Box::new(group)));
}
