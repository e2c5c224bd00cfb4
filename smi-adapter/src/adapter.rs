//! The trait that a mesh's adapter implements.

mod match_report;

pub use match_report::MatchReport;

use crate::cluster::{Cluster, Error};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Manifest, Native, NativeObject, Stage, authors};
use crate::model::Policy;
use crate::object::{Kind, ObjectRef, is_dns_subdomain};
use crate::plan::{Observed, Planned};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use async_trait::async_trait;
use serde_json::Value;
use smi_types::FieldPath;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// Says SMI policies in one mesh's own resources.
///
/// The contract is between the adapter and whoever calls [`MeshAdapterExt::plan`]. It is object-safe:
/// embedders hold an `Arc<dyn MeshAdapter>`.
///
/// # Contract
/// For every policy, [`translate`](Self::translate) is total, deterministic and honest: it never panics,
/// equal policies give equal output, and what the mesh cannot express is reported and never dropped. It
/// emits only kinds listed by [`kinds`](Self::kinds), into the policy's own namespace, under names that
/// no other policy uses.
#[async_trait]
pub trait MeshAdapter: Debug + Send + Sync + 'static {
    /// Short, stable, DNS-safe name, for example `istio`. It labels every object that the adapter writes.
    fn name(&self) -> &str;

    /// Native kinds that this adapter writes, in the order in which they are written within a stage.
    fn kinds(&self) -> &[Kind];

    /// Native kinds beside those of [`kinds`](Self::kinds) whose objects of others change what ours do.
    fn reads(&self) -> &[Kind] {
        &[]
    }

    /// How well this adapter expresses `feature`.
    fn support(&self, feature: Feature) -> Support;

    /// The native objects that give `policy` its meaning on this mesh.
    fn translate(&self, policy: &Policy) -> Translation;

    /// What native objects of others do to ours, for example a route of somebody else for the same host.
    ///
    /// `desired` are all manifests of a plan, with the creation time of those that exist; `foreign` are
    /// the objects of `kinds` and `reads` that are not ours, in all namespaces.
    fn review(&self, desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
        let (_, _) = (desired, foreign);
        Vec::new()
    }

    /// Whether the mesh is there.
    ///
    /// # Errors
    /// If the API server cannot be asked.
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

/// What callers do with an adapter. Implemented for every adapter.
#[async_trait]
pub trait MeshAdapterExt: MeshAdapter {
    /// Works out what has to be written and deleted so that the mesh does what the SMI objects say.
    ///
    /// It is pure: equal arguments give equal plans. For a look at what would be written, leave
    /// `observed` empty.
    fn plan(&self, snapshot: &Snapshot, settings: &Settings, observed: &Observed) -> Planned;

    /// Lists the native objects that a plan compares with: ours, and those of others for a review.
    ///
    /// # Errors
    /// If a list cannot be had. A kind that is not served has no objects.
    async fn observe(&self, cluster: &dyn Cluster, settings: &Settings) -> Result<Observed, Error>;
}

#[async_trait]
impl<A: MeshAdapter + ?Sized> MeshAdapterExt for A {
    fn plan(&self, snapshot: &Snapshot, settings: &Settings, observed: &Observed) -> Planned {
        crate::plan::plan(self, snapshot, settings, observed)
    }

    async fn observe(&self, cluster: &dyn Cluster, settings: &Settings) -> Result<Observed, Error> {
        let mut objects = Vec::new();
        for kind in self.kinds().iter().chain(self.reads()) {
            if cluster.serves(kind).await? {
                objects.extend(cluster.list(kind).await?);
            }
        }
        Ok(Observed::new(self.name(), settings, objects))
    }
}

/// What an adapter may be able to express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// A split of HTTP requests by weight.
    HttpSplit,
    /// A split of TCP connections by weight.
    TcpSplit,
    /// A split of the HTTP requests that fulfil a route group (T12).
    ConditionalSplit,
    /// That whatever no traffic target allows is denied, for TCP (A2).
    DenyByDefault,
    /// A grant of TCP connections (A13).
    TcpAccess,
    /// A grant of the HTTP requests that fulfil a route group (A12).
    HttpAccess,
    /// Grants of datagrams, and that all others are denied (A12).
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

/// How well an adapter expresses a feature. Each reason is a sentence for users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// Exactly as the specification says.
    Full,
    /// Exactly but for what the reason names; every such case is reported.
    Partial(Cow<'static, str>),
    /// Not at all, for this reason; every use is reported.
    None(Cow<'static, str>),
}

/// What a policy becomes on a mesh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translation {
    /// The native objects.
    pub manifests: Vec<Manifest>,
    /// The parts of the policy that the mesh cannot express, and other facts for their authors. For each split that the
    /// manifests leave out on a port there is one that [disables](Diagnostic::disables_split_on) it there.
    pub diagnostics: Vec<Diagnostic>,
}

impl Translation {
    /// The largest spec that is emitted, in bytes as JSON, roughly. An API server keeps objects of up to
    /// 1.5 MB, together with what it notes in their metadata.
    pub const MAX_SPEC: usize = 1_000_000;

    /// Adds a native object of `policy` named `name`.
    ///
    /// What no API server takes is reported instead, on every split or traffic target of the policy: a name that is
    /// no DNS subdomain, a spec that is too large or cannot be written as JSON.
    pub fn emit<N: Native>(&mut self, policy: &Policy, stage: Stage, name: &str, spec: &N) {
        self.emit_for(policy, policy.sources(), stage, name, spec);
    }

    /// Like [`emit`](Self::emit), for an object that exists for these objects only, such as a grant of one traffic
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
            match serde_json::to_value(spec) {
                Ok(spec) if size(&spec) <= Self::MAX_SPEC => {
                    self.manifests
                        .push(Manifest::of(policy, sources, stage, N::KIND, name, spec));
                    return;
                }
                Ok(_) => format!("the {} would be larger than {} bytes", N::KIND, Self::MAX_SPEC),
                Err(error) => format!("the {} cannot be written: {error}", N::KIND),
            }
        } else {
            format!("`{name}` is no name for a {}", N::KIND)
        };
        for object in authors(&sources) {
            let code = Code::Inexpressible;
            self.report(Diagnostic::new(
                code,
                object.clone(),
                FieldPath::root(),
                refusal.clone(),
            ));
        }
    }

    /// Adds all of another translation.
    pub fn append(&mut self, other: Self) {
        self.manifests.extend(other.manifests);
        self.diagnostics.extend(other.diagnostics);
    }

    /// Adds a diagnostic.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// The size of a value as JSON, but for escapes.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 5,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => items.iter().map(size).sum::<usize>() + 2,
        Value::Object(fields) => {
            fields
                .iter()
                .map(|(name, value)| name.len() + 4 + size(value))
                .sum::<usize>()
                + 2
        }
    }
}

/// Whether a mesh is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    /// Kinds of the adapter that the cluster serves.
    pub served: Vec<Kind>,
    /// Kinds of the adapter that it does not serve.
    pub missing: Vec<Kind>,
    /// The mesh's version, if it says.
    pub version: Option<String>,
}
