//! What Istio takes the traffic of a service's port for.

use smi_adapter::model::route::PortRoute;

/// What a sidecar does with a port of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// It reads HTTP, of any version.
    Http,
    /// It looks at the first bytes: HTTP, or else bytes.
    Sniffed,
    /// It passes bytes on.
    Tcp,
    /// It passes TLS on, and routes by server name only.
    Tls,
    /// Declared as UDP by its name, so that no listener is built for it.
    Udp,
}

impl Protocol {
    /// By `appProtocol`, else by the part of the port's name before the first hyphen, else by numbers at
    /// which the server speaks first.
    pub(crate) fn of(port: &PortRoute) -> Self {
        let declared = match port.app_protocol() {
            Some("kubernetes.io/h2c" | "kubernetes.io/ws") => return Self::Http,
            Some("kubernetes.io/wss") => return Self::Tls,
            Some(app_protocol) => app_protocol,
            None => port.name().unwrap_or_default(),
        };
        let declared = declared.to_ascii_lowercase();
        if declared.starts_with("grpc-web") {
            return Self::Http;
        }
        match declared.split('-').next().unwrap_or_default() {
            "http" | "http2" | "http_proxy" | "grpc" => Self::Http,
            "tcp" | "mongo" | "redis" | "mysql" | "hbone" => Self::Tcp,
            "https" | "tls" => Self::Tls,
            "udp" => Self::Udp,
            // Mail, name service, MySQL, MongoDB.
            _ if matches!(port.port(), 25 | 53 | 3306 | 27017) => Self::Tcp,
            _ => Self::Sniffed,
        }
    }
}
