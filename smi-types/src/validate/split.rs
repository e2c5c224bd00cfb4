//! What a traffic split can say wrongly.

use super::names::{is_dns_label, is_dns_subdomain, is_host};
use super::{Found, Rule, Violation, namespace, repeated};
use crate::path::FieldPath;
use crate::split::{Backend, MatchRef, Spec, TrafficSplit};
use crate::version::Version;
use crate::weight::Weight;

impl TrafficSplit {
    /// What is wrong with the split by itself, in the order of its fields; nothing, if nothing is.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let path = FieldPath::root().field("spec");
        let mut found = Found::default();
        match &self.spec {
            Some(spec) if *spec != Spec::default() => {
                root(
                    &spec.service,
                    namespace(&self.metadata),
                    path.clone().field("service"),
                    &mut found,
                );
                backends(
                    &spec.backends,
                    self.version,
                    &path.clone().field("backends"),
                    &mut found,
                );
                matches(&spec.matches, self.version, &path.field("matches"), &mut found);
            }
            _ => found.no_spec(path),
        }
        found.0
    }
}

/// The forms of T3, as far as they can be told without knowing the cluster domain: two labels, `svc`, and the
/// usual domain. Any other host may be one that an operator allows.
fn root(service: &str, own: Option<&str>, path: FieldPath, found: &mut Found) {
    if service.is_empty() {
        return found.add(Rule::RootMissing, path, "there is no root service");
    }
    if !is_host(service) {
        let message = format!("`{service}` is no name of a service and no host");
        return found.add(Rule::RootForm, path, message);
    }
    let labels: Vec<&str> = service.split('.').collect();
    let ([_, namespace] | [_, namespace, "svc"] | [_, namespace, "svc", "cluster", "local"]) = labels[..] else {
        return;
    };
    if let Some(own) = own.filter(|own| *own != namespace) {
        let message = format!("`{service}` is in namespace `{namespace}`; a split acts in its own, `{own}`, only");
        found.add(Rule::RootNamespace, path, message);
    }
}

fn backends(backends: &[Backend], version: Version, path: &FieldPath, found: &mut Found) {
    if backends.is_empty() {
        return found.add(Rule::NoBackends, path.clone(), "there are no backends");
    }
    for (index, Backend { service, weight }) in backends.iter().enumerate() {
        let path = path.clone().index(index);
        found.name(Rule::BackendName, path.clone().field("service"), service, is_dns_label);
        self::weight(weight, version, path.field("weight"), found);
    }
    for (index, service) in repeated(backends.iter().map(|backend| &*backend.service)) {
        let message = format!("`{service}` is listed before; the weights are added");
        found.add(
            Rule::BackendRepeated,
            path.clone().index(index).field("service"),
            message,
        );
    }
    let is_zero = |weight: &Weight| match weight {
        Weight::Missing => true,
        Weight::Exact(weight) => weight.is_zero(),
        Weight::Invalid(_) => false,
    };
    if backends.iter().all(|backend| is_zero(&backend.weight)) {
        let message = "all weights are zero, so the root service serves as if there were no split";
        found.add(Rule::AllWeightsZero, path.clone(), message);
    }
}

fn weight(weight: &Weight, version: Version, path: FieldPath, found: &mut Found) {
    match weight {
        Weight::Missing => found.add(Rule::WeightMissing, path, "there is no weight; it counts as 0"),
        Weight::Invalid(value) => {
            let message = format!("`{value}` is no weight from 0 to 2^63 - 1");
            found.add(Rule::WeightInvalid, path, message);
        }
        Weight::Exact(weight) if version != Version::V1Alpha1 && !weight.is_whole() => {
            let message = format!("`{weight}` is no whole number; it is taken exactly");
            found.add(Rule::WeightFraction, path, message);
        }
        Weight::Exact(_) => {}
    }
}

fn matches(matches: &[MatchRef], version: Version, path: &FieldPath, found: &mut Found) {
    if !matches.is_empty() && version < Version::V1Alpha3 {
        let message = format!("`{version}` has no matches; where they are dropped, all traffic is split");
        found.add(Rule::SplitMatchesVersion, path.clone(), message);
    }
    for (index, MatchRef { api_group, kind, name }) in matches.iter().enumerate() {
        let path = path.clone().index(index);
        let group = api_group.as_deref().unwrap_or_default();
        if !matches!(group, "" | "specs.smi-spec.io") {
            // D18
            let message = format!("there is no route group in API group `{group}`");
            found.add(Rule::ReferenceGroup, path.clone().field("apiGroup"), message);
        }
        if kind != "HTTPRouteGroup" {
            let message = format!("`{kind}` is no `HTTPRouteGroup`");
            found.add(Rule::ReferenceKind, path.clone().field("kind"), message);
        }
        found.name(Rule::ReferenceName, path.field("name"), name, is_dns_subdomain);
    }
}
