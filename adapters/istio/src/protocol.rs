//! Protocol selection: how Istio treats the traffic of a service port.

use smi_adapter::model::route::PortRoute;

/// The treatment of a service port by a sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Parses HTTP, of any version.
    Http,
    /// Detects HTTP by the first bytes, and treats everything else as TCP.
    Sniffed,
    /// Forwards bytes.
    Tcp,
    /// Forwards TLS, and routes by server name only.
    Tls,
    /// Declared as UDP by the port's name: the sidecar gets no listener for it.
    Udp,
}

impl Protocol {
    /// Returns the protocol of a port. It follows from `appProtocol`, else from the part of the port's name before the
    /// first hyphen, else from well-known port numbers of protocols in which the server speaks first.
    pub(crate) fn of(port: &PortRoute) -> Self {
        let declared = match port.app_protocol() {
            Some("kubernetes.io/h2c" | "kubernetes.io/ws") => return Self::Http,
            Some("kubernetes.io/wss") => return Self::Tls,
            Some(app_protocol) => app_protocol,
            None => port.name().unwrap_or_default(),
        };
        let lowercase = declared.to_ascii_lowercase();
        if lowercase.starts_with("grpc-web") {
            return Self::Http;
        }
        match lowercase.split('-').next().unwrap_or_default() {
            "http" | "http2" | "http_proxy" | "grpc" => Self::Http,
            "tcp" | "mongo" | "redis" | "mysql" | "hbone" => Self::Tcp,
            "https" | "tls" => Self::Tls,
            "udp" => Self::Udp,
            // SMTP, DNS, MySQL, MongoDB.
            _ if matches!(port.port(), 25 | 53 | 3306 | 27017) => Self::Tcp,
            _ => Self::Sniffed,
        }
    }
}
