//! Validation of single objects, for admission webhooks, linters and editors: their faults as [`Violation`]s.
//!
//! Faults that depend on other objects (a missing service, two splits of one root) or on an operator's choices (the
//! cluster domain, hosts outside of the cluster) are not detected here. Neither are faults that API servers reject for
//! every kind, such as a malformed `metadata.name`.
//!
//! ```
//! use smi_types::{Object, validate::Rule};
//!
//! let parsed = Object::from_json(br#"{
//!   "apiVersion": "split.smi-spec.io/v1alpha2",
//!   "kind": "TrafficSplit",
//!   "metadata": {"name": "canary", "namespace": "shop"},
//!   "spec": {"service": "web", "backends": [{"service": "web-v1", "weight": "-1"}]}
//! }"#)?;
//!
//! let violations = parsed.violations();
//! assert_eq!(violations.len(), 1);
//! assert_eq!(violations[0].rule, Rule::WeightInvalid);
//! assert_eq!(
//!     violations[0].to_string(),
//!     r#"spec.backends[0].weight: `"-1"` is not a weight from 0 to 2^63 - 1, so the split has no effect (T6)"#
//! );
//! # Ok::<(), smi_types::ParseError>(())
//! ```

mod access;
mod binding;
mod names;
mod rule;
mod severity;
mod specs;
mod split;
mod unknown;

pub use names::{is_dns_label, is_dns_subdomain, is_http_token, is_spiffe_id};
pub use rule::Rule;
pub use severity::Severity;
pub use specs::MatchPatterns;
pub(crate) use unknown::is_harmless;
pub use unknown::{ignored_fields, with_unknown};

use crate::object::Object;
use crate::path::{FieldPath, Place};
use crate::port::Port;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::{self, Display};

/// A fault of an object: a part that its author cannot have intended, or probably did not intend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Violation {
    /// The path of the faulty field in the wire form of the object's own version. The field itself can be missing. For
    /// header filters in list form, each filter counts as an item of its own.
    pub path: FieldPath,
    /// The rule that is broken.
    pub rule: Rule,
    /// The fault and its consequence, in lower case without a trailing period, with values of the object in backticks.
    pub message: String,
}

/// Writes path, message and rule: `spec.backends[0].service: the name is missing (T32)`.
impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} ({})", self.message, self.rule.id())
    }
}

impl Object {
    /// Returns the faults of the object by itself, in the order of its fields.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        match self {
            Self::TrafficSplit(split) => split.violations(),
            Self::HTTPRouteGroup(group) => group.violations(),
            Self::TCPRoute(route) => route.violations(),
            Self::UDPRoute(route) => route.violations(),
            Self::TrafficTarget(target) => target.violations(),
            Self::IdentityBinding(binding) => binding.violations(),
        }
    }
}

/// The violations found so far.
#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, rule: Rule, place: Place<'_>, message: impl Into<String>) {
        let (path, message) = (place.path(), message.into());
        self.0.push(Violation { path, rule, message });
    }

    /// Reports an empty object that has no effect (I7).
    fn no_spec(&mut self, place: Place<'_>) {
        self.add(Rule::NoSpec, place, "nothing is specified, so the object has no effect");
    }

    /// Reports a missing or invalid name, with the consequence.
    fn name(&mut self, rule: Rule, place: Place<'_>, name: &str, form: &Form, consequence: &str) {
        if name.is_empty() {
            self.add(rule, place, format!("the name is missing, so {consequence}"));
        } else if !(form.is_valid)(name) {
            let message = format!("`{name}` is not a valid {}, so {consequence}", form.noun);
            self.add(rule, place, message);
        }
    }

    /// Reports a value that is not a port, with the consequence.
    fn port(&mut self, rule: Rule, place: Place<'_>, port: &Port, consequence: &str) {
        if let Port::Invalid(value) = port {
            let message = format!("`{value}` is not a port from 1 to 65535, so {consequence}");
            self.add(rule, place, message);
        }
    }
}

/// The required form of the names of one category of objects.
struct Form {
    noun: &'static str,
    is_valid: fn(&str) -> bool,
}

impl Form {
    const OBJECT: Self = Self {
        noun: "object name",
        is_valid: is_dns_subdomain,
    };
    const SERVICE: Self = Self {
        noun: "service name",
        is_valid: is_dns_label,
    };
    const NAMESPACE: Self = Self {
        noun: "namespace name",
        is_valid: is_dns_label,
    };
}

/// Returns the namespace of an object, if it is known.
fn namespace(metadata: &ObjectMeta) -> Option<&str> {
    metadata.namespace.as_deref().filter(|namespace| !namespace.is_empty())
}

/// Returns the items that repeat an earlier one, with their indexes.
fn repeated<'a>(items: impl ExactSizeIterator<Item = &'a str> + Clone) -> impl Iterator<Item = (usize, &'a str)> {
    // A search in a short list allocates nothing.
    let is_short = items.len() <= 16;
    let all = items.clone();
    let mut seen = BTreeSet::new();
    items.enumerate().filter(move |(index, item)| match item {
        &"" => false,
        item if is_short => all.clone().take(*index).any(|earlier| earlier == *item),
        item => !seen.insert(*item),
    })
}

#[cfg(test)]
mod tests;
