//! Violations of traffic targets.

use super::{Form, Found, Rule, Violation, namespace, repeated};
use crate::access::{self, Subject, TargetSpec, TrafficTarget};
use crate::path::Place;
use crate::version::Version;

impl TrafficTarget {
    /// Returns the faults of the target by itself, in the order of its fields.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let version = self.version;
        let (path, rules) = self.places();
        let mut found = Found::default();
        match &self.spec {
            Some(spec) if *spec != TargetSpec::default() => {
                let own = namespace(&self.metadata);
                let place = path.field("destination");
                destination(spec.destination.as_ref(), own, version, place, &mut found);
                self::rules(&spec.rules, version, path.field(rules), &mut found);
                sources(&spec.sources, version, path.field("sources"), &mut found);
            }
            _ => found.no_spec(path),
        }
        found.0
    }
}

fn destination(destination: Option<&Subject>, own: Option<&str>, version: Version, path: Place<'_>, found: &mut Found) {
    let Some(destination) = destination else {
        return found.add(
            Rule::NoDestination,
            path,
            "the destination is missing, so nothing is allowed",
        );
    };
    subject(destination, version, path, found);
    let namespace = &destination.namespace;
    if let Some(own) = own.filter(|own| !namespace.is_empty() && own != namespace) {
        let message = format!("`{namespace}` is not the target's own namespace, `{own}`, so nothing is allowed");
        found.add(Rule::DestinationNamespace, path.field("namespace"), message);
    }
    let Some(port) = &destination.port else { return };
    let path = path.field("port");
    if version >= Version::V1Alpha3 {
        let message = format!("`{version}` has no port; an API server that drops it allows all ports");
        found.add(Rule::PortVersion, path, message);
    }
    found.port(Rule::DestinationPort, path, port, "nothing is allowed");
}

fn rules(rules: &[access::Rule], version: Version, path: Place<'_>, found: &mut Found) {
    if rules.is_empty() {
        found.add(Rule::NoRules, path, "there are no rules, so nothing is allowed");
    }
    for (index, access::Rule { kind, name, matches }) in rules.iter().enumerate() {
        let path = path.index(index);
        rule_kind(kind, version, path.field("kind"), found);
        let consequence = "the rule matches nothing";
        found.name(Rule::RuleName, path.field("name"), name, &Form::OBJECT, consequence);
        let path = path.field("matches");
        for (index, _) in matches.iter().enumerate().filter(|(_, name)| name.is_empty()) {
            found.add(
                Rule::RuleMatchName,
                path.index(index),
                "the name is missing, so no match is selected",
            );
        }
        for (index, name) in repeated(matches.iter().map(String::as_str)) {
            let message = format!("`{name}` is already listed");
            found.add(Rule::RuleMatchRepeated, path.index(index), message);
        }
    }
}

fn rule_kind(kind: &str, version: Version, path: Place<'_>, found: &mut Found) {
    match kind {
        "HTTPRouteGroup" | "TCPRoute" => {}
        "UDPRoute" if version >= Version::V1Alpha3 => {}
        "UDPRoute" => {
            let message = format!("`{version}` has no rules of kind `UDPRoute`; an API server may reject it");
            found.add(Rule::RuleKindVersion, path, message);
        }
        _ => {
            let message = format!("`{kind}` is not a kind of route, so nothing is allowed");
            found.add(Rule::RuleKind, path, message);
        }
    }
}

fn sources(sources: &[Subject], version: Version, path: Place<'_>, found: &mut Found) {
    if sources.is_empty() {
        found.add(Rule::NoSources, path, "there are no sources, so nothing is allowed");
    }
    for (index, source) in sources.iter().enumerate() {
        let path = path.index(index);
        subject(source, version, path, found);
        if source.namespace.is_empty() {
            let message = "the namespace is missing; the namespace of the target is used";
            found.add(Rule::SourceNamespaceMissing, path.field("namespace"), message);
        }
        if source.port.is_some() {
            let message = "the port of a source has no effect";
            found.add(Rule::SourcePort, path.field("port"), message);
        }
    }
}

/// Reports the faults that destinations and sources have in common.
fn subject(subject: &Subject, version: Version, path: Place<'_>, found: &mut Found) {
    let Subject {
        group,
        kind,
        name,
        namespace,
        port: _,
    } = subject;
    if !matches!(group.as_str(), "" | "access.smi-spec.io") {
        // D12
        let message = format!("API group `{group}` has no identities, so the subject matches no workload");
        found.add(Rule::SubjectGroup, path.field("group"), message);
    }
    let is_known = match kind.as_str() {
        "ServiceAccount" => true,
        "IdentityBinding" => version >= Version::V1Alpha4,
        _ => false,
    };
    if !is_known {
        let message = format!("`{kind}` is not a kind of identity in `{version}`, so the subject matches no workload");
        found.add(Rule::SubjectKind, path.field("kind"), message);
    }
    let consequence = "the subject matches no workload";
    found.name(Rule::SubjectName, path.field("name"), name, &Form::OBJECT, consequence);
    if !namespace.is_empty() {
        found.name(
            Rule::SubjectName,
            path.field("namespace"),
            namespace,
            &Form::NAMESPACE,
            consequence,
        );
    }
}
