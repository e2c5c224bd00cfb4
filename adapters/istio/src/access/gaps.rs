//! Enforcement gaps: traffic that no policy of Istio can deny.

use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic, PortSet};
use smi_adapter::model::access::{NamespaceBaseline, WorkloadAccess};
use smi_adapter::object::ObjectRef;
use smi_adapter::smi_types::FieldPath;
use std::collections::BTreeSet;

const PROXY: &str = "istio-proxy";
const INJECT: &str = "sidecar.istio.io/inject";
const INTERCEPTION: &str = "sidecar.istio.io/interceptionMode";
const EXCLUDE: &str = "traffic.sidecar.istio.io/excludeInboundPorts";
const INCLUDE: &str = "traffic.sidecar.istio.io/includeInboundPorts";

/// Reports the gaps that every pod of a namespace has, once for the namespace.
pub(super) fn of_namespace(baseline: &NamespaceBaseline, translation: &mut Translation) {
    let message = "Istio's proxies do not see UDP, so every sender gets through, regardless of traffic targets; a NetworkPolicy can deny UDP";
    let namespace = ObjectRef::namespace(baseline.namespace());
    translation.report(Diagnostic::new(
        Code::NotEnforced,
        namespace,
        FieldPath::root(),
        message,
    ));
}

/// Reports the gaps that are known from the pods of a workload.
pub(super) fn of_workload(access: &WorkloadAccess, translation: &mut Translation) {
    let annotation = |name: &str| access.annotations().get(name).map(|value| value.trim());
    let mut report = |ports: PortSet, message: String| {
        let gap = Diagnostic::new(Code::NotEnforced, access.workload().clone(), FieldPath::root(), message);
        translation.report(gap.on_ports(ports));
    };
    if access.has_host_network() {
        report(
            PortSet::All,
            "its pods share the network of their node, where no proxy intercepts their traffic, so nothing is denied there; remove `hostNetwork`"
                .to_owned(),
        );
    }
    if access.lacks_container(PROXY) && !is_marked(access) {
        report(
            PortSet::All,
            format!(
                "at least one of its pods runs without the container `{PROXY}`, so nothing is denied there unless ztunnel intercepts its traffic; enable injection and restart the pod"
            ),
        );
    }
    if annotation(INJECT).is_some_and(declines) {
        report(
            PortSet::All,
            format!("the annotation `{INJECT}` disables the injection of Istio's proxy, so nothing is denied there"),
        );
    }
    if annotation(INTERCEPTION).is_some_and(|mode| mode.eq_ignore_ascii_case("NONE")) {
        report(
            PortSet::All,
            format!("the annotation `{INTERCEPTION}` makes traffic bypass the proxy, so nothing is denied there"),
        );
    }
    let listed = |name: &str| annotation(name).map(list);
    if let Some(ports) = listed(EXCLUDE).filter(|ports| !ports.is_empty()) {
        let numbers = numbers(&ports).map_or(PortSet::All, PortSet::Only);
        let message = format!(
            "the annotation `{EXCLUDE}` makes traffic bypass the proxy, so nothing is denied on port {}",
            joined(ports)
        );
        report(numbers, message);
    }
    if let Some(included) = listed(INCLUDE).filter(|included| !included.contains("*")) {
        let known: Vec<String> = access.tcp_ports().iter().map(u16::to_string).collect();
        let open: BTreeSet<&str> = known
            .iter()
            .map(String::as_str)
            .filter(|port| !included.contains(port))
            .collect();
        let known = if open.is_empty() {
            String::new()
        } else {
            format!(", including port {}", joined(open))
        };
        let numbers = numbers(&included).map_or(PortSet::All, PortSet::Except);
        let message = format!(
            "the annotation `{INCLUDE}` makes all ports that it does not list bypass the proxy{known}; nothing is denied there"
        );
        report(numbers, message);
    }
}

/// Returns `true` if the proxy will be added to the pods in admission, which they have not passed yet.
fn is_marked(access: &WorkloadAccess) -> bool {
    let mark = |name: &str| access.mark_before_admission(name).map(str::trim);
    let of_pod = mark(INJECT).filter(|value| !value.is_empty());
    match of_pod {
        Some(value) => !declines(value),
        None => mark("istio-injection") == Some("enabled") || mark("istio.io/rev").is_some_and(|rev| !rev.is_empty()),
    }
}

/// Returns `true` if Istio's injector reads the value as false. An empty value leaves the decision to the namespace.
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

/// Returns the port numbers in a list, or `None` if an item is not a port number: Istio's handling of such a list is
/// unspecified.
fn numbers(list: &BTreeSet<&str>) -> Option<BTreeSet<u16>> {
    list.iter().map(|port| port.parse().ok()).collect()
}

/// Joins ports in the order of their numbers.
fn joined(ports: BTreeSet<&str>) -> String {
    let mut ports: Vec<&str> = ports.into_iter().collect();
    ports.sort_by_key(|port| (port.len(), *port));
    let ports: Vec<String> = ports.into_iter().map(|port| format!("`{port}`")).collect();
    ports.join(", ")
}
