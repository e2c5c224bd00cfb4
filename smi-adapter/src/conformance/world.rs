//! Worlds: everything that meaning depends on, tiny and full of collisions.

pub mod backends;
pub mod groups;
pub mod json;
pub mod real;
pub mod reduce;
pub mod regexes;
pub mod services;
pub mod splits;

use crate::diagnostic::Code;
use crate::object::{ObjectKey, ObjectRef};
use crate::settings::{HeaderAnchor, PathAnchor, Scope, Settings};
use crate::snapshot::{Snapshot, Undecodable};
use groups::{Group, Match};
use k8s_openapi::api::core::v1;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use services::Service;
use smi_types::{FieldPath, Object};
use splits::Split;
use std::fmt::{self, Display};

/// The namespaces. Nearly everything is in the first one.
pub const NAMESPACES: [&str; 2] = ["ns-a", "ns-b"];
/// The names of Services, in both namespaces. Nearly all splits have the first one as their root.
pub const SERVICES: [&str; 4] = ["web", "web-v1", "web-v2", "other"];

/// What a cluster, or a set of manifests, holds, and what its operator chose.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// The Services.
    pub services: Vec<Service>,
    /// The route groups.
    pub groups: Vec<Group>,
    /// The splits.
    pub splits: Vec<Split>,
    /// The choices.
    pub settings: Settings,
}

impl World {
    /// Any world.
    pub fn any() -> impl Strategy<Value = Self> {
        (
            Service::all(),
            prop_oneof![12 => vec(Group::any(), 2..=3), 3 => vec(Group::any(), 1), 1 => Just(Vec::new())],
            prop_oneof![12 => vec(Split::any(), 2..=5), 2 => vec(Split::any(), 1), 1 => Just(Vec::new())],
            settings(),
        )
            .prop_map(|(services, mut groups, mut splits, settings)| {
                // Names come from places, so that they stay short, distinct and in order while something
                // is shrunk away.
                for namespace in NAMESPACES {
                    let own = groups.iter_mut().filter(|group| group.namespace == namespace);
                    for (place, group) in own.enumerate() {
                        group.name = format!("group-{place}");
                    }
                    let own = splits.iter_mut().filter(|split| split.namespace == namespace);
                    for (place, split) in own.enumerate() {
                        split.name = format!("split-{place}");
                    }
                }
                Self {
                    services,
                    groups,
                    splits,
                    settings,
                }
            })
    }

    /// The manifests.
    #[must_use]
    pub fn documents(&self) -> Vec<Value> {
        let domain = &self.settings.cluster_domain;
        let services = self.services.iter().flat_map(Service::documents);
        let groups = self.groups.iter().flat_map(Group::documents);
        let splits = self.splits.iter().flat_map(|split| split.documents(domain));
        services.chain(groups).chain(splits).collect()
    }

    /// The Service with this key.
    #[must_use]
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        let mut services = self.services.iter();
        services.find(|service| service.namespace == namespace && service.name == name)
    }

    /// The matches that a split refers to.
    pub fn matches_of<'w>(&'w self, split: &'w Split) -> impl Iterator<Item = &'w Match> {
        let named = |group: &&Group| {
            let refers = split
                .references()
                .any(|reference| reference.name.value() == Some(&&*group.name));
            group.namespace == split.namespace && refers
        };
        self.groups.iter().filter(named).flat_map(|group| &group.matches)
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    let scope = prop_oneof![
        30 => Just(Scope::All),
        6 => Just(Scope::Namespaces([NAMESPACES[0].to_owned()].into())),
        1 => Just(Scope::Namespaces([NAMESPACES[1].to_owned()].into())),
    ];
    let path = prop_oneof![2 => Just(PathAnchor::Full), 1 => Just(PathAnchor::Start)];
    let header = prop_oneof![2 => Just(HeaderAnchor::Full), 1 => Just(HeaderAnchor::Search)];
    // A domain of one label can be taken for a namespace (T3).
    let domain = prop_oneof![
        24 => Just("cluster.local"),
        2 => Just("example.org"),
        1 => Just("ns-a"),
        1 => Just("svc"),
    ];
    (scope, path, header, domain).prop_map(|(scope, path, header, domain)| Settings {
        scope,
        path_anchor: path,
        header_anchor: header,
        cluster_domain: domain.to_owned(),
        ..Settings::default()
    })
}

/// The manifests one after the other, then the settings.
impl Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for document in self.documents() {
            writeln!(f, "- {document}")?;
        }
        let Settings {
            scope,
            path_anchor,
            header_anchor,
            cluster_domain,
            ..
        } = &self.settings;
        write!(
            f,
            "scope {scope:?}, path {path_anchor:?}, headers {header_anchor:?}, domain {cluster_domain}"
        )
    }
}

/// Reads manifests as an embedder does.
pub fn snapshot<'d>(documents: impl IntoIterator<Item = &'d Value>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for document in documents {
        if document.get("kind").and_then(Value::as_str) == Some("Service") {
            insert_service(&mut snapshot, document);
            continue;
        }
        match Object::from_value(document) {
            Ok(parsed) => _ = snapshot.insert(parsed),
            Err(error) => snapshot.insert_error(&error),
        }
    }
    snapshot
}

fn insert_service(snapshot: &mut Snapshot, document: &Value) {
    match serde_json::from_value::<v1::Service>(document.clone()) {
        Ok(service) => _ = snapshot.insert_service(service),
        Err(error) => {
            let part = |name: &str| document.pointer(name).and_then(Value::as_str).unwrap_or_default();
            let key = ObjectKey::new(part("/metadata/namespace"), part("/metadata/name"));
            let reason = Undecodable {
                code: Code::Undecodable,
                field: FieldPath::root(),
                reason: error.to_string(),
            };
            snapshot.insert_undecodable(ObjectRef::service(key), reason);
        }
    }
}
