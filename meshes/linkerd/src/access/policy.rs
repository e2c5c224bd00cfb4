//! Default policies, which admit clients without an authorization policy.

use super::cidr::Cidr;
use super::grant::{Clients, Grant, Network, Networks};
use super::identity::Pattern;
use std::str::FromStr;

/// The default policy of a port: the `accessPolicy` of its Server, or the policy of ports without a Server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefaultPolicy {
    /// `all-unauthenticated`: admits every client.
    AllUnauthenticated,
    /// `all-authenticated`: admits every client with a DNS name in its certificate.
    AllAuthenticated,
    /// `cluster-unauthenticated`: admits every client with an address of the cluster.
    ClusterUnauthenticated,
    /// `cluster-authenticated`: admits every client with an address of the cluster and a DNS name in its certificate.
    ClusterAuthenticated,
    /// `deny`: admits no client.
    Deny,
    /// `audit`: admits every client, and the proxy logs clients that are not authorized.
    Audit,
}

/// Parses the name of a policy in Linkerd, such as `all-authenticated`.
impl FromStr for DefaultPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all-unauthenticated" => Ok(Self::AllUnauthenticated),
            "all-authenticated" => Ok(Self::AllAuthenticated),
            "cluster-unauthenticated" => Ok(Self::ClusterUnauthenticated),
            "cluster-authenticated" => Ok(Self::ClusterAuthenticated),
            "deny" => Ok(Self::Deny),
            "audit" => Ok(Self::Audit),
            _ => Err(format!("`{text}` is not a default policy")),
        }
    }
}

impl DefaultPolicy {
    /// Returns the grant of the policy, if any. `cluster` are the networks of the cluster.
    pub(super) fn grant(self, cluster: &[Cidr]) -> Option<Grant> {
        let clients = match self {
            Self::Deny => return None,
            Self::AllUnauthenticated | Self::ClusterUnauthenticated | Self::Audit => Clients::Any,
            Self::AllAuthenticated | Self::ClusterAuthenticated => Clients::Named(vec![Pattern::AnyDns]),
        };
        let networks = match self {
            Self::ClusterUnauthenticated | Self::ClusterAuthenticated => {
                Networks::Of(cluster.iter().copied().map(Network::all).collect())
            }
            _ => Networks::Any,
        };
        Some(Grant { networks, clients })
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::{Client, Tls};
    use super::super::grant::admitted;
    use super::super::identity::Name;
    use super::*;

    #[test]
    fn admits_clients_by_network_and_identity() {
        let cluster = ["10.0.0.0/8".parse().unwrap()];
        let near = "10.0.0.1";
        let far = "203.0.113.9";
        let dns = || Tls::Named(Name::Dns("web.c".into()));
        let spiffe = || Tls::Named(Name::Spiffe("spiffe://c/web".into()));
        for (text, expected) in [
            // Near and far clients with: no TLS, no name, a DNS name, a SPIFFE ID.
            ("deny", "-- -- -- --"),
            ("audit", "nf nf nf nf"),
            ("all-unauthenticated", "nf nf nf nf"),
            ("cluster-unauthenticated", "n- n- n- n-"),
            ("all-authenticated", "-- -- nf --"),
            ("cluster-authenticated", "-- -- n- --"),
        ] {
            let grants: Vec<_> = text
                .parse::<DefaultPolicy>()
                .unwrap()
                .grant(&cluster)
                .into_iter()
                .collect();
            let of = |ip: &str, tls| {
                let ip = ip.parse().unwrap();
                admitted(&grants, &Client { ip, tls }).unwrap()
            };
            let both = |tls: fn() -> Tls| {
                let near = if of(near, tls()) { 'n' } else { '-' };
                let far = if of(far, tls()) { 'f' } else { '-' };
                format!("{near}{far}")
            };
            let all = [
                both(|| Tls::Plaintext),
                both(|| Tls::Unidentified),
                both(dns),
                both(spiffe),
            ];
            assert_eq!(all.join(" "), expected, "{text}");
        }
        assert!("open".parse::<DefaultPolicy>().is_err() && "Deny".parse::<DefaultPolicy>().is_err());
    }
}
