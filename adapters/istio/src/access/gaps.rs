//! What no policy of Istio closes.

use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic, Ports};
use smi_adapter::model::access::{NamespaceBaseline, WorkloadAccess};
use smi_adapter::object::ObjectRef;
use smi_adapter::smi_types::FieldPath;
use std::collections::BTreeSet;

const PROXY: &str = "istio-proxy";
const INJECT: &str = "sidecar.istio.io/inject";
const INTERCEPTION: &str = "sidecar.istio.io/interceptionMode";
const EXCLUDE: &str = "traffic.sidecar.istio.io/excludeInboundPorts";
const INCLUDE: &str = "traffic.sidecar.istio.io/includeInboundPorts";

/// Once for a namespace: what holds for every pod of it.
pub(super) fn of_namespace(baseline: &NamespaceBaseline, translation: &mut Translation) {
    let message = "Istio's proxies do not see UDP: whoever sends it gets through, whatever traffic targets say; a NetworkPolicy would close it";
    let namespace = ObjectRef::namespace(baseline.namespace());
    translation.report(Diagnostic::new(
        Code::NotEnforced,
        namespace,
        FieldPath::root(),
        message,
    ));
}

/// What is known of the pods of a workload.
pub(super) fn of_workload(access: &WorkloadAccess, translation: &mut Translation) {
    let annotation = |name: &str| access.annotations().get(name).map(|value| value.trim());
    let mut report = |ports: Ports, message: String| {
        let gap = Diagnostic::new(Code::NotEnforced, access.workload().clone(), FieldPath::root(), message);
        translation.report(gap.on_ports(ports));
    };
    if access.has_host_network() {
        report(
            Ports::All,
            "its pods share the network of their node, where no proxy takes their traffic in; take `hostNetwork` away"
                .to_owned(),
        );
    }
    if access.lacks_container(PROXY) {
        report(
            Ports::All,
            format!(
                "some pod of it runs without the container `{PROXY}`: unless ztunnel takes its traffic in, nothing is denied there; let Istio inject it and start the pod anew"
            ),
        );
    }
    if annotation(INJECT).is_some_and(declines) {
        report(
            Ports::All,
            format!("the annotation `{INJECT}` keeps Istio from injecting its proxy, so that nothing is denied there"),
        );
    }
    if annotation(INTERCEPTION).is_some_and(|mode| mode.eq_ignore_ascii_case("NONE")) {
        report(
            Ports::All,
            format!("the annotation `{INTERCEPTION}` keeps traffic from the proxy, so that nothing is denied there"),
        );
    }
    let listed = |name: &str| annotation(name).map(list);
    if let Some(ports) = listed(EXCLUDE).filter(|ports| !ports.is_empty()) {
        let numbers = numbers(&ports).map_or(Ports::All, Ports::Only);
        let message = format!(
            "the annotation `{EXCLUDE}` keeps traffic from the proxy, so that nothing is denied on port {}",
            joined(ports)
        );
        report(numbers, message);
    }
    if let Some(included) = listed(INCLUDE).filter(|included| !included.contains("*")) {
        let known: Vec<String> = access.tcp_ports().iter().map(u16::to_string).collect();
        let open = known.iter().map(String::as_str).filter(|port| !included.contains(port));
        let open: BTreeSet<&str> = open.collect();
        let known = if open.is_empty() {
            String::new()
        } else {
            format!(", port {} among them", joined(open))
        };
        let numbers = numbers(&included).map_or(Ports::All, Ports::Except);
        let message = format!(
            "the annotation `{INCLUDE}` keeps all ports from the proxy that it does not list{known}; nothing is denied there"
        );
        report(numbers, message);
    }
}

/// Whether Istio's injector takes a value as a no. An empty one leaves it to the namespace.
fn declines(value: &str) -> bool {
    let agrees = ["y", "yes", "true", "on"];
    !value.is_empty() && !agrees.iter().any(|yes| value.eq_ignore_ascii_case(yes))
}

fn list(value: &str) -> BTreeSet<&str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|port| !port.is_empty())
        .collect()
}

/// The numbers of a list; `None` if something in it is no number, since then it is open what Istio makes of it.
fn numbers(list: &BTreeSet<&str>) -> Option<BTreeSet<u16>> {
    list.iter().map(|port| port.parse().ok()).collect()
}

/// Ports, in the order of their numbers.
fn joined(ports: BTreeSet<&str>) -> String {
    let mut ports: Vec<&str> = ports.into_iter().collect();
    ports.sort_by_key(|port| (port.len(), *port));
    let ports: Vec<String> = ports.into_iter().map(|port| format!("`{port}`")).collect();
    ports.join(", ")
}
