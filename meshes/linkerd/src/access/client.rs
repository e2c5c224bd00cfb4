//! Who a request comes from.

use super::identity::{Domain, Name};
use smi_conformance::{NotModelled, Peer};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A client as a server's proxy sees it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) ip: IpAddr,
    pub(super) tls: Tls,
}

/// What is known by mutual TLS.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// There is none.
    No,
    /// It names nobody.
    Nobody,
    /// It names somebody.
    Named(Name),
}

impl Client {
    /// The client that `peer` at `ip` is to the proxies of a mesh whose accounts are in `domain`.
    pub(super) fn of(peer: &Peer, ip: IpAddr, domain: &Domain) -> Result<Self, NotModelled> {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        if ip != ip.to_canonical() || (ip.is_loopback() && !loopback.contains(&ip)) {
            return Err(NotModelled(format!("a client at {ip}")));
        }
        let tls = match peer {
            Peer::Plaintext => Tls::No,
            Peer::Unidentified => Tls::Nobody,
            Peer::Account(account) => {
                let name = domain.account(&account.namespace, &account.service_account);
                Tls::Named(dns(&name)?)
            }
            Peer::Dns(name) => Tls::Named(dns(name)?),
            Peer::Spiffe(id) => Tls::Named(Name::Spiffe(id.clone())),
        };
        Ok(Self { ip, tls })
    }

    /// Whether it is the pod itself.
    pub(super) fn is_local(&self) -> bool {
        self.ip.is_loopback()
    }

    /// What the proxy writes into `l5d-client-id`, if anything.
    pub(super) fn id(&self) -> Option<&str> {
        match &self.tls {
            Tls::Named(name) => Some(name.as_str()),
            Tls::No | Tls::Nobody => None,
        }
    }
}

/// A DNS name; case is none of it.
fn dns(name: &str) -> Result<Name, NotModelled> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let label = |label: &str| !label.is_empty() && label.bytes().all(inner);
    if name.split('.').all(label) {
        Ok(Name::Dns(name.to_ascii_lowercase()))
    } else {
        Err(NotModelled(format!("a client called {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::probe::Identity;

    fn client(peer: &Peer, ip: &str) -> Result<Client, NotModelled> {
        Client::of(peer, ip.parse().unwrap(), &Domain::new("linkerd", "td"))
    }

    #[test]
    fn accounts_and_dns_names_are_alike() {
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
    fn odd_clients_are_not_modelled() {
        for name in ["", "a..b", "a.", "*.a", "a_b", "é"] {
            assert!(client(&Peer::Dns(name.into()), "10.0.0.1").is_err(), "{name}");
        }
        assert!(client(&Peer::Plaintext, "127.0.0.2").is_err());
        assert!(client(&Peer::Plaintext, "::ffff:10.0.0.1").is_err());
        assert!(client(&Peer::Plaintext, "::1").unwrap().is_local());
        assert!(client(&Peer::Plaintext, "127.0.0.1").unwrap().is_local());
    }
}
