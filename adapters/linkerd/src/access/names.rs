//! Names of objects: they begin with the workload's kind and name, so that no other policy has them.

use smi_adapter::object::{ObjectKey, ObjectRef, bounded_name, hashed_name, is_dns_subdomain};

/// The names of one workload's objects.
pub(super) struct Names {
    base: String,
}

impl Names {
    pub(super) fn new(workload: &ObjectRef) -> Self {
        let (kind, name) = (&workload.kind.kind, &workload.key.name);
        let base = format!("{}-{name}", kind.to_ascii_lowercase());
        if is_dns_subdomain(&base) {
            return Self { base };
        }
        // An owner of a kind that nobody knows may be called anything.
        Self {
            base: hashed_name("workload", &format!("{kind}/{name}")),
        }
    }

    /// The name of the `Server` of a port.
    pub(super) fn server(&self, port: u16) -> String {
        bounded_name(&format!("{}-{port}", self.base))
    }

    /// The name of another object that a port has whoever may use it.
    pub(super) fn fixed(&self, port: u16, what: &str) -> String {
        bounded_name(&format!("{}-{port}-{what}", self.base))
    }

    /// The name of the authentication of the kubelet, by its content.
    pub(super) fn probes(&self, content: &str) -> String {
        hashed_name(&format!("{}-probes", self.base), content)
    }

    /// The name of a part of a grant, on all ports or on one, by its content.
    pub(super) fn grant(&self, target: &ObjectKey, port: Option<u16>, content: &str) -> String {
        let port = port.map(|port| format!("{port}-")).unwrap_or_default();
        let name = format!("{}-{port}{}", self.base, target.name);
        hashed_name(&name, &format!("{target} {content}"))
    }
}
