//! Ownership: the labels and annotations that mark native objects as managed by us.

use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Manifest, NativeObject, POLICY, Stage, reportable};
use crate::model::PolicyKey;
use crate::object::SmolStr;
use crate::settings::{Enforcement, Settings};
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::{self, Display, Write};

/// The label with the owner of the settings.
const OWNER: &str = "app.kubernetes.io/managed-by";
/// The label with the adapter's name.
const ADAPTER: &str = "smi-adapter.dev/adapter";
/// The annotation that lists the SMI objects that an object exists for.
const SOURCES: &str = "smi-adapter.dev/sources";
/// The largest size of that list, in bytes. An API server accepts 262,144 for all annotations of an object.
const MAX_SOURCES: usize = 65_536;
/// The annotation with the stage of an object, which determines the order of deletions.
pub(super) const STAGE: &str = "smi-adapter.dev/stage";

/// The native objects that were found in a cluster: those managed by us, and foreign ones.
///
/// An object is managed by us if it has the label `app.kubernetes.io/managed-by` with the owner of the settings and the
/// label `smi-adapter.dev/adapter` with the adapter's name, and its namespace is in the scope. Other objects are never
/// compared, changed or deleted. Objects for access control are left alone as well with
/// [`Enforcement::Off`](crate::settings::Enforcement::Off), or if the snapshot does not [cover](Snapshot#coverage)
/// workloads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Sorted.
    ours: Vec<NativeObject>,
    /// Sorted.
    foreign: Vec<NativeObject>,
}

impl Observed {
    /// Divides the objects of a cluster into those managed by us and foreign ones.
    #[must_use]
    pub fn new(adapter: &str, settings: &Settings, objects: impl IntoIterator<Item = NativeObject>) -> Self {
        let mut observed = Self::default();
        for object in objects {
            match Origin::of(&object, adapter, settings) {
                Origin::Ours => observed.ours.push(object),
                Origin::Foreign => observed.foreign.push(object),
                Origin::LeftAlone => {}
            }
        }
        observed.foreign.sort_by(in_order);
        observed.ours.sort_by(in_order);
        observed.ours.dedup_by(|later, earlier| {
            let is_repeated = later.order() == earlier.order();
            if is_repeated {
                std::mem::swap(later, earlier);
            }
            is_repeated
        });
        observed
    }

    /// Returns the objects managed by us, sorted.
    pub fn ours(&self) -> impl Iterator<Item = &NativeObject> {
        self.ours.iter()
    }

    /// Returns the objects managed by us that a plan for `snapshot` compares. If the snapshot does not cover workloads,
    /// objects for access control are left out.
    pub(super) fn compared(&self, snapshot: &Snapshot) -> impl Iterator<Item = &NativeObject> {
        let covers = snapshot.covers_workloads();
        self.ours.iter().filter(move |object| covers || !is_access(object))
    }

    /// Returns the namespaces that contain access control objects managed by us. They are enforced (A2): a plan adds
    /// them by itself, and for the reference semantics there is [`Snapshot::insert_enforced`].
    #[must_use]
    pub fn enforced(&self) -> BTreeSet<SmolStr> {
        let access = self.ours.iter().filter(|object| is_access(object));
        access.map(|object| object.key().namespace).collect()
    }

    /// Returns a foreign object with the kind and key of another one.
    pub(super) fn find_foreign(&self, wanted: &NativeObject) -> Option<&NativeObject> {
        find(&self.foreign, wanted)
    }

    /// Returns the foreign objects, sorted.
    #[must_use]
    pub fn foreign(&self) -> &[NativeObject] {
        &self.foreign
    }

    /// Copies creation times from existing objects to their manifests, which are sorted.
    pub(super) fn adopt_ages(&self, manifests: &mut [Manifest]) {
        let mut ours = self.ours.iter().peekable();
        for manifest in manifests {
            let order = manifest.object.order();
            while ours.next_if(|live| live.order() < order).is_some() {}
            let live = ours.peek().copied().filter(|live| live.order() == order);
            adopt_age(manifest, live);
        }
    }
}

/// The origin of a native object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is managed by us.
    Ours,
    /// It is not managed by us.
    Foreign,
    /// It is managed by us, but neither compared nor deleted.
    LeftAlone,
}

impl Origin {
    pub(crate) fn of(object: &NativeObject, adapter: &str, settings: &Settings) -> Self {
        let (namespace, ..) = object.order();
        let ours = object.label(OWNER) == Some(settings.owner.as_str())
            && object.label(ADAPTER) == Some(adapter)
            && settings.scope.contains(namespace);
        match ours {
            false => Self::Foreign,
            true if settings.enforcement == Enforcement::Off && is_access(object) => Self::LeftAlone,
            true => Self::Ours,
        }
    }
}

/// Copies the creation time from an existing object to its manifest, for meshes in which the oldest object wins.
pub(crate) fn adopt_age(manifest: &mut Manifest, live: Option<&NativeObject>) {
    if let Some(live) = live {
        let created = &live.metadata.creation_timestamp;
        manifest.object.metadata.creation_timestamp.clone_from(created);
    }
}

/// The policies of which a foreign object has the name of a manifest. Such a manifest is not written. With it all grants
/// of its policy are withheld, because a grant may only refer to objects managed by us.
#[derive(Debug, Default)]
pub(crate) struct Withheld(BTreeSet<PolicyKey>);

impl Withheld {
    /// Finds the policies, and reports them.
    pub(crate) fn of<'a>(
        manifests: impl IntoIterator<Item = &'a Manifest>,
        is_foreign: impl Fn(&NativeObject) -> bool,
    ) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut withheld = Self::default();
        for manifest in manifests.into_iter().filter(|manifest| is_foreign(&manifest.object)) {
            let name = manifest.object.reference();
            withheld.0.insert(manifest.policy.clone());
            let message = format!(
                "`{name}` is needed here, but a foreign object has this name: it does not have this operator's labels `{OWNER}` and `{ADAPTER}`; it is left untouched; delete or rename it"
            );
            for object in reportable(&manifest.sources) {
                let (object, message) = (object.clone(), message.clone());
                let foreign = Diagnostic::new(Code::ForeignObject, object, FieldPath::root(), message);
                diagnostics.push(foreign.caused_by(name.clone()));
            }
        }
        (withheld, diagnostics)
    }

    /// Returns `true` if a manifest is not written.
    pub(crate) fn contains(&self, manifest: &Manifest, is_foreign: impl Fn(&NativeObject) -> bool) -> bool {
        self.0.contains(&manifest.policy) && (manifest.stage == Stage::Grant || is_foreign(&manifest.object))
    }
}

fn in_order(one: &NativeObject, other: &NativeObject) -> Ordering {
    one.order().cmp(&other.order())
}

/// Returns the object of a sorted list with the kind and key of another one.
fn find<'a>(objects: &'a [NativeObject], wanted: &NativeObject) -> Option<&'a NativeObject> {
    let index = objects.binary_search_by(|object| in_order(object, wanted)).ok()?;
    objects.get(index)
}

/// Returns `true` if an object managed by us is for access control, according to its policy or its stage.
pub(crate) fn is_access(object: &NativeObject) -> bool {
    let policy = object.policy().unwrap_or_default();
    let stage = object.annotation(STAGE);
    let access = [Stage::Leaf, Stage::Grant, Stage::Deny];
    policy.starts_with("access/")
        || policy.starts_with("baseline/")
        || access.iter().any(|access| stage == Some(access.as_str()))
}

/// Adds the labels and annotations of the settings, and then ours, which take precedence.
pub(crate) fn decorate(manifest: &mut Manifest, adapter: &str, settings: &Settings) {
    let sources = sources(manifest);
    let metadata = &mut manifest.object.metadata;
    let labels = metadata.labels.get_or_insert_default();
    labels.extend(settings.labels.clone());
    labels.insert(OWNER.into(), settings.owner.to_string());
    labels.insert(ADAPTER.into(), adapter.into());
    let annotations = metadata.annotations.get_or_insert_default();
    annotations.extend(settings.annotations.clone());
    annotations.insert(SOURCES.into(), sources);
    annotations.insert(POLICY.into(), text(&manifest.policy));
    annotations.insert(STAGE.into(), manifest.stage.to_string());
}

/// Returns a value as text. Most of them need no more than the capacity that this starts with.
pub(super) fn text(value: &impl Display) -> String {
    let mut text = String::with_capacity(64);
    // Writing to a text cannot fail.
    let _ = write!(text, "{value}");
    text
}

/// Lists the SMI objects of a manifest as text, truncated to [`MAX_SOURCES`].
fn sources(manifest: &Manifest) -> String {
    let mut all = String::with_capacity(64);
    for (index, source) in manifest.sources.iter().enumerate() {
        let end = all.len();
        // Writing to a text cannot fail.
        let _ = write!(Joined(&mut all), "{}{source}", if index == 0 { "" } else { "," });
        if all.len() > MAX_SOURCES + usize::from(index > 0) {
            all.truncate(end);
            let more = manifest.sources.len() - index;
            return format!("{all} and {more} more");
        }
    }
    all
}

/// A text to which others are appended with slashes for spaces.
struct Joined<'a>(&'a mut String);

impl Write for Joined<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(text.chars().map(|c| if c == ' ' { '/' } else { c }));
        Ok(())
    }
}
