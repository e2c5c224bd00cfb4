//! Objects that another client keeps changing: they are repaired with growing pauses, so that no write war starts.

use crate::backoff::doubled;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::Action;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tokio::time::Instant;

/// The number of repairs of an object that are made at once.
const AT_ONCE: u32 = 3;
/// The first pause before a later repair; each one after it is twice as long.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause between two repairs.
const LONGEST: Duration = Duration::from_secs(60);
/// An object that needed no repair for this long is not contested any more.
const QUIET: Duration = Duration::from_secs(600);

/// The annotations of ours, which an object has because of its policy.
const OURS: &str = "smi-adapter.dev/";

/// The writes of each object that may be contested.
#[derive(Debug, Default)]
pub(super) struct Contests(BTreeMap<ObjectRef, History>);

/// The writes of one object.
#[derive(Debug)]
struct History {
    /// The hash of the last write.
    content: u64,
    /// The number of times that it was written again.
    repairs: u32,
    last: Instant,
    /// The field manager that changed it last.
    by: Option<String>,
}

impl Contests {
    /// Returns the time before which a write must wait, because it repairs a contested object. `content` is the hash of
    /// the write.
    pub(super) fn pause(&self, object: &ObjectRef, content: impl FnOnce() -> u64) -> Option<Instant> {
        let history = self.0.get(object)?;
        if history.repairs < AT_ONCE || history.content != content() {
            return None;
        }
        Some(history.last + doubled(FIRST, history.repairs - AT_ONCE, LONGEST))
    }

    /// Notes a write with this hash.
    pub(super) fn written(&mut self, object: ObjectRef, content: u64) {
        let last = Instant::now();
        let former = self.0.get(&object);
        let repaired = former.filter(|former| former.content == content && last - former.last < QUIET);
        let repairs = repaired.map_or(0, |former| former.repairs + 1);
        let by = repaired.and_then(|former| former.by.clone());
        let history = History {
            content,
            repairs,
            last,
            by,
        };
        self.0.insert(object, history);
    }

    /// Notes the field manager that changed an object, if it was not `own`.
    pub(super) fn changed(&mut self, object: &NativeObject, own: &str) {
        let managers = object.metadata.managed_fields.iter().flatten();
        // A status is for its writer.
        let managers = managers.filter(|entry| entry.subresource.is_none());
        let others = managers.filter(|entry| entry.manager.as_deref().is_some_and(|name| name != own));
        let latest = others.max_by(|one, other| {
            one.time
                .as_ref()
                .map(|it| it.0)
                .cmp(&other.time.as_ref().map(|it| it.0))
        });
        if let (Some(history), Some(latest)) = (self.0.get_mut(&object.reference()), latest) {
            history.by.clone_from(&latest.manager);
        }
    }

    /// Returns `true` if an object is contested.
    pub(super) fn contains(&self, object: &ObjectRef) -> bool {
        self.0.get(object).is_some_and(|history| history.repairs >= AT_ONCE)
    }

    /// Returns the field manager that changed a contested object last, if it is known. That of a deletion is not.
    pub(super) fn by(&self, object: &ObjectRef) -> Option<&str> {
        self.0.get(object)?.by.as_deref()
    }

    /// Forgets the objects that needed no write for long.
    pub(super) fn forget(&mut self) {
        let now = Instant::now();
        self.0.retain(|_, history| now - history.last < QUIET);
    }
}

/// Returns a hash of what an action writes because of its policy.
pub(super) fn content(action: &Action) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Action::Create(write) | Action::Replace(write) = action {
        let object = &write.object;
        // A spec that cannot be written is never written.
        serde_json::to_vec(&object.spec).unwrap_or_default().hash(&mut hasher);
        let annotations = object.metadata.annotations.iter().flatten();
        for ours in annotations.filter(|(name, _)| name.starts_with(OURS)) {
            ours.hash(&mut hasher);
        }
    }
    hasher.finish()
}
