//! Violations of traffic splits.

use super::names::is_host;
use super::{Form, Found, Rule, Violation, namespace, repeated};
use crate::path::Place;
use crate::split::{Backend, MatchRef, Spec, TrafficSplit};
use crate::version::Version;
use crate::weight::Weight;

impl TrafficSplit {
    /// Returns the faults of the split by itself, in the order of its fields.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let path = Place::Root.field("spec");
        let own = namespace(&self.metadata);
        let mut found = Found::default();
        match &self.spec {
            Some(spec) if *spec != Spec::default() => {
                root(&spec.service, own, path.field("service"), &mut found);
                backends(&spec.backends, own, self.version, path.field("backends"), &mut found);
                matches(&spec.matches, self.version, path.field("matches"), &mut found);
            }
            _ => found.no_spec(path),
        }
        found.0
    }
}

/// Checks the forms of T3 that are recognisable without the cluster domain: two labels, optionally followed by `svc`.
/// An operator may allow any other host.
fn root(service: &str, own: Option<&str>, path: Place<'_>, found: &mut Found) {
    if service.is_empty() {
        return found.add(Rule::RootMissing, path, "the root service is missing");
    }
    if !is_host(service) {
        let message = format!("`{service}` is neither a service name nor a host");
        return found.add(Rule::RootForm, path, message);
    }
    let mut labels = service.split('.').skip(1);
    let (Some(namespace), None | Some("svc"), None) = (labels.next(), labels.next(), labels.next()) else {
        return;
    };
    if let Some(own) = own.filter(|own| *own != namespace) {
        let message =
            format!("`{service}` is in namespace `{namespace}`; a split has an effect only in its own, `{own}`");
        found.add(Rule::RootNamespace, path, message);
    }
}

fn backends(backends: &[Backend], own: Option<&str>, version: Version, path: Place<'_>, found: &mut Found) {
    if backends.is_empty() {
        let message = "there are no backends, so the split has no effect";
        return found.add(Rule::NoBackends, path, message);
    }
    for (index, Backend { service, weight }) in backends.iter().enumerate() {
        let path = path.index(index);
        backend_name(service, own, path.field("service"), found);
        self::weight(weight, version, path.field("weight"), found);
    }
    for (index, service) in repeated(backends.iter().map(|backend| &*backend.service)) {
        let message = format!("`{service}` is already listed; the weights are added");
        found.add(Rule::BackendRepeated, path.index(index).field("service"), message);
    }
    let is_zero = |weight: &Weight| match weight {
        Weight::Missing => true,
        Weight::Exact(weight) => weight.is_zero(),
        Weight::Invalid(_) => false,
    };
    if backends.iter().all(|backend| is_zero(&backend.weight)) {
        let message = "all weights are zero, so the root service serves the traffic as if there were no split";
        found.add(Rule::AllWeightsZero, path, message);
    }
}

fn backend_name(service: &str, own: Option<&str>, path: Place<'_>, found: &mut Found) {
    if (Form::SERVICE.is_valid)(service) {
        return;
    }
    let mut labels = service.split('.');
    let remedy = match (labels.next(), labels.next()) {
        (Some(name), Some(namespace)) if own == Some(namespace) => format!("write the bare name, `{name}`"),
        _ => "name a service in the split's own namespace".to_owned(),
    };
    let consequence = format!("the backend counts as absent; {remedy}");
    found.name(Rule::BackendName, path, service, &Form::SERVICE, &consequence);
}

fn weight(weight: &Weight, version: Version, path: Place<'_>, found: &mut Found) {
    match weight {
        Weight::Missing => found.add(Rule::WeightMissing, path, "the weight is missing and counts as 0"),
        Weight::Invalid(value) => {
            let message = format!("`{value}` is not a weight from 0 to 2^63 - 1, so the split has no effect");
            found.add(Rule::WeightInvalid, path, message);
        }
        Weight::Exact(weight) if version != Version::V1Alpha1 && !weight.is_whole() => {
            let message = format!("`{weight}` is not a whole number; it is used exactly as written");
            found.add(Rule::WeightFraction, path, message);
        }
        Weight::Exact(_) => {}
    }
}

fn matches(matches: &[MatchRef], version: Version, path: Place<'_>, found: &mut Found) {
    if !matches.is_empty() && version < Version::V1Alpha3 {
        let message =
            format!("`{version}` has no matches; an API server that drops them makes the split apply to all traffic");
        found.add(Rule::SplitMatchesVersion, path, message);
    }
    for (index, MatchRef { api_group, kind, name }) in matches.iter().enumerate() {
        let path = path.index(index);
        let group = api_group.as_deref().unwrap_or_default();
        if !matches!(group, "" | "specs.smi-spec.io") {
            // D18
            let message = format!("API group `{group}` has no route groups, so the reference adds no match");
            found.add(Rule::ReferenceGroup, path.field("apiGroup"), message);
        }
        if kind != "HTTPRouteGroup" {
            let message = format!("`{kind}` is not `HTTPRouteGroup`, so the reference adds no match");
            found.add(Rule::ReferenceKind, path.field("kind"), message);
        }
        let consequence = "the reference adds no match";
        found.name(
            Rule::ReferenceName,
            path.field("name"),
            name,
            &Form::OBJECT,
            consequence,
        );
    }
}
