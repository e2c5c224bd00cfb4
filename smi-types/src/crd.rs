//! What to install in a cluster so that it takes SMI objects: one CRD per kind, with all of its versions.
//!
//! [`crds`] has them with the settings that suit most clusters, and the folder `crds` of this crate has the same
//! as YAML. [`Crd`] is for everybody else.
//!
//! # Versions
//!
//! Every version of a kind is listed, so these CRDs can take the place of any others: an API server refuses a CRD
//! without a version in which objects may be stored. No CRD here has a conversion webhook, so a version is only a
//! view: the API server rewrites `apiVersion` and drops what the schema of that version does not know. Hence:
//!
//! * Versions are served together only if their fields stand in the same places. v1alpha1 and v1alpha2 of
//!   `HTTPRouteGroup` and v1alpha1 of `TrafficTarget`, which have no `spec`, are not served beside later ones:
//!   what is written in one of them would be empty in the others.
//! * Versions of one shape have one schema, with the fields of all of them: whatever is written in one of them is
//!   whole in each, and may be written back through each.
//! * Objects are stored in the newest released version, as with the CRDs of the specification's Go SDK. So either
//!   can take the place of the other.
//!
//! Objects that are stored in a version of another shape survive the installation of these CRDs, but read empty, and
//! whoever writes them back empties them. Serve the version in which they are stored ([`Crd::serve`]), or write them
//! anew.
//!
//! # Validation
//!
//! A schema refuses what means nothing by the [rules](crate::rules), and takes whatever published CRDs take
//! and means something. It does not refuse what only allows less, such as a traffic target without sources: to
//! refuse it would leave the wider one in place.
//!
//! `null` needs no word in a schema: an API server drops it where a field is not nullable, and absence is what Go
//! writers mean by it.
#![doc = include_str!("crd/differences.md")]

mod kind;
mod schema;

pub use kind::Kind;

use crate::version::Version;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceConversion, CustomResourceDefinition, CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceSubresourceStatus,
    CustomResourceSubresources, CustomResourceValidation,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kind::Facts;
use std::collections::BTreeSet;

/// The CRDs of all SMI kinds: every version listed, those that can be served together served, without status.
///
/// ```
/// let crds = smi_types::crds();
/// assert_eq!(crds.len(), 6);
/// let split = &crds[0];
/// assert_eq!(split.metadata.name.as_deref(), Some("trafficsplits.split.smi-spec.io"));
/// assert!(split.spec.versions.iter().all(|version| version.served));
/// ```
#[must_use]
pub fn crds() -> Vec<CustomResourceDefinition> {
    Kind::ALL.into_iter().map(|kind| Crd::new(kind).build()).collect()
}

/// The CRD of one kind, with settings: which versions are served, which one is stored, and whether objects have a
/// status.
///
/// A cluster in which linkerd-smi has stored splits, for an operator that reports in the status:
///
/// ```
/// use smi_types::Version;
/// use smi_types::crd::{Crd, Kind};
///
/// let crd = Crd::new(Kind::TrafficSplit)
///     .serve(Version::V1Alpha1, [Version::V1Alpha2])?
///     .status(true)
///     .build();
/// let served: Vec<_> = crd.spec.versions.iter().filter(|version| version.served).collect();
/// assert_eq!(served.len(), 2);
/// # Ok::<(), smi_types::crd::NotServableError>(())
/// ```
///
/// Versions of two shapes cannot be served together:
///
/// ```
/// use smi_types::Version;
/// use smi_types::crd::{Crd, Kind};
///
/// let error = Crd::new(Kind::HTTPRouteGroup).serve(Version::V1Alpha4, [Version::V1Alpha2]).unwrap_err();
/// assert!(error.to_string().starts_with("`HTTPRouteGroup` cannot be stored as `v1alpha4` and served as `v1alpha2`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crd {
    kind: Kind,
    storage: Version,
    /// Has `storage`, and no version of another shape.
    served: BTreeSet<Version>,
    status: bool,
}

/// Why versions cannot be served by one CRD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotServableError {
    /// The kind never had this version.
    #[error("`{kind}` has no version `{version}`")]
    NoVersion {
        /// The kind.
        kind: Kind,
        /// The version that it lacks.
        version: Version,
    },
    /// The fields of the two versions stand in different places, and nothing would move them.
    #[error(
        "`{kind}` cannot be stored as `{storage}` and served as `{version}`: their fields stand in different places, \
         and without a conversion webhook an API server drops them"
    )]
    TwoShapes {
        /// The kind.
        kind: Kind,
        /// The version that was to be stored.
        storage: Version,
        /// The version that cannot be served beside it.
        version: Version,
    },
}

impl Crd {
    /// The CRD of a kind as in [`crds`].
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let facts = kind.facts();
        Self {
            kind,
            storage: facts.storage,
            served: facts.versions_like(facts.storage),
            status: false,
        }
    }

    /// Stores objects in the version `storage`, and serves that and `others` instead of the default.
    ///
    /// Objects that were stored in another version of the same shape stay as they are, and are whole.
    ///
    /// # Errors
    /// If the kind lacks one of the versions, or if the fields of one do not stand where those of `storage` do.
    pub fn serve(
        mut self,
        storage: Version,
        others: impl IntoIterator<Item = Version>,
    ) -> Result<Self, NotServableError> {
        let (kind, facts) = (self.kind, self.kind.facts());
        self.served = BTreeSet::from([storage]);
        self.served.extend(others);
        self.storage = storage;
        let alike = facts.versions_like(storage);
        for version in self.served.iter().copied() {
            if facts.wire(version).is_none() {
                return Err(NotServableError::NoVersion { kind, version });
            }
            if !alike.contains(&version) {
                return Err(NotServableError::TwoShapes { kind, storage, version });
            }
        }
        Ok(self)
    }

    /// Whether objects have a status, which only those write that may write the subresource `status`. By default
    /// they have none, as with most published CRDs.
    ///
    /// A status may hold anything, and `conditions` in the form that all of Kubernetes has.
    #[must_use]
    pub fn status(mut self, status: bool) -> Self {
        self.status = status;
        self
    }

    /// The object to be installed.
    #[must_use]
    pub fn build(&self) -> CustomResourceDefinition {
        let facts = self.kind.facts();
        let Facts {
            group,
            plural,
            short_name,
            ..
        } = facts;
        let versions = Version::ALL.into_iter().rev();
        CustomResourceDefinition {
            metadata: ObjectMeta {
                name: Some(format!("{plural}.{group}")),
                ..ObjectMeta::default()
            },
            spec: CustomResourceDefinitionSpec {
                conversion: Some(CustomResourceConversion {
                    strategy: "None".into(),
                    webhook: None,
                }),
                group: group.into(),
                names: CustomResourceDefinitionNames {
                    kind: self.kind.to_string(),
                    list_kind: Some(format!("{}List", self.kind)),
                    plural: plural.into(),
                    short_names: Some(vec![short_name.into()]),
                    singular: Some(self.kind.as_str().to_ascii_lowercase()),
                    categories: None,
                },
                scope: "Namespaced".into(),
                versions: versions.filter_map(|version| self.version(&facts, version)).collect(),
                preserve_unknown_fields: None,
            },
            status: None,
        }
    }

    fn version(&self, facts: &Facts, version: Version) -> Option<CustomResourceDefinitionVersion> {
        let mut schema = facts.wire(version)?.schema.clone();
        if self.status {
            schema::add_status(&mut schema);
        }
        let column = |service: &str| CustomResourceColumnDefinition {
            name: "Service".into(),
            type_: "string".into(),
            description: Some(service.into()),
            json_path: ".spec.service".into(),
            ..CustomResourceColumnDefinition::default()
        };
        Some(CustomResourceDefinitionVersion {
            name: version.to_string(),
            served: self.served.contains(&version),
            storage: version == self.storage,
            schema: Some(CustomResourceValidation {
                open_api_v3_schema: Some(schema),
            }),
            subresources: self.status.then(|| CustomResourceSubresources {
                status: Some(CustomResourceSubresourceStatus(serde_json::json!({}))),
                scale: None,
            }),
            additional_printer_columns: (self.kind == Kind::TrafficSplit)
                .then(|| vec![column("The root service, whose traffic is split.")]),
            ..CustomResourceDefinitionVersion::default()
        })
    }
}

#[cfg(test)]
mod tests;
