//! Violations of identity bindings.

use super::names::{is_label_key, is_label_value, is_spiffe_id};
use super::{Form, Found, Rule, Violation};
use crate::access::{IdentityBinding, Schemes};
use crate::path::Place;

impl IdentityBinding {
    /// Returns the faults of the binding by itself, in the order of its fields.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let path = Place::Root.field("spec");
        let mut found = Found::default();
        match self.spec.as_ref().map(|spec| &spec.schemes) {
            Some(schemes) if *schemes != Schemes::default() => {
                self::schemes(schemes, path.field("schemes"), &mut found);
            }
            _ => found.no_spec(path),
        }
        found.0
    }
}

fn schemes(schemes: &Schemes, path: Place<'_>, found: &mut Found) {
    let Schemes {
        pod_label_selector,
        spiffe_identities,
        service_account,
    } = schemes;
    if pod_label_selector.is_some() && !service_account.is_empty() {
        let message = "`podLabelSelector` and `serviceAccount` exclude each other, so the binding matches no workload";
        found.add(Rule::SchemesExclusive, path, message);
    }
    if let Some(selector) = pod_label_selector {
        let path = path.field("podLabelSelector");
        let path = path.field("matchLabels");
        if selector.match_labels.is_empty() {
            found.add(
                Rule::NoLabels,
                path,
                "the selector has no labels, so the binding matches no workload",
            );
        }
        for (key, value) in &selector.match_labels {
            if !is_label_key(key) || !is_label_value(value) {
                let message = format!("`{key}: {value}` is not a valid label, so the selector matches no workload");
                found.add(Rule::LabelInvalid, path.field(key), message);
            }
        }
    }
    for (index, id) in spiffe_identities.iter().enumerate() {
        if !is_spiffe_id(id) {
            let message =
                format!("`{id}` is not the SPIFFE ID of a workload, such as `spiffe://cluster.local/ns/shop/sa/web`");
            found.add(Rule::SpiffeId, path.field("spiffeIdentities").index(index), message);
        }
    }
    if !service_account.is_empty() {
        let path = path.field("serviceAccount");
        let consequence = "it matches no workload";
        found.name(
            Rule::ServiceAccountName,
            path,
            service_account,
            &Form::OBJECT,
            consequence,
        );
    }
}
