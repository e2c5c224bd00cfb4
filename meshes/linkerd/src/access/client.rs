//! The client of a request.

use super::identity::{Domain, Name};
use smi_conformance::{NotModelledError, Peer};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A client, as the proxy of the server sees it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) ip: IpAddr,
    pub(super) tls: Tls,
}

/// The identity that mutual TLS proves.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// The connection has no mutual TLS.
    Plaintext,
    /// The certificate contains no name.
    Unidentified,
    /// The certificate contains a name.
    Named(Name),
}

impl Client {
    /// Returns the client for `peer` at `ip`, in a mesh with the identity domain `domain`.
    pub(super) fn of(peer: &Peer, ip: IpAddr, domain: &Domain) -> Result<Self, NotModelledError> {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        if ip != ip.to_canonical() || (ip.is_loopback() && !loopback.contains(&ip)) {
            return Err(NotModelledError(format!("a client at {ip}")));
        }
        let tls = match peer {
            Peer::Plaintext => Tls::Plaintext,
            Peer::Unidentified => Tls::Unidentified,
            Peer::Account(account) => {
                let name = domain.account(&account.namespace, &account.service_account);
                Tls::Named(dns(&name)?)
            }
            Peer::Dns(name) => Tls::Named(dns(name)?),
            Peer::Spiffe(id) => Tls::Named(Name::Spiffe(id.clone())),
        };
        Ok(Self { ip, tls })
    }

    /// Returns `true` if the client is the pod itself.
    pub(super) fn is_local(&self) -> bool {
        self.ip.is_loopback()
    }

    /// Returns the value of `l5d-client-id` that the proxy sets, if any.
    pub(super) fn id(&self) -> Option<&str> {
        match &self.tls {
            Tls::Named(name) => Some(name.as_str()),
            Tls::Plaintext | Tls::Unidentified => None,
        }
    }
}

/// Parses a DNS name, regardless of case.
fn dns(name: &str) -> Result<Name, NotModelledError> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let label = |label: &str| !label.is_empty() && label.bytes().all(inner);
    if name.split('.').all(label) {
        Ok(Name::Dns(name.to_ascii_lowercase()))
    } else {
        Err(NotModelledError(format!("a client with the name {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::principal::Identity;

    fn client(peer: &Peer, ip: &str) -> Result<Client, NotModelledError> {
        Client::of(peer, ip.parse().unwrap(), &Domain::new("linkerd", "td"))
    }

    #[test]
    fn treats_accounts_as_dns_names() {
        let account = Peer::Account(Identity {
            namespace: "c".into(),
            service_account: "web".into(),
        });
        let name = "web.c.serviceaccount.identity.linkerd.td";
        let account = client(&account, "10.0.0.1").unwrap();
        assert_eq!(account.id(), Some(name));
        let named = client(&Peer::Dns(name.to_uppercase()), "10.0.0.1").unwrap();
        assert_eq!(named.tls, account.tls);
        assert_eq!(
            client(&Peer::Spiffe("spiffe://A".into()), "::2").unwrap().id(),
            Some("spiffe://A")
        );
        assert_eq!(client(&Peer::Unidentified, "::2").unwrap().id(), None);
        assert_eq!(client(&Peer::Plaintext, "::2").unwrap().id(), None);
    }

    #[test]
    fn does_not_model_unusual_clients() {
        for name in ["", "a..b", "a.", "*.a", "a_b", "é"] {
            assert!(client(&Peer::Dns(name.into()), "10.0.0.1").is_err(), "{name}");
        }
        assert!(client(&Peer::Plaintext, "127.0.0.2").is_err());
        assert!(client(&Peer::Plaintext, "::ffff:10.0.0.1").is_err());
        assert!(client(&Peer::Plaintext, "::1").unwrap().is_local());
        assert!(client(&Peer::Plaintext, "127.0.0.1").unwrap().is_local());
    }
}
