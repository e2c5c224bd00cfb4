//! Traffic splits: the effective routing of each port of a root service.

mod ports;
mod spec;

use super::specs::Groups;
use super::{ParsedRoot, Report};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::route::{Conditional, PortRoute, Root, RootService, ServiceRoute, SplitSource};
use crate::model::{Model, Policy, PolicyKey};
use crate::object::{ObjectKey, ObjectRef};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use ports::RootPort;
use smi_types::FieldPath;
use smi_types::split::{Spec, TrafficSplit};
use spec::Prepared;
use std::collections::BTreeMap;

/// The splits that name one root.
type Competing<'a> = Vec<(&'a ObjectKey, &'a TrafficSplit)>;

/// Resolves the splits in scope to one route policy per root.
pub(super) fn routes(snapshot: &Snapshot, settings: &Settings, groups: &Groups, report: &mut Report) -> Model {
    let mut roots = by_root(snapshot, settings, report);
    for splits in roots.values_mut() {
        // T29: the oldest first, a split without a creation time last, then by name.
        splits.sort_by_key(|(key, split)| {
            let created = split.metadata.creation_timestamp.as_ref().map(|time| time.0);
            (created.is_none(), created, &key.name)
        });
    }
    let mut model = Model::default();
    for (root, splits) in &roots {
        let ports = match root {
            Root::Service(key) => match ports::of_service(snapshot, key) {
                Ok(ports) => ports,
                Err(reason) => {
                    // T40
                    for (split, _) in splits {
                        let message = format!("root service `{}` {reason}, so the split has no effect", key.name);
                        let split = ObjectRef::split((*split).clone());
                        let diagnostic = Diagnostic::new(Code::RootUnusable, split, service_field(), message);
                        report.push(diagnostic.caused_by(ObjectRef::service(key.clone())));
                    }
                    Vec::new()
                }
            },
            Root::External { .. } => ports::of_backends(snapshot, splits),
        };
        let context = Context {
            snapshot,
            settings,
            groups,
            roots: &roots,
            root,
            ports: &ports,
        };
        if let Some(route) = context.route(splits, report) {
            model
                .policies
                .insert(PolicyKey::Route(root.key()), Policy::Route(route));
        }
    }
    model
}

fn service_field() -> FieldPath {
    "spec.service".into()
}

/// Groups the splits in scope by their root (T2, T3).
fn by_root<'a>(snapshot: &'a Snapshot, settings: &'a Settings, report: &mut Report) -> BTreeMap<Root, Competing<'a>> {
    let mut roots: BTreeMap<Root, Competing<'a>> = BTreeMap::new();
    for (key, split) in snapshot.scoped(settings).splits() {
        // I7
        let Some(Spec { service, .. }) = &split.spec else {
            continue;
        };
        match ParsedRoot::new(service, &key.namespace, &settings.cluster_domain) {
            ParsedRoot::Service(root) => roots.entry(Root::Service(root)).or_default().push((key, split)),
            ParsedRoot::External(root) => roots.entry(root).or_default().push((key, split)),
            ParsedRoot::UnderDomain => {
                let message = format!(
                    "`{service}` is not a service of namespace `{}`; a split has an effect only in its own namespace",
                    key.namespace
                );
                let split = ObjectRef::split(key.clone());
                report.add(Code::RootNamespace, &split, service_field(), message);
            }
            ParsedRoot::OtherNamespace | ParsedRoot::Invalid => {}
        }
    }
    roots
}

/// The input for resolving the splits of one root.
struct Context<'a> {
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    groups: &'a Groups,
    roots: &'a BTreeMap<Root, Competing<'a>>,
    root: &'a Root,
    ports: &'a [RootPort],
}

impl Context<'_> {
    /// Merges the splits of one root in their order (T29).
    fn route(&self, splits: &Competing<'_>, report: &mut Report) -> Option<ServiceRoute> {
        let mut ports: Vec<PortRoute> = self.ports.iter().map(RootPort::empty).collect();
        let mut sources = Vec::new();
        let mut winner: Option<&ObjectKey> = None;
        let (with_matches, without): (Competing<'_>, Competing<'_>) = splits
            .iter()
            .copied()
            .partition(|(_, split)| split.spec.as_ref().is_some_and(|spec| !spec.matches.is_empty()));

        for (key, split) in with_matches.into_iter().chain(without) {
            let object = ObjectRef::split(key.clone());
            let Some(spec) = &split.spec else { continue };
            let prepared = Prepared::new(spec, &object, self, report);
            if spec.matches.is_empty() {
                if let Some(winner) = winner {
                    let message = format!(
                        "`{winner}` is older and splits the same root without matches; only that split counts, even where it is passed over"
                    );
                    let diagnostic = Diagnostic::new(Code::Conflict, object, service_field(), message);
                    report.push(diagnostic.caused_by(ObjectRef::split(winner.clone())));
                    continue;
                }
                winner = Some(key);
            }
            let root_is_unusable = self.ports.is_empty() && matches!(self.root, Root::Service(_));
            let Some(prepared) = prepared.filter(|_| !root_is_unusable) else {
                continue;
            };
            let mut on_ports = ports::shares(self, &object, &prepared, report);
            if on_ports.is_empty() {
                continue;
            }
            sources.push(source(key, split));
            for (port, split) in ports.iter_mut().filter_map(|port| {
                let split = on_ports.remove(&port.port)?;
                Some((port, split))
            }) {
                match &prepared.matches {
                    Some(matches) => port.conditional.push(Conditional {
                        matches: matches.clone(),
                        split,
                    }),
                    None => port.default = Some(split),
                }
            }
        }

        ports.retain(|port| !port.conditional.is_empty() || port.default.is_some());
        (!ports.is_empty()).then(|| ServiceRoute {
            root: self.root.clone(),
            service: self.service(),
            cluster_domain: self.settings.cluster_domain.clone(),
            splits: sources,
            ports,
        })
    }

    fn service(&self) -> RootService {
        let Root::Service(key) = self.root else {
            return RootService::default();
        };
        let Some(service) = self.snapshot.service(key) else {
            return RootService::default();
        };
        RootService {
            headless: ports::is_headless(service),
            tcp_ports: self.ports.iter().map(RootPort::number).collect(),
            annotations: annotations(&service.metadata),
        }
    }

    fn namespace(&self) -> &str {
        self.root.namespace()
    }

    /// Returns `true` if the backend `service` is the root service itself (T28).
    fn is_root(&self, service: &str) -> bool {
        matches!(self.root, Root::Service(key) if key.name == service)
    }
}

fn source(key: &ObjectKey, split: &TrafficSplit) -> SplitSource {
    let backends = split.spec.iter().flat_map(|spec| &spec.backends);
    SplitSource {
        key: key.clone(),
        api_version: format!("split.smi-spec.io/{}", split.version),
        uid: split.metadata.uid.clone(),
        annotations: annotations(&split.metadata),
        backends: backends.map(|backend| backend.service.clone()).collect(),
    }
}

fn annotations(metadata: &ObjectMeta) -> BTreeMap<String, String> {
    let mut annotations = metadata.annotations.clone().unwrap_or_default();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    annotations
}
