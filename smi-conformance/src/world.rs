//! Worlds: tiny clusters with everything that the meaning of SMI objects depends on, full of colliding names.

pub mod backends;
pub mod groups;
pub mod json;
pub mod real;
pub mod reduce;
pub mod regexes;
pub mod services;
pub mod splits;
pub mod stray;
pub mod targets;
pub mod workloads;

use groups::{Group, Match};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use services::Service;
use smi_adapter::object::DEFAULT_NAMESPACE;
use smi_adapter::settings::{Enforcement, HeaderAnchor, PathAnchor, Scope, Settings, UnknownFields};
use smi_adapter::snapshot::{Snapshot, SnapshotBuilder};
use smi_adapter::yaml::Document;
use splits::Split;
use std::collections::BTreeSet;
use std::fmt::{self, Display};
use stray::Stray;
use targets::{Referred, Target};
use workloads::{Namespace, Workload};

/// The namespaces of all worlds. Nearly everything is in the first one.
pub const NAMESPACES: [&str; 2] = ["ns-a", "ns-b"];
/// The names of Services, in both namespaces. Nearly all splits have the first one as their root.
pub const SERVICES: [&str; 4] = ["web", "web-v1", "web-v2", "other"];

/// The objects of a cluster or a set of manifests, with the settings of its operator.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// The Services.
    pub services: Vec<Service>,
    /// The route groups.
    pub groups: Vec<Group>,
    /// The splits.
    pub splits: Vec<Split>,
    /// The objects of access control; empty in a world of routing.
    pub access: Access,
    /// The place of a field that no type has, if there is one.
    pub stray: Option<Stray>,
    /// The settings.
    pub settings: Settings,
}

/// The objects of access control, except route groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Access {
    /// The Namespace objects, with their labels.
    pub namespaces: Vec<Namespace>,
    /// The workloads.
    pub workloads: Vec<Workload>,
    /// The traffic targets.
    pub targets: Vec<Target>,
    /// TCP and UDP routes and identity bindings.
    pub referred: Vec<Referred>,
}

impl Access {
    fn any() -> impl Strategy<Value = Self> {
        let workloads = prop_oneof![12 => vec(Workload::any().boxed(), 2..=4), 2 => vec(Workload::any().boxed(), 1)];
        let targets = prop_oneof![12 => vec(Target::any().boxed(), 1..=4), 1 => Just(Vec::new())];
        (
            Namespace::all().boxed(),
            workloads.boxed(),
            targets.boxed(),
            Referred::all().boxed(),
        )
            .prop_map(|(namespaces, mut workloads, mut targets, referred)| {
                for namespace in NAMESPACES {
                    let own = workloads.iter_mut().filter(|workload| workload.namespace == namespace);
                    for (place, workload) in own.enumerate() {
                        workload.name = format!("work-{place}");
                    }
                    let own = targets.iter_mut().filter(|target| target.namespace == namespace);
                    for (place, target) in own.enumerate() {
                        target.name = format!("target-{place}");
                    }
                }
                Self {
                    namespaces,
                    workloads,
                    targets,
                    referred,
                }
            })
    }

    fn documents(&self) -> impl Iterator<Item = Value> {
        let namespaces = self.namespaces.iter().map(Namespace::document);
        let workloads = self.workloads.iter().flat_map(Workload::documents);
        let referred = self.referred.iter().flat_map(Referred::documents);
        let targets = self.targets.iter().flat_map(Target::documents);
        namespaces.chain(workloads).chain(referred).chain(targets)
    }
}

impl World {
    /// Returns the strategy of all worlds of access control, some of them with a split.
    pub fn of_access() -> impl Strategy<Value = Self> {
        let enforcement = prop_oneof![
            20 => Just(Enforcement::Targets),
            4 => Just(Enforcement::All { except: BTreeSet::new() }),
            1 => Just(Enforcement::All { except: BTreeSet::from([NAMESPACES[1].to_owned()]) }),
            1 => Just(Enforcement::Off),
        ];
        let domain = prop_oneof![8 => Just("cluster.local"), 1 => Just("example.org")];
        let chosen = (
            enforcement,
            domain,
            proptest::bool::weighted(0.05),
            proptest::bool::weighted(0.3),
        );
        (Self::any().boxed(), Access::any().boxed(), chosen).prop_map(
            |(mut world, access, (enforcement, trust_domain, foreign, http))| {
                world.splits.truncate(1);
                // Some ports are declared with a protocol other than HTTP (A14).
                let others = world.services.iter_mut().filter(|service| service.name != SERVICES[0]);
                for port in others.flat_map(|service| &mut service.ports) {
                    port.app = port.app.map(|app| if app == "grpc" { "tcp" } else { app });
                }
                let webs = world
                    .services
                    .iter_mut()
                    .filter(|service| http && service.name == SERVICES[0]);
                for port in webs.filter_map(|service| service.ports.first_mut()) {
                    port.app = Some("http");
                }
                world.access = access;
                world.settings.enforcement = enforcement;
                trust_domain.clone_into(&mut world.settings.trust_domain);
                world.settings.foreign_destinations = foreign;
                world
            },
        )
    }

    /// Returns the strategy of all worlds of routing.
    pub fn any() -> impl Strategy<Value = Self> {
        let (group, split) = (|| Group::any().boxed(), || Split::any().boxed());
        (
            // On the heap, since generators of worlds are large and the stacks of tests are small.
            Service::all().boxed(),
            prop_oneof![12 => vec(group(), 2..=3), 3 => vec(group(), 1), 1 => Just(Vec::new())].boxed(),
            prop_oneof![12 => vec(split(), 2..=5), 2 => vec(split(), 1), 1 => Just(Vec::new())].boxed(),
            (settings().boxed(), Stray::rarely()),
        )
            .prop_map(|(services, mut groups, mut splits, (settings, stray))| {
                // Names come from positions, so that they stay short, distinct and ordered during shrinking.
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
                    access: Access::default(),
                    stray,
                    settings,
                }
            })
    }

    /// Returns the manifests.
    #[must_use]
    pub fn documents(&self) -> Vec<Value> {
        let domain = &self.settings.cluster_domain;
        let services = self.services.iter().flat_map(Service::documents);
        let groups = self.groups.iter().flat_map(Group::documents);
        let splits = self.splits.iter().flat_map(|split| split.documents(domain));
        let mut documents: Vec<Value> = services
            .chain(groups)
            .chain(splits)
            .chain(self.access.documents())
            .collect();
        if let Some(stray) = self.stray {
            stray.put(&mut documents);
        }
        documents
    }

    /// Returns the Service with this namespace and name.
    #[must_use]
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        let mut services = self.services.iter();
        services.find(|service| service.namespace == namespace && service.name == name)
    }

    /// Returns the matches that a split refers to.
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
    // A domain with one label can be mistaken for a namespace (T3).
    let domain = prop_oneof![
        24 => Just("cluster.local"),
        2 => Just("example.org"),
        1 => Just("ns-a"),
        1 => Just("svc"),
    ];
    let unknown = prop_oneof![9 => Just(UnknownFields::Restrict), 1 => Just(UnknownFields::Ignore)];
    (scope, path, header, domain, unknown).prop_map(|(scope, path, header, domain, unknown)| {
        let mut settings = Settings::default();
        settings.scope = scope;
        settings.path_anchor = path;
        settings.header_anchor = header;
        settings.unknown_fields = unknown;
        domain.clone_into(&mut settings.cluster_domain);
        settings
    })
}

/// Writes one manifest per line, then the settings.
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
            trust_domain,
            enforcement,
            unknown_fields,
            ..
        } = &self.settings;
        write!(
            f,
            "scope {scope:?}, path {path_anchor:?}, headers {header_anchor:?}, domain {cluster_domain}, trust domain {trust_domain}, enforcement {enforcement:?}, unknown fields {unknown_fields:?}"
        )
    }
}

/// Reads manifests as an embedder does.
pub fn snapshot<'d>(documents: impl IntoIterator<Item = &'d Value>) -> Snapshot {
    let mut input = SnapshotBuilder::default();
    for document in documents {
        // A document that does not identify its object has no effect.
        _ = Document::from_value(document.clone(), DEFAULT_NAMESPACE).add_to(&mut input);
    }
    input.build()
}
