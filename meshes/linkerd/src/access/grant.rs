//! Authorizations as a proxy has them.

use super::cidr::Cidr;
use super::client::{Client, Tls};
use super::identity::Pattern;
use smi_conformance::NotModelled;

/// Clients that may come in: those of the networks who are also of the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) networks: Networks,
    pub(super) clients: Clients,
}

/// Where clients come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Networks {
    /// From anywhere.
    Any,
    /// From one of these.
    Of(Vec<Network>),
    /// From one of these for sure; whether from elsewhere too depends on the release.
    AtLeast(Vec<Network>),
}

/// A network without parts of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) cidr: Cidr,
    pub(super) except: Vec<Cidr>,
}

/// Who clients are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clients {
    /// Anybody, in the mesh or not.
    Anybody,
    /// Anybody with mutual TLS, whether or not it names somebody.
    WithTls,
    /// Those whom one of these means.
    Named(Vec<Pattern>),
}

impl Network {
    /// All of `cidr`.
    pub(super) fn all(cidr: Cidr) -> Self {
        Self {
            cidr,
            except: Vec::new(),
        }
    }

    fn has(&self, client: &Client) -> bool {
        self.cidr.contains(client.ip) && !self.except.iter().any(|part| part.contains(client.ip))
    }
}

impl Grant {
    /// For everybody.
    pub(super) const ANYBODY: Self = Self {
        networks: Networks::Any,
        clients: Clients::Anybody,
    };

    fn admits(&self, client: &Client) -> Result<bool, NotModelled> {
        let called = match (&self.clients, &client.tls) {
            (Clients::Anybody, _) | (Clients::WithTls, Tls::Nobody | Tls::Named(_)) => true,
            (Clients::Named(patterns), Tls::Named(name)) => any(patterns.iter().map(|pattern| pattern.means(name)))?,
            _ => false,
        };
        if !called {
            return Ok(false);
        }
        match &self.networks {
            Networks::Any => Ok(true),
            Networks::Of(networks) => Ok(networks.iter().any(|network| network.has(client))),
            Networks::AtLeast(networks) if networks.iter().any(|network| network.has(client)) => Ok(true),
            Networks::AtLeast(_) => Err(NotModelled("which networks are meant where none are said".into())),
        }
    }
}

/// Whether one of `grants` lets `client` in, as everything from the pod itself is let in.
pub(super) fn admitted(grants: &[Grant], client: &Client) -> Result<bool, NotModelled> {
    if client.is_local() {
        return Ok(true);
    }
    any(grants.iter().map(|grant| grant.admits(client)))
}

/// Whether one answer is yes, whatever is unknown beside it.
fn any(answers: impl Iterator<Item = Result<bool, NotModelled>>) -> Result<bool, NotModelled> {
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
    fn both_network_and_name_must_be_right() {
        let grant = Grant {
            networks: Networks::Of(networks("10.0.0.0/8", &["10.1.0.0/16"])),
            clients: Clients::Named(vec![Pattern::Dns("web.c".into())]),
        };
        let admits = |ip, tls| grant.admits(&client(ip, tls)).unwrap();
        assert!(admits("10.2.0.1", web()));
        assert!(!admits("10.1.0.1", web()) && !admits("11.0.0.1", web()));
        assert!(!admits("10.2.0.1", Tls::Nobody) && !admits("10.2.0.1", Tls::No));
    }

    #[test]
    fn tls_needs_no_name_where_none_is_asked_for() {
        let grant = Grant {
            networks: Networks::Any,
            clients: Clients::WithTls,
        };
        let admits = |tls| grant.admits(&client("10.2.0.1", tls)).unwrap();
        assert!(admits(web()) && admits(Tls::Nobody) && !admits(Tls::No));
    }

    #[test]
    fn what_is_unknown_matters_only_where_nothing_else_admits() {
        let grant = Grant {
            networks: Networks::AtLeast(networks("10.0.0.0/8", &[])),
            clients: Clients::Anybody,
        };
        assert_eq!(grant.admits(&client("10.0.0.1", Tls::No)), Ok(true));
        let far = client("203.0.113.9", Tls::No);
        assert!(admitted(std::slice::from_ref(&grant), &far).is_err());
        assert_eq!(admitted(&[grant, Grant::ANYBODY], &far), Ok(true));
        assert_eq!(admitted(&[], &far), Ok(false));
    }

    #[test]
    fn the_pod_itself_is_always_admitted() {
        assert_eq!(admitted(&[], &client("127.0.0.1", Tls::No)), Ok(true));
        assert_eq!(admitted(&[], &client("::1", Tls::No)), Ok(true));
    }
}
