//! What a traffic target can say wrongly.

use super::names::{is_dns_label, is_dns_subdomain};
use super::{Found, Rule, Violation, namespace, repeated};
use crate::access::{self, Subject, TargetSpec, TrafficTarget};
use crate::path::FieldPath;
use crate::version::Version;

impl TrafficTarget {
    /// What is wrong with the target by itself, in the order of its fields; nothing, if nothing is.
    ///
    /// See [`validate`](crate::validate).
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let version = self.version;
        let (path, rules) = self.paths();
        let mut found = Found::default();
        match &self.spec {
            Some(spec) if *spec != TargetSpec::default() => {
                let own = namespace(&self.metadata);
                destination(
                    spec.destination.as_ref(),
                    own,
                    version,
                    &path.clone().field("destination"),
                    &mut found,
                );
                self::rules(&spec.rules, version, &path.clone().field(rules), &mut found);
                sources(&spec.sources, version, &path.field("sources"), &mut found);
            }
            _ => found.no_spec(path),
        }
        found.0
    }
}

fn destination(
    destination: Option<&Subject>,
    own: Option<&str>,
    version: Version,
    path: &FieldPath,
    found: &mut Found,
) {
    let Some(destination) = destination else {
        return found.add(
            Rule::NoDestination,
            path.clone(),
            "there is no destination, so nothing is allowed",
        );
    };
    subject(destination, version, path, found);
    let namespace = &destination.namespace;
    if let Some(own) = own.filter(|own| !namespace.is_empty() && own != namespace) {
        let message = format!("`{namespace}` is not the target's own namespace, `{own}`, so nothing is allowed");
        found.add(Rule::DestinationNamespace, path.clone().field("namespace"), message);
    }
    let Some(port) = &destination.port else { return };
    let path = path.clone().field("port");
    if version >= Version::V1Alpha3 {
        let message = format!("`{version}` has no port; where it is dropped, all ports are allowed");
        found.add(Rule::PortVersion, path.clone(), message);
    }
    found.port(Rule::DestinationPort, path, port);
}

fn rules(rules: &[access::Rule], version: Version, path: &FieldPath, found: &mut Found) {
    if rules.is_empty() {
        found.add(Rule::NoRules, path.clone(), "there are no rules, so nothing is allowed");
    }
    for (index, access::Rule { kind, name, matches }) in rules.iter().enumerate() {
        let path = path.clone().index(index);
        let is_known = match kind.as_str() {
            "HTTPRouteGroup" | "TCPRoute" => true,
            "UDPRoute" => version >= Version::V1Alpha3,
            _ => false,
        };
        if !is_known {
            let message = format!("`{kind}` is no kind of route in `{version}`, so nothing is allowed");
            found.add(Rule::RuleKind, path.clone().field("kind"), message);
        }
        found.name(Rule::RuleName, path.clone().field("name"), name, is_dns_subdomain);
        let path = path.field("matches");
        for (index, _) in matches.iter().enumerate().filter(|(_, name)| name.is_empty()) {
            found.add(
                Rule::RuleMatchName,
                path.clone().index(index),
                "there is no name, so nothing is selected",
            );
        }
        for (index, name) in repeated(matches.iter().map(String::as_str)) {
            let message = format!("`{name}` is listed before");
            found.add(Rule::RuleMatchRepeated, path.clone().index(index), message);
        }
    }
}

fn sources(sources: &[Subject], version: Version, path: &FieldPath, found: &mut Found) {
    if sources.is_empty() {
        found.add(
            Rule::NoSources,
            path.clone(),
            "there are no sources, so nobody is allowed",
        );
    }
    for (index, source) in sources.iter().enumerate() {
        let path = path.clone().index(index);
        subject(source, version, &path, found);
        if source.namespace.is_empty() {
            let message = "there is no namespace; that of the target is taken";
            found.add(Rule::SourceNamespaceMissing, path.clone().field("namespace"), message);
        }
        if source.port.is_some() {
            let message = "the port of a source says nothing";
            found.add(Rule::SourcePort, path.field("port"), message);
        }
    }
}

/// What holds for destinations and sources alike.
fn subject(subject: &Subject, version: Version, path: &FieldPath, found: &mut Found) {
    let Subject {
        group,
        kind,
        name,
        namespace,
        port: _,
    } = subject;
    if !matches!(group.as_str(), "" | "access.smi-spec.io") {
        // D12
        let message = format!("there are no identities in API group `{group}`");
        found.add(Rule::SubjectGroup, path.clone().field("group"), message);
    }
    let is_known = match kind.as_str() {
        "ServiceAccount" => true,
        "IdentityBinding" => version >= Version::V1Alpha4,
        _ => false,
    };
    if !is_known {
        let message = format!("`{kind}` is no kind of identity in `{version}`");
        found.add(Rule::SubjectKind, path.clone().field("kind"), message);
    }
    found.name(Rule::SubjectName, path.clone().field("name"), name, is_dns_subdomain);
    if !namespace.is_empty() {
        found.name(
            Rule::SubjectName,
            path.clone().field("namespace"),
            namespace,
            is_dns_label,
        );
    }
}
