//! Names of objects. They begin with the kind and name of the workload, so that no other policy uses them.

use smi_adapter::object::{ObjectKey, ObjectRef, bounded_name, hashed_name, is_dns_subdomain};

/// The names of the objects of one workload.
pub(super) struct Names {
    base: String,
}

impl Names {
    pub(super) fn new(workload: &ObjectRef) -> Self {
        let (kind, name) = (workload.kind.name(), &workload.key.name);
        let base = format!("{}-{name}", kind.to_ascii_lowercase());
        if is_dns_subdomain(&base) {
            return Self { base };
        }
        // An owner of an unknown kind can have any name.
        Self {
            base: hashed_name("workload", &format!("{kind}/{name}")),
        }
    }

    /// Returns the name of the `Server` of a port.
    pub(super) fn server(&self, port: u16) -> String {
        bounded_name(&format!("{}-{port}", self.base))
    }

    /// Returns the name of another object of a port that does not depend on grants.
    pub(super) fn fixed(&self, port: u16, suffix: &str) -> String {
        bounded_name(&format!("{}-{port}-{suffix}", self.base))
    }

    /// Returns the name of the authentication of the kubelet, derived from its content.
    pub(super) fn probes(&self, content: &str) -> String {
        hashed_name(&format!("{}-probes", self.base), content)
    }

    /// Returns the name of an object of a grant, on all ports or on one, derived from its content.
    pub(super) fn grant(&self, target: &ObjectKey, port: Option<u16>, content: &str) -> String {
        let port = port.map(|port| format!("{port}-")).unwrap_or_default();
        let name = format!("{}-{port}{}", self.base, target.name);
        hashed_name(&name, &format!("{target} {content}"))
    }
}
