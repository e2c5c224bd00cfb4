//! Traffic splits: the effective routing of each port of a root service.

mod ports;
mod spec;

use super::Report;
use super::view::View;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::route::{Conditional, PortRoute, Root, RootService, ServiceRoute, SplitSource};
use crate::object::{ObjectKey, ObjectRef};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use ports::RootPort;
use smi_types::FieldPath;
use smi_types::split::TrafficSplit;
use smol_str::{SmolStr, format_smolstr};
use spec::Prepared;
use std::collections::BTreeMap;

/// The splits that name one root.
type Competing<'a> = Vec<(&'a ObjectKey, &'a TrafficSplit)>;

/// Resolves the splits of one root.
pub(crate) fn route(view: View<'_>, root: &Root, report: &mut Report) -> Option<ServiceRoute> {
    let mut splits: Competing<'_> = view.splits_of(root).collect();
    // T29: the oldest first, a split without a creation time last, then by name.
    splits.sort_by_key(|(key, split)| {
        let created = split.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (created.is_none(), created, &key.name)
    });
    let ports = match root {
        Root::Service(key) => ports::of_service(view, key).unwrap_or_else(|reason| {
            report_unusable(key, &reason, &splits, report);
            Vec::new()
        }),
        Root::External { .. } => ports::of_backends(view, &splits),
    };
    let context = Context {
        view,
        root,
        ports: &ports,
    };
    context.route(&splits, report)
}

/// Reports splits whose root service cannot be used (T40).
fn report_unusable(root: &ObjectKey, reason: &str, splits: &Competing<'_>, report: &mut Report) {
    for (split, _) in splits {
        let message = format!("root service `{}` {reason}, so the split has no effect", root.name);
        let split = ObjectRef::split((*split).clone());
        let diagnostic = Diagnostic::new(Code::RootUnusable, split, service_field(), message);
        report.push(diagnostic.caused_by(ObjectRef::service(root.clone())));
    }
}

fn service_field() -> FieldPath {
    "spec.service".into()
}

/// The input for resolving the splits of one root.
struct Context<'a> {
    view: View<'a>,
    root: &'a Root,
    ports: &'a [RootPort],
}

impl Context<'_> {
    /// Merges the splits of one root in their order (T29).
    fn route(&self, splits: &Competing<'_>, report: &mut Report) -> Option<ServiceRoute> {
        let mut ports: Vec<PortRoute> = self.ports.iter().map(RootPort::empty).collect();
        let mut sources = Vec::with_capacity(splits.len());
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
            let on_ports = ports::shares(self, &object, &prepared, report);
            if on_ports.iter().all(Option::is_none) {
                continue;
            }
            sources.push(source(key, split));
            let on_ports = ports.iter_mut().zip(on_ports);
            for (port, split) in on_ports.filter_map(|(port, split)| Some((port, split?))) {
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
            cluster_domain: SmolStr::new(&self.view.settings.cluster_domain),
            splits: sources,
            ports,
        })
    }

    fn service(&self) -> RootService {
        let Root::Service(key) = self.root else {
            return RootService::default();
        };
        let Some(service) = self.view.service(key) else {
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
        api_version: format_smolstr!("split.smi-spec.io/{}", split.version),
        uid: split.metadata.uid.as_ref().map(SmolStr::new),
        annotations: annotations(&split.metadata),
        backends: backends.map(|backend| SmolStr::new(&backend.service)).collect(),
    }
}

fn annotations(metadata: &ObjectMeta) -> BTreeMap<String, String> {
    let mut annotations = metadata.annotations.clone().unwrap_or_default();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    annotations
}
