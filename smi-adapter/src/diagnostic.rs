//! Diagnostics: facts about SMI objects for their authors, as data and as text.

mod code;
mod concern;
pub(crate) mod followers;
mod violation;

pub use code::{Code, Effect};
pub use concern::{ErrorBound, PortSet};

use crate::object::{Kind, ObjectRef, Origin};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use smi_types::FieldPath;
use smi_types::path::Segment;
use smi_types::validate::Rule;
use std::fmt::{self, Display};

pub use smi_types::validate::Severity;

/// A fact about one field of one object that its author should know, with a stable [`Code`].
///
/// Everything that a program needs is in the fields. The message is for people and need not be parsed. A controller
/// turns a diagnostic into an Event on the object, or into a condition of its status.
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
    /// The object that the diagnostic is about.
    pub object: ObjectRef,
    /// The field that the diagnostic is about; the root, if it is about the whole object.
    pub field: FieldPath,
    /// The kind of fact.
    pub code: Code,
    /// The rule that the object violates by itself. `None` if the diagnostic depends on other objects, a setting or a
    /// mesh.
    pub rule: Option<Rule>,
    /// The ports that the diagnostic is limited to: on a split those of the root service, otherwise those that the
    /// workload listens on.
    pub ports: PortSet,
    /// The service name of the split's backend that the diagnostic is limited to.
    pub backend: Option<String>,
    /// The other object that causes the diagnostic, such as an older split or a foreign native object.
    pub other: Option<ObjectRef>,
    /// The largest difference between a share of traffic and the share in the split.
    pub error: Option<ErrorBound>,
    /// The workload that the diagnostic is limited to.
    pub workload: Option<ObjectRef>,
    /// The message: lower case, no trailing period, values in backticks.
    pub message: String,
    /// The places that the object was read from: several, if one input contains it several times; none, if unknown.
    /// Plans and [`resolve`](crate::resolve::resolve) fill them in. The text of a diagnostic does not contain them. An
    /// Event needs the UID of its object, which is here.
    pub origins: Vec<Origin>,
}

impl Diagnostic {
    /// Creates a diagnostic on one field of an object, without any limits.
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
            origins: Vec::new(),
        }
    }

    /// Limits the diagnostic to one port.
    #[must_use]
    pub fn on_port(self, port: u16) -> Self {
        self.on_ports(PortSet::Only([port].into()))
    }

    /// Limits the diagnostic to a set of ports.
    #[must_use]
    pub fn on_ports(mut self, ports: PortSet) -> Self {
        self.ports = ports;
        self
    }

    /// Limits the diagnostic to one backend of the split, by the name of its service.
    #[must_use]
    pub fn on_backend(mut self, service: impl Into<String>) -> Self {
        self.backend = Some(service.into());
        self
    }

    /// Limits the diagnostic to one workload.
    #[must_use]
    pub fn on_workload(mut self, workload: ObjectRef) -> Self {
        self.workload = Some(workload);
        self
    }

    /// Adds the object that causes the diagnostic.
    #[must_use]
    pub fn caused_by(mut self, other: ObjectRef) -> Self {
        self.other = Some(other);
        self
    }

    /// Adds the largest difference between a share and the share in the split.
    #[must_use]
    pub fn within(mut self, error: ErrorBound) -> Self {
        self.error = Some(error);
        self
    }

    /// Returns `true` if the diagnostic is on a split and, because of it, the split takes no traffic on `port` of its
    /// root.
    ///
    /// [`Planned::status`](crate::plan::Planned::status) and the conformance kit rely on this method: an adapter that
    /// does not split a port must report a diagnostic for which it returns `true`.
    #[must_use]
    pub fn disables_split_on(&self, port: u16) -> bool {
        // Annotations are not part of SMI.
        self.object.kind == Kind::TrafficSplit
            && self.code.disables_splits()
            && self.backend.is_none()
            && !self.field.starts_with(&"metadata".into())
            && !(self.code == Code::UnknownField && self.is_about_an_item())
            && self.ports.contains(port)
    }
}

impl Diagnostic {
    /// Returns `true` if the diagnostic is about an item of a list, not about the object as a whole.
    fn is_about_an_item(&self) -> bool {
        let mut segments = self.field.segments();
        segments.any(|segment| matches!(segment, Segment::Index(_)))
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

/// Serialises every field, and what follows from the code: `severity`, `effect` and `rules`. If the diagnostic has a
/// rule, `rules` contains only its ID. Limits and optional fields that are not set are omitted.
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
            origins,
        } = self;
        let mut fields = serializer.serialize_struct("Diagnostic", 14)?;
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
        if !origins.is_empty() {
            fields.serialize_field("origins", origins)?;
        }
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectKey;

    #[test]
    fn text_contains_severity_code_object_field_and_message() {
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
