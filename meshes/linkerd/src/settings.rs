//! How a mesh is set up.

use super::access::{Cidr, DefaultPolicy};
use std::collections::BTreeSet;

/// Linkerd's policy controller and proxy of August 2026, as a function.
#[derive(Clone, Debug)]
pub struct LinkerdMesh {
    /// Ports that carry opaque bytes, on services without an annotation of their own: `proxy.opaquePorts` of
    /// Linkerd's chart.
    pub opaque_ports: BTreeSet<u16>,
    /// Ports whose traffic never enters the client's proxy: `proxyInit.ignoreOutboundPorts` of the chart.
    pub ignored_ports: BTreeSet<u16>,
    /// Ports whose traffic never enters the server's proxy, on pods without an annotation of their own:
    /// `proxyInit.ignoreInboundPorts` of the chart.
    pub ignored_inbound_ports: BTreeSet<u16>,
    /// Whom ports without a Server let in, on pods without an annotation of their own:
    /// `proxy.defaultInboundPolicy` of the chart.
    pub default_inbound_policy: DefaultPolicy,
    /// The networks that policies like `cluster-authenticated` mean: `clusterNetworks` of the chart.
    pub cluster_networks: Vec<Cidr>,
    /// The networks that the kubelet's probes may come from: `policyController.probeNetworks` of the chart.
    pub probe_networks: Vec<Cidr>,
    /// The namespace of the control plane, which is part of identities.
    pub control_plane_namespace: String,
    /// The trust domain of identities: `identityTrustDomain` of the chart. By default it is the DNS domain of the
    /// cluster.
    pub trust_domain: Option<String>,
}

/// The values of Linkerd's chart.
impl Default for LinkerdMesh {
    fn default() -> Self {
        Self {
            opaque_ports: BTreeSet::from([25, 587, 3306, 4444, 5432, 6379, 9300, 11211]),
            ignored_ports: BTreeSet::from([4567, 4568]),
            ignored_inbound_ports: BTreeSet::from([4567, 4568]),
            default_inbound_policy: DefaultPolicy::AllUnauthenticated,
            cluster_networks: networks(&[
                "10.0.0.0/8",
                "100.64.0.0/10",
                "172.16.0.0/12",
                "192.168.0.0/16",
                "fd00::/8",
            ]),
            probe_networks: networks(&["0.0.0.0/0", "::/0"]),
            control_plane_namespace: "linkerd".into(),
            trust_domain: None,
        }
    }
}

/// Those of the texts that are networks, which all are.
fn networks(texts: &[&str]) -> Vec<Cidr> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_default_networks_are_networks() {
        let mesh = LinkerdMesh::default();
        assert_eq!((mesh.cluster_networks.len(), mesh.probe_networks.len()), (5, 2));
    }
}
