//! The trait [`MeshAdapter`], which an adapter implements for one mesh.

mod concern;
mod match_report;

pub use concern::Concern;
pub use match_report::MatchReport;

use crate::cluster::{Cluster, Error};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Manifest, Native, NativeObject, Spec, Stage, reportable};
use crate::model::Policy;
use crate::object::{Kind, ObjectRef, is_dns_subdomain};
use async_trait::async_trait;
use serde_json::Value;
use smi_types::FieldPath;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

/// Expresses SMI policies in the native resources of one mesh.
///
/// The contract is between the adapter and the caller of [`MeshAdapterExt::plan`](crate::plan::MeshAdapterExt::plan). The trait is object-safe:
/// embedders hold an `Arc<dyn MeshAdapter>`.
///
/// # Contract
/// For every policy, [`translate`](Self::translate) is total, deterministic and honest: it never panics, equal policies
/// give equal output, and everything that the mesh cannot express is reported, never dropped. It emits only kinds
/// listed by [`kinds`](Self::kinds), in the policy's own namespace, under names that no other policy uses.
#[async_trait]
pub trait MeshAdapter: Debug + Send + Sync + 'static {
    /// Returns a short, stable, DNS-safe name, for example `istio`. It labels every object that the adapter writes.
    fn name(&self) -> &str;

    /// Returns the native kinds that this adapter writes, in the order in which they are written within a stage.
    fn kinds(&self) -> &[Kind];

    /// Returns the native kinds, in addition to [`kinds`](Self::kinds), whose foreign objects affect objects managed by
    /// us.
    fn reads(&self) -> &[Kind] {
        &[]
    }

    /// Returns how well this adapter expresses `feature`.
    fn support(&self, feature: Feature) -> Support;

    /// Translates `policy` to the native objects that express it on this mesh.
    fn translate(&self, policy: &Policy) -> Translation;

    /// Reports foreign native objects that affect the desired ones, for example a foreign route for the same host.
    ///
    /// `desired` contains manifests of a plan, with the creation time of those that exist. `foreign` contains objects of
    /// `kinds` and `reads` that are not managed by us, in all namespaces. Both are all that there are, or all that
    /// [concern](Self::concerns) one thing.
    fn review(&self, desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
        let (_, _) = (desired, foreign);
        Vec::new()
    }

    /// Returns the things that an object concerns, such as hosts; `None` if it can concern everything.
    ///
    /// In a [`review`](Self::review) two objects affect each other only if they concern the same thing. So the reviews
    /// of the objects that concern one thing, for each thing, report exactly what a review of all objects reports, and
    /// an [`Engine`](crate::engine::Engine) repeats only those that an edit can change. By default every object can
    /// concern everything, so each edit of a native object repeats the whole review.
    fn concerns(&self, object: &NativeObject) -> Option<BTreeSet<Concern>> {
        let _ = object;
        None
    }

    /// Returns `true` if the mesh has accepted an object managed by us, according to its `status` in the cluster, which
    /// is `null` if there is none.
    ///
    /// A mesh that applies objects asynchronously can report this in their status. A controller deletes what an object
    /// replaces only after the object is accepted: otherwise neither the former object nor the new one would be in force
    /// for a while. By default an object is accepted as soon as it exists.
    fn is_accepted(&self, object: &NativeObject, status: &Value) -> bool {
        let (_, _) = (object, status);
        true
    }

    /// Detects whether the mesh is installed, by the kinds that the cluster serves.
    ///
    /// # Errors
    /// If a request to the API server fails.
    async fn detect(&self, cluster: &dyn Cluster) -> Result<Detection, Error> {
        let mut detection = Detection::default();
        for kind in self.kinds().iter().chain(self.reads()) {
            if cluster.serves(kind).await? {
                detection.served.push(kind.clone());
            } else {
                detection.missing.push(kind.clone());
            }
        }
        Ok(detection)
    }
}

/// A shared adapter is an adapter, so that a function can take either.
#[async_trait]
impl<T: MeshAdapter + ?Sized> MeshAdapter for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn kinds(&self) -> &[Kind] {
        (**self).kinds()
    }

    fn reads(&self) -> &[Kind] {
        (**self).reads()
    }

    fn support(&self, feature: Feature) -> Support {
        (**self).support(feature)
    }

    fn translate(&self, policy: &Policy) -> Translation {
        (**self).translate(policy)
    }

    fn review(&self, desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
        (**self).review(desired, foreign)
    }

    fn concerns(&self, object: &NativeObject) -> Option<BTreeSet<Concern>> {
        (**self).concerns(object)
    }

    fn is_accepted(&self, object: &NativeObject, status: &Value) -> bool {
        (**self).is_accepted(object, status)
    }

    async fn detect(&self, cluster: &dyn Cluster) -> Result<Detection, Error> {
        (**self).detect(cluster).await
    }
}

/// A feature of SMI that an adapter may support.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// A split of HTTP requests by weight.
    HttpSplit,
    /// A split of TCP connections by weight.
    TcpSplit,
    /// A split of the HTTP requests that match a route group (T12).
    ConditionalSplit,
    /// Denial of all TCP traffic that no traffic target allows (A2).
    DenyByDefault,
    /// A grant of TCP connections (A13).
    TcpAccess,
    /// A grant of the HTTP requests that match a route group (A12).
    HttpAccess,
    /// Grants of datagrams, and denial of all others (A12).
    UdpAccess,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 7] = [
        Self::HttpSplit,
        Self::TcpSplit,
        Self::ConditionalSplit,
        Self::DenyByDefault,
        Self::TcpAccess,
        Self::HttpAccess,
        Self::UdpAccess,
    ];
}

/// The degree to which an adapter expresses a feature. Each reason is a sentence for users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// The feature is expressed exactly as specified.
    Full,
    /// The feature is expressed exactly, except for what the reason names. Every exception is reported.
    Partial(Cow<'static, str>),
    /// The feature is not expressed at all, for this reason. Every use is reported.
    None(Cow<'static, str>),
}

/// The native objects and diagnostics that a policy translates to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translation {
    /// The native objects.
    pub manifests: Vec<Manifest>,
    /// Reports of the parts of the policy that the mesh cannot express, and other facts for their authors. For each
    /// split that the manifests leave out on a port, one of them [disables](Diagnostic::disables_split_on) it there.
    pub diagnostics: Vec<Diagnostic>,
}

impl Translation {
    /// The approximate size of the largest spec that is emitted, in bytes as JSON. An API server stores objects of up
    /// to 1.5 MB, including the metadata that it adds.
    pub const MAX_SPEC: usize = 1_000_000;

    /// Adds a native object of `policy` named `name`, which exists for all sources of the policy. It is written again
    /// whenever these change; an object that outlives them, such as one that denies, is
    /// [emitted for](Self::emit_for) the objects that it depends on.
    ///
    /// An object that API servers reject is reported instead, on every split or traffic target of the policy: its name
    /// is not a DNS subdomain, or its spec is too large or cannot be written as JSON.
    pub fn emit<N: Native>(&mut self, policy: &Policy, stage: Stage, name: &str, spec: &N) {
        self.emit_for(policy, policy.sources(), stage, name, spec);
    }

    /// Adds a native object like [`emit`](Self::emit), but only for some sources of the policy, such as one traffic
    /// target.
    pub fn emit_for<N: Native>(
        &mut self,
        policy: &Policy,
        sources: BTreeSet<ObjectRef>,
        stage: Stage,
        name: &str,
        spec: &N,
    ) {
        let refusal = if is_dns_subdomain(name) {
            match Spec::of(spec) {
                Ok(spec) if spec.len() <= Self::MAX_SPEC => {
                    self.manifests
                        .push(Manifest::of(policy, sources, stage, N::KIND, name, spec));
                    return;
                }
                Ok(_) => format!(
                    "the {} is not written: it is larger than {} bytes",
                    N::KIND,
                    Self::MAX_SPEC
                ),
                Err(error) => format!("the {} is not written: {error}", N::KIND),
            }
        } else {
            format!("the {} is not written: `{name}` is not a valid object name", N::KIND)
        };
        for object in reportable(&sources) {
            let code = Code::Inexpressible;
            self.report(Diagnostic::new(
                code,
                object.clone(),
                FieldPath::root(),
                refusal.clone(),
            ));
        }
    }

    /// Adds all manifests and diagnostics of another translation.
    pub fn append(&mut self, other: Self) {
        self.manifests.extend(other.manifests);
        self.diagnostics.extend(other.diagnostics);
    }

    /// Adds a diagnostic.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// The kinds of an adapter that a cluster serves or lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    /// Kinds of the adapter that the cluster serves.
    pub served: Vec<Kind>,
    /// Kinds of the adapter that it does not serve.
    pub missing: Vec<Kind>,
}
