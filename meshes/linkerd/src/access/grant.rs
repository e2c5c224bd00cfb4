//! Grants: the authorizations that a proxy evaluates.

use super::cidr::Cidr;
use super::client::{Client, Tls};
use super::identity::Pattern;
use smi_conformance::NotModelledError;

/// An authorization of clients. Both network and identity must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) networks: Networks,
    pub(super) clients: Clients,
}

/// The networks of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Networks {
    /// All networks.
    Any,
    /// One of these networks.
    Of(Vec<Network>),
    /// At least these networks. The release of Linkerd decides if there are others.
    AtLeast(Vec<Network>),
}

/// A network with exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) cidr: Cidr,
    pub(super) except: Vec<Cidr>,
}

/// The identities of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clients {
    /// Every client, in the mesh or not.
    Any,
    /// Every client with mutual TLS, with or without a name in the certificate.
    WithTls,
    /// Clients that one of these patterns matches.
    Named(Vec<Pattern>),
}

impl Network {
    /// Returns `cidr` without exceptions.
    pub(super) fn all(cidr: Cidr) -> Self {
        Self {
            cidr,
            except: Vec::new(),
        }
    }

    /// Returns `true` if the address of `client` is in the network.
    fn has(&self, client: &Client) -> bool {
        self.cidr.contains(client.ip) && !self.except.iter().any(|part| part.contains(client.ip))
    }
}

impl Grant {
    /// A grant to every client.
    pub(super) const TO_ALL: Self = Self {
        networks: Networks::Any,
        clients: Clients::Any,
    };

    fn admits(&self, client: &Client) -> Result<bool, NotModelledError> {
        let is_identified = match (&self.clients, &client.tls) {
            (Clients::Any, _) | (Clients::WithTls, Tls::Unidentified | Tls::Named(_)) => true,
            (Clients::Named(patterns), Tls::Named(name)) => any(patterns.iter().map(|pattern| pattern.matches(name)))?,
            _ => false,
        };
        if !is_identified {
            return Ok(false);
        }
        match &self.networks {
            Networks::Any => Ok(true),
            Networks::Of(networks) => Ok(networks.iter().any(|network| network.has(client))),
            Networks::AtLeast(networks) if networks.iter().any(|network| network.has(client)) => Ok(true),
            Networks::AtLeast(_) => Err(NotModelledError("the default networks of a ServerAuthorization".into())),
        }
    }
}

/// Returns `true` if one of `grants` admits `client`. The pod itself is always admitted.
pub(super) fn admitted(grants: &[Grant], client: &Client) -> Result<bool, NotModelledError> {
    if client.is_local() {
        return Ok(true);
    }
    any(grants.iter().map(|grant| grant.admits(client)))
}

/// Returns `true` if one answer is `true`, even if others are unknown.
fn any(answers: impl Iterator<Item = Result<bool, NotModelledError>>) -> Result<bool, NotModelledError> {
    let mut unknown = None;
    for answer in answers {
        match answer {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => unknown = unknown.or(Some(error)),
        }
    }
    unknown.map_or(Ok(false), Err)
}

#[cfg(test)]
mod tests {
    use super::super::identity::Name;
    use super::*;

    fn client(ip: &str, tls: Tls) -> Client {
        Client {
            ip: ip.parse().unwrap(),
            tls,
        }
    }

    fn web() -> Tls {
        Tls::Named(Name::Dns("web.c".into()))
    }

    fn networks(cidr: &str, except: &[&str]) -> Vec<Network> {
        vec![Network {
            cidr: cidr.parse().unwrap(),
            except: except.iter().map(|cidr| cidr.parse().unwrap()).collect(),
        }]
    }

    #[test]
    fn requires_both_network_and_name() {
        let grant = Grant {
            networks: Networks::Of(networks("10.0.0.0/8", &["10.1.0.0/16"])),
            clients: Clients::Named(vec![Pattern::Dns("web.c".into())]),
        };
        let admits = |ip, tls| grant.admits(&client(ip, tls)).unwrap();
        assert!(admits("10.2.0.1", web()));
        assert!(!admits("10.1.0.1", web()) && !admits("11.0.0.1", web()));
        assert!(!admits("10.2.0.1", Tls::Unidentified) && !admits("10.2.0.1", Tls::Plaintext));
    }

    #[test]
    fn requires_no_name_where_tls_is_enough() {
        let grant = Grant {
            networks: Networks::Any,
            clients: Clients::WithTls,
        };
        let admits = |tls| grant.admits(&client("10.2.0.1", tls)).unwrap();
        assert!(admits(web()) && admits(Tls::Unidentified) && !admits(Tls::Plaintext));
    }

    #[test]
    fn is_unknown_only_if_no_other_grant_admits() {
        let grant = Grant {
            networks: Networks::AtLeast(networks("10.0.0.0/8", &[])),
            clients: Clients::Any,
        };
        assert_eq!(grant.admits(&client("10.0.0.1", Tls::Plaintext)), Ok(true));
        let far = client("203.0.113.9", Tls::Plaintext);
        assert!(admitted(std::slice::from_ref(&grant), &far).is_err());
        assert_eq!(admitted(&[grant, Grant::TO_ALL], &far), Ok(true));
        assert_eq!(admitted(&[], &far), Ok(false));
    }

    #[test]
    fn always_admits_the_pod_itself() {
        assert_eq!(admitted(&[], &client("127.0.0.1", Tls::Plaintext)), Ok(true));
        assert_eq!(admitted(&[], &client("::1", Tls::Plaintext)), Ok(true));
    }
}
