//! Settings of the modelled mesh.

use super::access::{Cidr, DefaultPolicy};
use std::collections::BTreeSet;

/// A model of the policy controller and the proxy of Linkerd, as of August 2026.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LinkerdMesh {
    /// Opaque ports of services without the annotation: `proxy.opaquePorts` of the Helm chart.
    pub opaque_ports: BTreeSet<u16>,
    /// Ports whose traffic never enters the proxy of the client: `proxyInit.ignoreOutboundPorts` of the chart.
    pub ignored_ports: BTreeSet<u16>,
    /// Ports whose traffic never enters the proxy of the server, on pods without the annotation:
    /// `proxyInit.ignoreInboundPorts` of the chart.
    pub ignored_inbound_ports: BTreeSet<u16>,
    /// The policy of ports without a Server, on pods without the annotation: `proxy.defaultInboundPolicy` of the chart.
    pub default_inbound_policy: DefaultPolicy,
    /// The networks to which policies like `cluster-authenticated` refer: `clusterNetworks` of the chart.
    pub cluster_networks: Vec<Cidr>,
    /// The allowed source networks of the kubelet's probes: `policyController.probeNetworks` of the chart.
    pub probe_networks: Vec<Cidr>,
    /// The namespace of the control plane, which is part of identities.
    pub control_plane_namespace: String,
    /// The trust domain of identities: `identityTrustDomain` of the chart. Default: the DNS domain of the cluster.
    pub trust_domain: Option<String>,
}

/// The default values of the Helm chart.
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

/// Parses networks. All texts that are passed are valid.
fn networks(texts: &[&str]) -> Vec<Cidr> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_all_default_networks() {
        let mesh = LinkerdMesh::default();
        assert_eq!((mesh.cluster_networks.len(), mesh.probe_networks.len()), (5, 2));
    }
}
