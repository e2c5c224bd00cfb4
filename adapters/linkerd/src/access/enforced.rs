//! Gaps in enforcement: the traffic of a workload that Linkerd cannot deny.

use super::{MAX_SERVERS, Translator};
use smi_adapter::diagnostic::{Code, PortSet};
use std::collections::BTreeSet;

/// The container that every pod in the mesh has.
const PROXY: &str = "linkerd-proxy";
const INJECT: &str = "linkerd.io/inject";
const DEFAULT_POLICY: &str = "config.linkerd.io/default-inbound-policy";
const SKIPPED_PORTS: &str = "config.linkerd.io/skip-inbound-ports";

impl Translator<'_> {
    /// Returns `true` if the proxy will be added to the pods in admission, which they have not passed yet.
    fn is_marked(&self) -> bool {
        matches!(self.access.mark_before_admission(INJECT), Some("enabled" | "ingress"))
    }

    /// Reports the ports that stay open, with the change that would close them.
    pub(super) fn report_open(&mut self) {
        let annotation = |name: &str| self.access.annotations().get(name).map(String::as_str);
        let outside = if self.access.has_host_network() {
            Some("its pods use the network of their node, so no proxy sees their traffic".to_owned())
        } else if annotation(INJECT) == Some("disabled") {
            Some(format!("the annotation `{INJECT}` keeps its pods out of the mesh"))
        } else if self.access.lacks_container(PROXY) && !self.is_marked() {
            Some(format!(
                "some of its pods have no container `{PROXY}`; restart them with the proxy injected"
            ))
        } else {
            None
        };
        if let Some(why) = outside {
            self.report(
                Code::NotEnforced,
                PortSet::All,
                format!("nothing is enforced here: {why}"),
            );
            return;
        }
        let list = annotation(SKIPPED_PORTS).map(str::trim).filter(|list| !list.is_empty());
        let skipped = list.map(|list| {
            let message = format!(
                "ports `{list}` bypass the proxy because of the annotation `{SKIPPED_PORTS}`, so they are open"
            );
            (numbers(list).map_or(PortSet::All, PortSet::Only), message)
        });
        let ignored_ports = self.access.tcp_ports() & &self.linkerd.ignored_inbound_ports;
        let ignored = ignored_ports.into_iter().map(|port| {
            let message =
                format!("port {port} bypasses the proxy in the whole mesh (`ignoreInboundPorts`), so it is open");
            (PortSet::Only([port].into()), message)
        });
        let unseen: Vec<(PortSet, String)> = ignored.chain(skipped).collect();
        let denies_by_default = annotation(DEFAULT_POLICY) == Some("deny");
        for (ports, message) in unseen {
            self.report(Code::NotEnforced, ports, message);
        }
        if denies_by_default {
            return;
        }
        let message = format!(
            "ports that no container, service, route or target names, and the proxy's own ports, are subject to the default policy of the pods; the annotation `{DEFAULT_POLICY}: deny` on the pods closes them"
        );
        self.report(
            Code::NotEnforced,
            PortSet::Except(self.access.tcp_ports().clone()),
            message,
        );
        let beyond = self.beyond();
        if beyond > 0 {
            let message = format!(
                "the workload has more than {MAX_SERVERS} known ports; the {beyond} highest are also subject to the default policy of the pods"
            );
            let beyond = PortSet::Except(self.servers.keys().copied().collect());
            self.report(Code::NotEnforced, beyond, message);
        }
    }
}

/// Parses a list of ports. Returns `None` if it contains anything but single numbers, for example a range.
fn numbers(list: &str) -> Option<BTreeSet<u16>> {
    let ports = list.split(',').map(str::trim).filter(|port| !port.is_empty());
    ports.map(|port| port.parse().ok()).collect()
}
