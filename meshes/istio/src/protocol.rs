//! Protocols of service ports, as istiod derives them.

use k8s_openapi::api::core::v1::ServicePort;

/// The protocol of connections to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP of any version, with one listener for all services that have the port.
    Http,
    /// Opaque bytes.
    Tcp,
    /// TLS that the client originates.
    Tls,
    /// HTTP or opaque bytes, depending on the first bytes.
    Sniffed,
    /// A protocol for which the sidecar has no ordinary listener.
    Unsupported,
}

/// Ports on which the server speaks first. Waiting for the client's first bytes would hang there.
const NEVER_SNIFFED: [i32; 4] = [25, 53, 3306, 27017];

impl Protocol {
    /// Returns the protocol of `port`, or `None` for UDP.
    pub(super) fn of(port: &ServicePort) -> Option<Self> {
        match port.protocol.as_deref() {
            None | Some("TCP" | "") => {}
            Some("UDP") => return None,
            Some(_) => return Some(Self::Unsupported),
        }
        let name = match port.app_protocol.as_deref() {
            Some("kubernetes.io/h2c" | "kubernetes.io/ws") => return Some(Self::Http),
            Some("kubernetes.io/wss") => return Some(Self::Tls),
            Some(name) => name,
            None => port.name.as_deref().unwrap_or_default(),
        };
        let lowercase = name.to_ascii_lowercase();
        if lowercase.starts_with("grpc-web") {
            return Some(Self::Http);
        }
        Some(match lowercase.split('-').next().unwrap_or_default() {
            "http" | "http2" | "grpc" => Self::Http,
            // The filters for the last three only inspect the bytes.
            "tcp" | "mongo" | "redis" | "mysql" => Self::Tcp,
            "https" | "tls" => Self::Tls,
            "udp" | "http_proxy" => Self::Unsupported,
            _ if NEVER_SNIFFED.contains(&port.port) => Self::Tcp,
            _ => Self::Sniffed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(number: i32, name: &str, app: Option<&str>) -> Option<Protocol> {
        Protocol::of(&ServicePort {
            port: number,
            name: Some(name.into()),
            app_protocol: app.map(Into::into),
            ..ServicePort::default()
        })
    }

    #[test]
    fn the_prefix_of_the_name_determines_the_protocol() {
        for name in [
            "http",
            "HTTP-web",
            "http2",
            "grpc-api",
            "grpc-web",
            "grpc-web-x",
            "gRPC-Webby",
        ] {
            assert_eq!(port(7000, name, None), Some(Protocol::Http), "{name}");
        }
        for name in ["tcp-x", "mongo", "redis", "mysql-db"] {
            assert_eq!(port(7000, name, None), Some(Protocol::Tcp), "{name}");
        }
        for name in ["https-x", "tls"] {
            assert_eq!(port(7000, name, None), Some(Protocol::Tls), "{name}");
        }
        for name in ["", "web", "httpx", "http2x", "any-http"] {
            assert_eq!(port(7000, name, None), Some(Protocol::Sniffed), "{name}");
            assert_eq!(port(3306, name, None), Some(Protocol::Tcp), "{name}");
        }
        assert_eq!(port(3306, "http", None), Some(Protocol::Http));
    }

    #[test]
    fn the_application_protocol_precedes_the_name() {
        assert_eq!(port(80, "http", Some("tcp")), Some(Protocol::Tcp));
        assert_eq!(port(80, "tcp", Some("kubernetes.io/h2c")), Some(Protocol::Http));
        assert_eq!(port(80, "http", Some("kubernetes.io/wss")), Some(Protocol::Tls));
        assert_eq!(port(80, "http", Some("example.com/own")), Some(Protocol::Sniffed));
    }

    #[test]
    fn only_tcp_is_captured() {
        let udp = ServicePort {
            port: 80,
            name: Some("http".into()),
            protocol: Some("UDP".into()),
            ..ServicePort::default()
        };
        assert_eq!(Protocol::of(&udp), None);
        let sctp = ServicePort {
            protocol: Some("SCTP".into()),
            ..udp
        };
        assert_eq!(Protocol::of(&sctp), Some(Protocol::Unsupported));
    }
}
