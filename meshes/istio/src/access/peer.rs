//! The handshake: whom the sidecar takes a client for.

use super::mutual_tls::Mode;
use super::principal::SCHEME;
use super::{IstioMesh, trust_domain};
use smi_conformance::Peer;

/// What comes of the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// The connection is closed.
    Refused,
    /// There is no certificate.
    Plaintext,
    /// The certificate is taken, and names this one; nobody, if it is empty.
    Certified(String),
    /// It has a certificate that the sidecar does not ask for.
    NotAsked,
}

/// Lets the client in or not, by its certificate alone.
pub(super) fn meet(mesh: &IstioMesh, mode: Mode, peer: &Peer) -> Client {
    let name = match peer {
        Peer::Plaintext if mode == Mode::Strict => return Client::Refused,
        Peer::Plaintext => return Client::Plaintext,
        Peer::Unidentified => String::new(),
        Peer::Account(account) => format!(
            "{SCHEME}{}/ns/{}/sa/{}",
            mesh.trust_domain, account.namespace, account.service_account
        ),
        Peer::Spiffe(name) | Peer::Dns(name) => name.clone(),
    };
    if mode == Mode::Disable {
        return Client::NotAsked;
    }
    let domain = match peer {
        Peer::Dns(_) => None,
        _ => name.strip_prefix(SCHEME).and_then(|rest| rest.split_once('/')),
    };
    let is_own = domain.is_some_and(|(domain, _)| trust_domain::all(mesh).any(|own| own == domain));
    if mesh.validates_trust_domain && !is_own {
        return Client::Refused;
    }
    Client::Certified(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::probe::Identity;

    #[test]
    fn only_names_of_the_mesh_are_taken() {
        let mut mesh = IstioMesh {
            trust_domain: "td".into(),
            trust_domain_aliases: vec!["old".into()],
            ..IstioMesh::default()
        };
        let spiffe = |name: &str| Peer::Spiffe(name.into());
        let account = Peer::Account(Identity {
            namespace: "c".into(),
            service_account: "web".into(),
        });
        let certified = |name: &str| Client::Certified(name.into());
        let own = certified("spiffe://td/ns/c/sa/web");
        for mode in [Mode::Permissive, Mode::Strict] {
            assert_eq!(meet(&mesh, mode, &account), own);
            assert_eq!(
                meet(&mesh, mode, &spiffe("spiffe://old/x")),
                certified("spiffe://old/x")
            );
            for peer in [
                spiffe("spiffe://x/ns/c/sa/web"),
                spiffe("spiffe://td2/ns/c/sa/web"),
                spiffe("spiffe://cluster.local/ns/c/sa/web"),
                Peer::Dns("spiffe://td/x".into()),
                Peer::Unidentified,
            ] {
                assert_eq!(meet(&mesh, mode, &peer), Client::Refused, "{peer:?}");
            }
        }
        mesh.validates_trust_domain = false;
        assert_eq!(
            meet(&mesh, Mode::Strict, &spiffe("spiffe://x/y")),
            certified("spiffe://x/y")
        );
        assert_eq!(meet(&mesh, Mode::Strict, &Peer::Unidentified), certified(""));
    }

    #[test]
    fn the_mode_is_about_plaintext() {
        let mesh = IstioMesh::default();
        assert_eq!(meet(&mesh, Mode::Permissive, &Peer::Plaintext), Client::Plaintext);
        assert_eq!(meet(&mesh, Mode::Disable, &Peer::Plaintext), Client::Plaintext);
        assert_eq!(meet(&mesh, Mode::Strict, &Peer::Plaintext), Client::Refused);
        let peer = Peer::Spiffe("spiffe://x/y".into());
        assert_eq!(meet(&mesh, Mode::Disable, &peer), Client::NotAsked);
    }
}
