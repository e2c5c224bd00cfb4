//! Implementations of SMI: the subjects that the kit judges.

use crate::edits::is;
use crate::incremental::{Incremental, OfAdapter};
use serde_json::Value;
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::Code;
use smi_adapter::model::Policy;
use smi_adapter::object::Kind;
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::{Observed, Planned, complete, resolved};
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use std::fmt::Debug;

/// An implementation of SMI, which makes native objects of SMI objects. Every [`MeshAdapter`] is one.
///
/// Implement it by hand only for implementations that do not translate policies, such as an operator that reads SMI by
/// itself, or a program in another process.
///
/// ```
/// use smi_adapter::adapter::{Feature, Support, Translation};
/// use smi_conformance::{Implementation, Input};
/// use smi_adapter::object::Kind;
/// use smi_adapter::plan::{Observed, Planned};
/// use smi_adapter::settings::Settings;
///
/// /// An implementation that reads everything and writes nothing.
/// #[derive(Debug)]
/// struct Idle;
///
/// impl Implementation for Idle {
///     fn name(&self) -> &str {
///         "idle"
///     }
///     fn kinds(&self) -> &[Kind] {
///         &[]
///     }
///     fn reads(&self) -> &[Kind] {
///         &[]
///     }
///     fn support(&self, _: Feature) -> Support {
///         Support::None("it is idle".into())
///     }
///     fn plan(&self, input: &Input, settings: &Settings, observed: &Observed) -> Result<Planned, String> {
///         Ok(input.planned(self, settings, observed, Translation::default()))
///     }
/// }
/// ```
pub trait Implementation: Debug + Send + Sync {
    /// Returns the name, as [`MeshAdapter::name`].
    fn name(&self) -> &str;

    /// Returns the native kinds that it writes, as [`MeshAdapter::kinds`].
    fn kinds(&self) -> &[Kind];

    /// Returns the other native kinds that it reads, as [`MeshAdapter::reads`].
    fn reads(&self) -> &[Kind];

    /// Returns the degree of support for `feature`, as [`MeshAdapter::support`].
    fn support(&self, feature: Feature) -> Support;

    /// Plans the writes and deletions, as [`MeshAdapterExt::plan`]. An implementation by hand translates the whole
    /// input and leaves the rest to [`Input::planned`].
    ///
    /// # Errors
    /// If it has no answer, for example because its process has ended. Every law then fails with this error.
    fn plan(&self, input: &Input, settings: &Settings, observed: &Observed) -> Result<Planned, String>;

    /// Starts an [`Engine`](smi_adapter::engine::Engine) without objects, for the law `incremental`. Only adapters have
    /// one: it translates policies.
    #[doc(hidden)]
    fn incremental(&self, settings: &Settings) -> Option<Box<dyn Incremental + '_>> {
        _ = settings;
        None
    }
}

impl<A: MeshAdapter + ?Sized> Implementation for A {
    fn name(&self) -> &str {
        MeshAdapter::name(self)
    }

    fn kinds(&self) -> &[Kind] {
        MeshAdapter::kinds(self)
    }

    fn reads(&self) -> &[Kind] {
        MeshAdapter::reads(self)
    }

    fn support(&self, feature: Feature) -> Support {
        MeshAdapter::support(self, feature)
    }

    fn plan(&self, input: &Input, settings: &Settings, observed: &Observed) -> Result<Planned, String> {
        Ok(MeshAdapterExt::plan(self, &input.snapshot, settings, observed))
    }

    fn incremental(&self, settings: &Settings) -> Option<Box<dyn Incremental + '_>> {
        Some(Box::new(OfAdapter::new(self, settings)))
    }
}

/// An implementation behind a reference, which may be unsized, with an edit of its plans.
#[derive(Debug)]
pub(super) struct Of<'a, I: ?Sized> {
    implementation: &'a I,
    edit: fn(&mut Planned),
}

impl<'a, I: ?Sized> Of<'a, I> {
    /// Wraps an implementation without an edit.
    pub(super) fn new(implementation: &'a I) -> Self {
        Self::edited(implementation, |_| {})
    }

    pub(super) fn edited(implementation: &'a I, edit: fn(&mut Planned)) -> Self {
        Self { implementation, edit }
    }
}

impl<I: Implementation + ?Sized> Implementation for Of<'_, I> {
    fn name(&self) -> &str {
        self.implementation.name()
    }

    fn kinds(&self) -> &[Kind] {
        self.implementation.kinds()
    }

    fn reads(&self) -> &[Kind] {
        self.implementation.reads()
    }

    fn support(&self, feature: Feature) -> Support {
        self.implementation.support(feature)
    }

    fn plan(&self, input: &Input, settings: &Settings, observed: &Observed) -> Result<Planned, String> {
        let mut planned = self.implementation.plan(input, settings, observed)?;
        (self.edit)(&mut planned);
        Ok(planned)
    }

    fn incremental(&self, settings: &Settings) -> Option<Box<dyn Incremental + '_>> {
        self.implementation.incremental(settings)
    }
}

/// The input of an implementation: SMI objects, services, workloads and namespaces, in any order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    documents: Vec<Value>,
    snapshot: Snapshot,
}

impl Input {
    /// Creates an input of manifests. An object may occur twice or be undecodable.
    #[must_use]
    pub fn new(documents: Vec<Value>) -> Self {
        Self {
            snapshot: super::world::snapshot(&documents),
            documents,
        }
    }

    /// Returns the manifests.
    #[must_use]
    pub fn documents(&self) -> &[Value] {
        &self.documents
    }

    /// Returns the manifests as an embedder reads them, with the namespaces that are already enforced (A2).
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Marks a namespace as already enforced (A2).
    pub fn enforce(&mut self, namespace: impl AsRef<str>) {
        self.snapshot.insert_enforced(namespace);
    }

    /// Returns the input as an embedder reads it who does not list workloads.
    pub(super) fn without_workloads(&self) -> Self {
        let is_workload = |document: &&Value| Kind::WORKLOADS.iter().any(|kind| is(document, kind.name()));
        let others = self.documents.iter().filter(|document| !is_workload(document));
        let mut input = self.with_documents(others.cloned().collect());
        input.snapshot.uncover_workloads();
        input
    }

    /// Returns the input with other documents, and the same namespaces enforced.
    pub(super) fn with_documents(&self, documents: Vec<Value>) -> Self {
        let mut input = Self::new(documents);
        self.snapshot.enforced().for_each(|namespace| input.enforce(namespace));
        if !self.snapshot.covers_workloads() {
            input.snapshot.uncover_workloads();
        }
        input
    }

    /// Returns the input with the claim that it contains every workload.
    pub(super) fn with_all_workloads(&self) -> Self {
        let mut input = self.clone();
        input.snapshot.cover_workloads();
        input
    }

    /// Returns the plan of an implementation that translates the whole input: `translation` holds all native objects,
    /// and a diagnostic for every part of the input that has no effect.
    #[must_use]
    pub fn planned(
        &self,
        implementation: &dyn Implementation,
        settings: &Settings,
        observed: &Observed,
        translation: Translation,
    ) -> Planned {
        let adapter = Written {
            name: implementation.name().to_owned(),
            kinds: implementation.kinds().to_vec(),
        };
        // The translation already reports what has no effect on any mesh, but it cannot know what the snapshot covers.
        let mut resolution = resolved(&self.snapshot, settings, observed);
        resolution
            .diagnostics
            .retain(|diagnostic| diagnostic.code == Code::WorkloadsNotCovered);
        complete(&adapter, &self.snapshot, settings, observed, resolution, translation)
    }
}

/// The adapter on whose behalf an implementation by hand writes. Only its name and kinds are used.
#[derive(Debug)]
struct Written {
    name: String,
    kinds: Vec<Kind>,
}

impl MeshAdapter for Written {
    fn name(&self) -> &str {
        &self.name
    }

    fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    fn support(&self, _: Feature) -> Support {
        Support::None("it translates whole inputs".into())
    }

    fn translate(&self, _: &Policy) -> Translation {
        Translation::default()
    }
}
