//! Ports: the backends that get a share on each port of the root (T20 to T25).

use super::spec::{Prepared, Weighted};
use super::{Competing, Context};
use crate::diagnostic::{Code, Diagnostic, PortSet};
use crate::model::route::{Backend, PortRoute, PortSplit, Root};
use crate::object::{ObjectKey, ObjectRef, SmolStr, is_dns_label};
use crate::resolve::view::View;
use crate::resolve::{Report, missing};
use crate::weights::gcd;
use k8s_openapi::api::core::v1::{Service, ServicePort};
use std::collections::{BTreeMap, BTreeSet};

/// A TCP port of a root.
pub(super) struct RootPort {
    number: u16,
    name: Option<SmolStr>,
    app_protocol: Option<SmolStr>,
}

impl RootPort {
    pub(super) fn number(&self) -> u16 {
        self.number
    }

    /// Returns the route of the port, without splits.
    pub(super) fn empty(&self) -> PortRoute {
        PortRoute {
            port: self.number,
            name: self.name.clone(),
            app_protocol: self.app_protocol.clone(),
            conditional: Vec::new(),
            default: None,
        }
    }
}

/// Returns the TCP ports of a root service, by number.
///
/// # Errors
///
/// Returns the reason if the service cannot be a root (T40).
pub(super) fn of_service(view: View<'_>, key: &ObjectKey) -> Result<Vec<RootPort>, String> {
    let Some(service) = present(view, &key.namespace, &key.name) else {
        return Err(missing::service(view, key));
    };
    let ports: BTreeMap<u16, RootPort> = tcp_ports(service)
        .map(|(number, port)| {
            let port = RootPort {
                number,
                name: port.name.as_ref().map(SmolStr::new),
                app_protocol: port.app_protocol.as_ref().map(SmolStr::new),
            };
            (number, port)
        })
        .collect();
    if ports.is_empty() {
        Err("has no TCP port".to_owned())
    } else {
        Ok(ports.into_values().collect())
    }
}

/// Returns the ports of a root that is not a service: those of its backends.
pub(super) fn of_backends(view: View<'_>, splits: &Competing<'_>) -> Vec<RootPort> {
    let backends = splits.iter().flat_map(|(key, split)| {
        let backends = split.spec.iter().flat_map(|spec| &spec.backends);
        backends.filter_map(|backend| present(view, &key.namespace, &backend.service))
    });
    let numbers: BTreeSet<u16> = backends
        .flat_map(|service| tcp_ports(service).map(|(number, _)| number))
        .collect();
    let port = |number| RootPort {
        number,
        name: None,
        app_protocol: None,
    };
    numbers.into_iter().map(port).collect()
}

/// Returns the service of this name if it can be a backend. A service of type ExternalName counts as absent (T5, T25).
fn present<'a>(view: View<'a>, namespace: &str, name: &str) -> Option<&'a Service> {
    view.service(&ObjectKey::new(namespace, name))
        .filter(|service| !missing::is_external_name(service))
}

/// Returns `true` if a service is headless, that is, has no cluster IP.
pub(super) fn is_headless(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.cluster_ip.as_deref()) == Some("None")
}

fn tcp_ports(service: &Service) -> impl Iterator<Item = (u16, &ServicePort)> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ports
        .filter(|port| matches!(port.protocol.as_deref(), None | Some("" | "TCP")))
        .filter_map(|port| Some((u16::try_from(port.port).ok().filter(|number| *number > 0)?, port)))
}

/// Returns the shares of each port; `None` where the split is passed over.
pub(super) fn shares(
    context: &Context<'_>,
    object: &ObjectRef,
    prepared: &Prepared,
    report: &mut Report,
) -> Vec<Option<PortSplit>> {
    let backends: Vec<(&Weighted, Option<&Service>)> = prepared
        .backends
        .iter()
        .map(|backend| {
            let service = present(context.view, context.namespace(), &backend.service);
            (backend, service.filter(|_| !backend.is_absent))
        })
        .collect();
    report_backends(context, object, &backends, report);

    let split = |backends| PortSplit {
        key: object.key.clone(),
        backends,
    };
    let ports = context.ports.iter();
    let on_ports: Vec<_> = ports.map(|port| share(context, port, &backends).map(split)).collect();
    let without = context.ports.iter().zip(&on_ports).filter(|(_, split)| split.is_none());
    let unusable: Vec<u16> = without.map(|(port, _)| port.number).collect();
    if let Some((ports, message)) = none_usable(context, &unusable) {
        let diagnostic = Diagnostic::new(Code::NoUsableBackend, object.clone(), "spec.backends".into(), message);
        report.push(diagnostic.on_ports(ports));
    }
    on_ports
}

/// Returns the ports on which the split is passed over, and the message that reports them (T23).
fn none_usable(context: &Context<'_>, unusable: &[u16]) -> Option<(PortSet, String)> {
    if context.ports.is_empty() {
        return Some((
            PortSet::All,
            "no backend has a TCP port, so the split is passed over".to_owned(),
        ));
    }
    if unusable.is_empty() {
        return None;
    }
    let message = format!(
        "no usable backend is left on {} of the root, so the split is passed over there",
        list(unusable)
    );
    Some((unusable.iter().copied().collect(), message))
}

/// Returns the shares of one port; `None` if no present backend with a positive weight has the port.
fn share(context: &Context<'_>, port: &RootPort, backends: &[(&Weighted, Option<&Service>)]) -> Option<Vec<Backend>> {
    let mut shares: Vec<Backend> = Vec::with_capacity(backends.len());
    let mut absent = 0;
    for (backend, service) in backends.iter().filter(|(backend, _)| backend.nanos > 0) {
        match service {
            None => absent += backend.nanos,
            Some(service) if tcp_ports(service).any(|(number, _)| number == port.number) => shares.push(Backend {
                service: backend.service.clone(),
                weight: backend.nanos,
                headless: is_headless(service),
            }),
            Some(_) => {}
        }
    }
    if shares.is_empty() {
        return None;
    }
    if absent > 0 {
        // T25: the root stands in for them. An external host cannot.
        let Root::Service(key @ ObjectKey { name, .. }) = context.root else {
            return None;
        };
        let root_is_headless = context.view.service(key).is_some_and(is_headless);
        match shares.iter_mut().find(|share| share.service == *name) {
            Some(own) => own.weight += absent,
            None => shares.push(Backend {
                service: name.clone(),
                weight: absent,
                headless: root_is_headless,
            }),
        }
    }
    let divisor = shares.iter().map(|share| share.weight).fold(0, gcd);
    for share in &mut shares {
        share.weight /= divisor;
    }
    Some(shares)
}

/// Reports the backends that are absent, lack ports or declare other protocols than the root.
fn report_backends(
    context: &Context<'_>,
    object: &ObjectRef,
    backends: &[(&Weighted, Option<&Service>)],
    report: &mut Report,
) {
    for (backend, service) in backends {
        match service {
            Some(service) => {
                report.extend(mismatch(context, object, backend, service));
                report.extend(other_protocols(context, object, backend, service));
            }
            // T25. An invalid name (T32) and an unknown field (I8) are violations.
            None if backend.nanos > 0 && is_dns_label(&backend.service) && !backend.is_absent => {
                report.push(absent(context, object, backend));
            }
            None => {}
        }
    }
}

/// Returns the diagnostic on a backend that counts as absent (T25).
fn absent(context: &Context<'_>, object: &ObjectRef, backend: &Weighted) -> Diagnostic {
    let consequence = match context.root {
        Root::Service(_) => "the root gets its share on each port that another backend serves",
        Root::External { .. } => "the split is passed over",
    };
    let key = ObjectKey::new(context.namespace(), &backend.service);
    let why = missing::service(context.view, &key);
    let message = format!("backend `{}` {why}; {consequence}", backend.service);
    let diagnostic = backend.diagnostic(Code::BackendMissing, object, message);
    diagnostic.caused_by(ObjectRef::service(key))
}

/// Returns the diagnostic on a backend that lacks ports of the root, if it does (T20, T23).
fn mismatch(context: &Context<'_>, object: &ObjectRef, backend: &Weighted, service: &Service) -> Option<Diagnostic> {
    let unmatched = context.ports.iter().filter(|port| counterpart(service, port).is_none());
    let missing: Vec<u16> = unmatched.map(|port| port.number).collect();
    if missing.is_empty() {
        return None;
    }
    let message = format!(
        "`{}` does not have TCP {}, so it gets no traffic there",
        backend.service,
        list(&missing)
    );
    let diagnostic = backend.diagnostic(Code::PortMismatch, object, message);
    Some(diagnostic.on_ports(missing.into_iter().collect()))
}

/// Returns the diagnostics on the ports for which a backend declares another application protocol than the root (T21).
fn other_protocols(
    context: &Context<'_>,
    object: &ObjectRef,
    backend: &Weighted,
    service: &Service,
) -> impl Iterator<Item = Diagnostic> {
    context.ports.iter().filter_map(move |port| {
        let theirs = counterpart(service, port)?.app_protocol.as_deref()?;
        let ours = port.app_protocol.as_deref().filter(|ours| *ours != theirs)?;
        let (name, number) = (&backend.service, port.number);
        let message = format!("`{name}` declares `{theirs}` on port {number}, but the root declares `{ours}`");
        let diagnostic = backend.diagnostic(Code::AppProtocolDiffers, object, message);
        Some(diagnostic.on_port(number))
    })
}

/// Returns the port of a backend for a port of the root. If several have the same number, the last counts.
fn counterpart<'a>(service: &'a Service, port: &RootPort) -> Option<&'a ServicePort> {
    let same = tcp_ports(service).filter(|(number, _)| *number == port.number);
    same.last().map(|(_, port)| port)
}

/// Writes `port 80` or `ports 80, 443`.
fn list(ports: &[u16]) -> String {
    let noun = if ports.len() == 1 { "port" } else { "ports" };
    let numbers: Vec<String> = ports.iter().map(u16::to_string).collect();
    format!("{noun} {}", numbers.join(", "))
}
