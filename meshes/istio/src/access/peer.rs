//! The handshake: identification of the client by the sidecar.

use super::mutual_tls::Mode;
use super::principal::SCHEME;
use super::{IstioMesh, trust_domain};
use smi_conformance::Peer;

/// The result of the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// The connection is closed.
    Rejected,
    /// The client uses plaintext.
    Plaintext,
    /// The certificate is accepted and contains this name, which may be empty.
    Certified(String),
    /// The client has a certificate, but the sidecar does not request one.
    NotRequested,
}

/// Performs the handshake, which accepts or rejects the client by its certificate alone.
pub(super) fn handshake(mesh: &IstioMesh, mode: Mode, peer: &Peer) -> Client {
    let name = match peer {
        Peer::Plaintext if mode == Mode::Strict => return Client::Rejected,
        Peer::Plaintext => return Client::Plaintext,
        Peer::Unidentified => String::new(),
        Peer::Account(account) => format!(
            "{SCHEME}{}/ns/{}/sa/{}",
            mesh.trust_domain, account.namespace, account.service_account
        ),
        Peer::Spiffe(name) | Peer::Dns(name) => name.clone(),
    };
    if mode == Mode::Disable {
        return Client::NotRequested;
    }
    let domain = match peer {
        Peer::Dns(_) => None,
        _ => name.strip_prefix(SCHEME).and_then(|rest| rest.split_once('/')),
    };
    let is_own = domain.is_some_and(|(domain, _)| trust_domain::all(mesh).any(|own| own == domain));
    if mesh.validates_trust_domain && !is_own {
        return Client::Rejected;
    }
    Client::Certified(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::principal::Identity;

    #[test]
    fn accepts_only_names_of_the_mesh() {
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
            assert_eq!(handshake(&mesh, mode, &account), own);
            assert_eq!(
                handshake(&mesh, mode, &spiffe("spiffe://old/x")),
                certified("spiffe://old/x")
            );
            for peer in [
                spiffe("spiffe://x/ns/c/sa/web"),
                spiffe("spiffe://td2/ns/c/sa/web"),
                spiffe("spiffe://cluster.local/ns/c/sa/web"),
                Peer::Dns("spiffe://td/x".into()),
                Peer::Unidentified,
            ] {
                assert_eq!(handshake(&mesh, mode, &peer), Client::Rejected, "{peer:?}");
            }
        }
        mesh.validates_trust_domain = false;
        assert_eq!(
            handshake(&mesh, Mode::Strict, &spiffe("spiffe://x/y")),
            certified("spiffe://x/y")
        );
        assert_eq!(handshake(&mesh, Mode::Strict, &Peer::Unidentified), certified(""));
    }

    #[test]
    fn the_mode_controls_plaintext() {
        let mesh = IstioMesh::default();
        assert_eq!(handshake(&mesh, Mode::Permissive, &Peer::Plaintext), Client::Plaintext);
        assert_eq!(handshake(&mesh, Mode::Disable, &Peer::Plaintext), Client::Plaintext);
        assert_eq!(handshake(&mesh, Mode::Strict, &Peer::Plaintext), Client::Rejected);
        let peer = Peer::Spiffe("spiffe://x/y".into());
        assert_eq!(handshake(&mesh, Mode::Disable, &peer), Client::NotRequested);
    }
}
