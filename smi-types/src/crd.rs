//! CRDs that make a cluster accept SMI objects: one per kind, with all of its versions.
//!
//! [`crds`] returns them with settings that suit most clusters. The folder `crds` of this crate has the same CRDs as
//! YAML. [`Crd`] builds a CRD with other settings.
//!
//! # Versions
//!
//! Every version of a kind is listed, so that these CRDs can replace any others: an API server rejects a CRD that lacks
//! a version in which objects may be stored. These CRDs have no conversion webhook, so a version is only a view. The
//! API server rewrites `apiVersion` and drops the fields that the schema of the version lacks. Therefore:
//!
//! * Versions are served together only if they have their fields in the same places. v1alpha1 and v1alpha2 of
//!   `HTTPRouteGroup` and v1alpha1 of `TrafficTarget` have no `spec`. They are not served beside later versions, in
//!   which their objects would be empty.
//! * Versions of one shape share one schema with the fields of all of them. An object that is written in one of them
//!   is complete in each, and can be written back through each.
//! * Objects are stored in the newest released version, as with the CRDs of the specification's Go SDK, so that either
//!   set of CRDs can replace the other.
//!
//! Objects that are stored in a version of another shape survive the installation of these CRDs, but appear empty, and
//! a client that writes them back deletes their content. Serve the version in which they are stored ([`Crd::serve`]),
//! or rewrite them.
//!
//! # Validation
//!
//! A schema rejects objects that have no meaning by the [rules](crate::rules), and accepts every meaningful object that
//! published CRDs accept. It does not reject an object that merely allows less, such as a traffic target without
//! sources, because a rejected update would leave the wider target in place.
//!
//! Schemas do not mention `null`: an API server drops it if a field is not nullable, and Go writers use it for absence.
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

/// Returns the CRDs of all SMI kinds. They list every version, serve those that can be served together, and have a
/// status.
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

/// The CRD of one kind, with settings for the served versions, the storage version and the status of objects.
///
/// A CRD for a cluster in which linkerd-smi has stored splits:
///
/// ```
/// use smi_types::Version;
/// use smi_types::crd::{Crd, Kind};
///
/// let crd = Crd::new(Kind::TrafficSplit)
///     .serve(Version::V1Alpha1, [Version::V1Alpha2])?
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
    /// The versions to serve. They include `storage` and no version of another shape.
    served: BTreeSet<Version>,
    status: bool,
}

/// An error that occurs when one CRD cannot serve the requested versions.
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
    /// The two versions have their fields in different places, and an API server does not move them.
    #[error(
        "`{kind}` cannot be stored as `{storage}` and served as `{version}`: the versions have their fields in \
         different places, and without a conversion webhook an API server drops them"
    )]
    TwoShapes {
        /// The kind.
        kind: Kind,
        /// The requested storage version.
        storage: Version,
        /// The version that cannot be served beside it.
        version: Version,
    },
}

impl Crd {
    /// Creates the CRD of a kind with the settings of [`crds`].
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let facts = kind.facts();
        Self {
            kind,
            storage: facts.storage,
            served: facts.versions_like(facts.storage),
            status: true,
        }
    }

    /// Stores objects in the version `storage`, and serves that version and `others` instead of the default ones.
    ///
    /// Objects that were stored in another version of the same shape remain unchanged and complete.
    ///
    /// # Errors
    /// Returns an error if the kind lacks one of the versions, or if one of them has its fields in other places than
    /// `storage`.
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

    /// Sets whether objects have a status, which only clients with access to the subresource `status` can write. By
    /// default they have one, although most published CRDs have none: without it, an operator cannot report the
    /// state of an object.
    ///
    /// A status accepts any fields, and `conditions` in the usual form of Kubernetes. Two of them are columns in the
    /// output of `kubectl get`: `Accepted` and `Programmed`.
    #[must_use]
    pub fn status(mut self, status: bool) -> Self {
        self.status = status;
        self
    }

    /// Builds the object to be installed.
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
            additional_printer_columns: self.columns(version),
            ..CustomResourceDefinitionVersion::default()
        })
    }

    /// Returns the columns in the output of `kubectl get`.
    fn columns(&self, version: Version) -> Option<Vec<CustomResourceColumnDefinition>> {
        let mut columns = Vec::new();
        match self.kind {
            Kind::TrafficSplit => columns.extend([
                column("Service", ".spec.service", "The root service, whose traffic is split."),
                CustomResourceColumnDefinition {
                    // Shown on request only.
                    priority: Some(1),
                    // As JSON: of several results of a path, an API server shows only the first one.
                    ..column(
                        "Backends",
                        ".spec.backends",
                        "The services that share the traffic, with their weights.",
                    )
                },
            ]),
            Kind::TrafficTarget => columns.push(column(
                "Destination",
                // v1alpha1 has no `spec`.
                if version == Version::V1Alpha1 {
                    ".destination.name"
                } else {
                    ".spec.destination.name"
                },
                "The name of the destination: a service account or an identity binding.",
            )),
            Kind::HTTPRouteGroup | Kind::TCPRoute | Kind::UDPRoute | Kind::IdentityBinding => {}
        }
        if self.status {
            columns.extend([
                column(
                    "Accepted",
                    ".status.conditions[?(@.type==\"Accepted\")].status",
                    "Whether the object is valid by itself.",
                ),
                column(
                    "Programmed",
                    ".status.conditions[?(@.type==\"Programmed\")].status",
                    "Whether the whole object is in force.",
                ),
            ]);
        }
        // Without columns, an API server shows the age by itself.
        if columns.is_empty() {
            return None;
        }
        columns.push(CustomResourceColumnDefinition {
            type_: "date".into(),
            ..column(
                "Age",
                ".metadata.creationTimestamp",
                "The time since the object was created.",
            )
        });
        Some(columns)
    }
}

/// Returns a column with text.
fn column(name: &str, path: &str, description: &str) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.into(),
        type_: "string".into(),
        description: Some(description.into()),
        json_path: path.into(),
        ..CustomResourceColumnDefinition::default()
    }
}

#[cfg(test)]
mod tests;
