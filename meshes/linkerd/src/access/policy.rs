//! Policies that need no object.

use super::cidr::Cidr;
use super::grant::{Clients, Grant, Network, Networks};
use super::identity::Pattern;
use std::str::FromStr;

/// Whom a port lets in of itself: a Server's `accessPolicy`, or the policy of ports without a Server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefaultPolicy {
    /// `all-unauthenticated`: everybody.
    AllUnauthenticated,
    /// `all-authenticated`: everybody whose certificate has a DNS name.
    AllAuthenticated,
    /// `cluster-unauthenticated`: everybody at an address of the cluster.
    ClusterUnauthenticated,
    /// `cluster-authenticated`: everybody at an address of the cluster whose certificate has a DNS name.
    ClusterAuthenticated,
    /// `deny`: nobody.
    Deny,
    /// `audit`: everybody, and the proxy logs whom it would not let in otherwise.
    Audit,
}

/// Reads what Linkerd reads, such as `all-authenticated`.
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
            _ => Err(format!("{text} is no policy")),
        }
    }
}

impl DefaultPolicy {
    /// Whom it lets in, if `cluster` are the networks of the cluster.
    pub(super) fn grant(self, cluster: &[Cidr]) -> Option<Grant> {
        let clients = match self {
            Self::Deny => return None,
            Self::AllUnauthenticated | Self::ClusterUnauthenticated | Self::Audit => Clients::Anybody,
            Self::AllAuthenticated | Self::ClusterAuthenticated => Clients::Named(vec![Pattern::Anybody]),
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
    fn policies_are_read_and_let_in() {
        let cluster = ["10.0.0.0/8".parse().unwrap()];
        let near = "10.0.0.1";
        let far = "203.0.113.9";
        let dns = || Tls::Named(Name::Dns("web.c".into()));
        let spiffe = || Tls::Named(Name::Spiffe("spiffe://c/web".into()));
        for (text, expected) in [
            // Near and far of: no TLS, nobody, a DNS name, a SPIFFE ID.
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
            let all = [both(|| Tls::No), both(|| Tls::Nobody), both(dns), both(spiffe)];
            assert_eq!(all.join(" "), expected, "{text}");
        }
        assert!("open".parse::<DefaultPolicy>().is_err() && "Deny".parse::<DefaultPolicy>().is_err());
    }
}
