//! Servers: the one that applies to a port, and its settings.

use super::super::fields::{Fields, Read, rejected, unmodelled};
use super::authorization::is_policy;
use super::policy::DefaultPolicy;
use super::selector::{Labels, Selector};
use super::workload::Workload;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_conformance::NotModelledError;

/// The protocol that a proxy assumes on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Detected by the first bytes.
    Detect,
    /// HTTP, both versions.
    Http,
    /// HTTP to which only gRPC routes apply.
    Grpc,
    /// Opaque bytes.
    Opaque,
}

/// A Server that exists.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) labels: Labels,
    pub(super) protocol: Protocol,
    pub(super) policy: DefaultPolicy,
    created: Option<Time>,
    /// The selector of pods. Other workloads are not modelled.
    selector: Option<Selector>,
    port: Port,
}

#[derive(Debug)]
enum Port {
    Number(u16),
    Name(String),
}

impl Server {
    /// Reads a Server.
    pub(super) fn read(object: &NativeObject) -> Read<Self> {
        let version = object.kind.version();
        if !["v1alpha1", "v1beta1", "v1beta2", "v1beta3"].contains(&version) {
            return rejected(format!("the version {version} is not served"));
        }
        let known = [
            "podSelector",
            "externalWorkloadSelector",
            "port",
            "proxyProtocol",
            "accessPolicy",
        ];
        let fields = Fields::of(&object.spec, "spec", &known)?;
        let selector = fields.value("podSelector");
        match (selector, fields.value("externalWorkloadSelector"), version) {
            (None, None, _) | (Some(_), Some(_), "v1beta2" | "v1beta3") | (None, Some(_), "v1alpha1" | "v1beta1") => {
                return rejected("a Server must have exactly one selector");
            }
            (Some(selector), _, "v1alpha1") if selector.as_object().is_none_or(|selector| selector.len() != 1) => {
                return rejected("a selector of v1alpha1 must have exactly one part");
            }
            _ => {}
        }
        // Older versions do not have the field, so it is dropped and gets the default of the newest version.
        let policy = match fields.text("accessPolicy", 0..=usize::MAX)? {
            Some(text) if version == "v1beta3" => match text.parse() {
                Ok(policy) => policy,
                Err(why) => return rejected(why),
            },
            _ => DefaultPolicy::Deny,
        };
        let protocol = match fields.text("proxyProtocol", 0..=usize::MAX)? {
            None | Some("unknown") => Protocol::Detect,
            Some("HTTP/1" | "HTTP/2") => Protocol::Http,
            Some("gRPC") => Protocol::Grpc,
            Some("opaque" | "TLS") => Protocol::Opaque,
            Some(other) => return rejected(format!("the protocol {other} is not supported")),
        };
        Ok(Self {
            name: object.key().name.into(),
            labels: object.metadata.labels.clone().unwrap_or_default(),
            protocol,
            policy,
            created: object.metadata.creation_timestamp.clone(),
            selector: selector.map(Selector::read).transpose()?,
            port: Port::read(fields)?,
        })
    }

    /// Returns the Server of a port of a workload: the oldest Server that selects it. Of Servers with the same age, it is
    /// the first one by name.
    pub(super) fn of(workload: &Workload<'_>, objects: &[NativeObject]) -> Result<Option<Self>, NotModelledError> {
        let mut servers = Vec::new();
        for object in objects {
            if is_policy(object, "Server")
                && object.key().namespace == workload.namespace
                && let Some(server) = super::existing(object, Self::read(object))?
                && server.selects(workload)?
            {
                servers.push(server);
            }
        }
        if servers.iter().any(|one| one.created.is_some()) && servers.iter().any(|one| one.created.is_none()) {
            return Err(NotModelledError("the age of a Server without a creation time".into()));
        }
        Ok(servers
            .into_iter()
            .min_by(|a, b| (&a.created, &a.name).cmp(&(&b.created, &b.name))))
    }

    fn selects(&self, workload: &Workload<'_>) -> Result<bool, NotModelledError> {
        let selected = self
            .selector
            .as_ref()
            .is_some_and(|selector| selector.selects(workload.labels()));
        match &self.port {
            _ if !selected => Ok(false),
            Port::Number(number) => Ok(*number == workload.port),
            Port::Name(name) => workload.has_port_name(name),
        }
    }
}

impl Port {
    fn read(fields: Fields<'_>) -> Read<Self> {
        match fields.value("port") {
            Some(Value::String(name)) if name.is_empty() || name.bytes().all(|b| b.is_ascii_digit()) => {
                unmodelled(format!("the port name {name:?}"))
            }
            Some(Value::String(name)) => Ok(Self::Name(name.clone())),
            _ => match fields.port()? {
                Some(number) => Ok(Self::Number(number)),
                None => rejected("port is absent"),
            },
        }
    }
}

#[cfg(test)]
mod tests;
