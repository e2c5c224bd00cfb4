//! Diagnostics: what the authors of SMI objects should know, as data and as text.

mod code;
mod concern;
mod violation;

pub use code::{Code, Effect};
pub use concern::{ErrorBound, PortSet};

use crate::object::{Kind, ObjectRef};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use smi_types::FieldPath;
use smi_types::validate::Rule;
use std::fmt::{self, Display};

pub use smi_types::validate::Severity;

/// A fact about one field of one object that its author should know, with a stable [`Code`].
///
/// Everything that a program may want to know is a field; the message puts it into words for people, and nothing has to
/// be read from it. A controller turns a diagnostic into an Event on the object, or into a condition of its status.
///
/// ```
/// use smi_adapter::diagnostic::{Code, Diagnostic, PortSet};
/// use smi_adapter::object::{ObjectKey, ObjectRef};
///
/// let split = ObjectRef::split(ObjectKey::new("shop", "canary"));
/// let diagnostic = Diagnostic::new(Code::NotHttp, split, "spec.service".into(), "port 5432 carries no HTTP").on_port(5432);
/// assert!(diagnostic.ports.contains(5432));
/// assert!(diagnostic.disables_split_on(5432) && !diagnostic.disables_split_on(80));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The object at fault.
    pub object: ObjectRef,
    /// The field at fault; the root, if the object as a whole is.
    pub field: FieldPath,
    /// The kind of fact.
    pub code: Code,
    /// The rule that the object breaks by itself. `None` for what takes several objects, a setting or a mesh.
    pub rule: Option<Rule>,
    /// The ports that it is limited to: of the root service on a split, else those that the workload listens on.
    pub ports: PortSet,
    /// The backend of the split that it is limited to, by the name of its service.
    pub backend: Option<String>,
    /// The other object that causes it, such as an older split or a foreign native object.
    pub other: Option<ObjectRef>,
    /// How far a share of traffic may differ from what the split says.
    pub error: Option<ErrorBound>,
    /// The workload that it is limited to.
    pub workload: Option<ObjectRef>,
    /// The fact in words: lower case, no period, values in backticks.
    pub message: String,
}

impl Diagnostic {
    /// Creates a diagnostic on one field of an object, limited to nothing.
    #[must_use]
    pub fn new(code: Code, object: ObjectRef, field: FieldPath, message: impl Into<String>) -> Self {
        Self {
            object,
            field,
            code,
            rule: None,
            ports: PortSet::All,
            backend: None,
            other: None,
            error: None,
            workload: None,
            message: message.into(),
        }
    }

    /// Limits it to one port.
    #[must_use]
    pub fn on_port(self, port: u16) -> Self {
        self.on_ports(PortSet::Only([port].into()))
    }

    /// Limits it to some ports.
    #[must_use]
    pub fn on_ports(mut self, ports: PortSet) -> Self {
        self.ports = ports;
        self
    }

    /// Limits it to one backend of the split, by the name of its service.
    #[must_use]
    pub fn on_backend(mut self, service: impl Into<String>) -> Self {
        self.backend = Some(service.into());
        self
    }

    /// Limits it to one workload.
    #[must_use]
    pub fn on_workload(mut self, workload: ObjectRef) -> Self {
        self.workload = Some(workload);
        self
    }

    /// Names the object that causes it.
    #[must_use]
    pub fn caused_by(mut self, other: ObjectRef) -> Self {
        self.other = Some(other);
        self
    }

    /// States how far a share may differ.
    #[must_use]
    pub fn within(mut self, error: ErrorBound) -> Self {
        self.error = Some(error);
        self
    }

    /// Returns `true` if, because of this, the split that it is on takes no traffic on `port` of its root.
    ///
    /// [`Planned::status`](crate::plan::Planned::status) and the conformance kit go by it: an adapter that does not split
    /// a port reports a diagnostic for which it is `true`.
    #[must_use]
    pub fn disables_split_on(&self, port: u16) -> bool {
        // An annotation is no part of what the split says in SMI.
        self.object.kind == Kind::TRAFFIC_SPLIT
            && self.code.disables_splits()
            && self.backend.is_none()
            && !self.field.starts_with(&"metadata".into())
            && self.ports.contains(port)
    }
}

/// Writes `error[BackendMissing] TrafficSplit shop/canary spec.backends[1].service: …`.
impl Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] {}", self.code.severity(), self.code, self.object)?;
        if !self.field.is_root() {
            write!(f, " {}", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Writes every field, and what follows from the code: `severity`, `effect` and `rules`, which is the rule's own ID where
/// there is a rule. A field that limits nothing is left out.
impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            object,
            field,
            code,
            rule,
            ports,
            backend,
            other,
            error,
            workload,
            message,
        } = self;
        let mut fields = serializer.serialize_struct("Diagnostic", 13)?;
        fields.serialize_field("code", code)?;
        fields.serialize_field("severity", &code.severity())?;
        fields.serialize_field("effect", &code.effect())?;
        match rule {
            Some(rule) => {
                fields.serialize_field("rule", rule)?;
                fields.serialize_field("rules", &[rule.id()])?;
            }
            None => fields.serialize_field("rules", code.rules())?,
        }
        fields.serialize_field("object", object)?;
        fields.serialize_field("field", field)?;
        if *ports != PortSet::All {
            fields.serialize_field("ports", ports)?;
        }
        if let Some(backend) = backend {
            fields.serialize_field("backend", backend)?;
        }
        if let Some(other) = other {
            fields.serialize_field("other", other)?;
        }
        if let Some(error) = error {
            fields.serialize_field("error", error)?;
        }
        if let Some(workload) = workload {
            fields.serialize_field("workload", workload)?;
        }
        fields.serialize_field("message", message)?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectKey;

    #[test]
    fn the_human_form_names_everything() {
        let object = ObjectRef::split(ObjectKey::new("shop", "canary"));
        let diagnostic = Diagnostic::new(
            Code::WeightMissing,
            object,
            "spec.backends[0].weight".into(),
            "no weight; it counts as 0",
        );
        assert_eq!(
            diagnostic.to_string(),
            "warning[WeightMissing] TrafficSplit shop/canary spec.backends[0].weight: no weight; it counts as 0"
        );
    }
}
