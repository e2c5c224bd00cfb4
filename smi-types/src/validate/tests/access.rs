use super::*;

/// Validates a target with the given fields and valid values for the others.
pub(super) fn target(version: &str, fields: &Value) -> Vec<String> {
    let mut spec = json!({
        "destination": {"kind": "ServiceAccount", "name": "api"},
        "rules": [{"kind": "HTTPRouteGroup", "name": "reading"}],
        "sources": [{"kind": "ServiceAccount", "name": "web", "namespace": "front"}],
    });
    spec.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    if version == "v1alpha1" {
        let rules = spec.as_object_mut().unwrap().remove("rules");
        spec["specs"] = rules.unwrap();
        found(&object("access", version, "TrafficTarget", &spec))
    } else {
        found(&object("access", version, "TrafficTarget", &json!({"spec": spec})))
    }
}

pub(super) fn binding(schemes: &Value) -> Vec<String> {
    let root = json!({"spec": {"schemes": schemes}});
    found(&object("access", "v1alpha4", "IdentityBinding", &root))
}

#[test]
fn reports_faults_of_targets() {
    for (version, at, rules) in [
        ("v1alpha1", "", "specs"),
        ("v1alpha2", "spec.", "rules"),
        ("v1alpha4", "spec.", "rules"),
    ] {
        assert_eq!(
            target(version, &json!({"destination": null})),
            [format!("{at}destination NoDestination")],
            "A6"
        );
        assert_eq!(
            target(version, &json!({"rules": []})),
            [format!("{at}{rules} NoRules")],
            "A6"
        );
        assert_eq!(
            target(version, &json!({"sources": []})),
            [format!("{at}sources NoSources")],
            "A6"
        );
        let kind = json!({"rules": [{"kind": "TCPRoute", "name": "a"}, {"kind": "HTTPRoute", "name": "a"}]});
        assert_eq!(target(version, &kind), [format!("{at}{rules}[1].kind RuleKind")], "A12");
    }
    for version in ["v1alpha1", "v1alpha2"] {
        let udp = target(version, &json!({"rules": [{"kind": "UDPRoute", "name": "a"}]}));
        assert!(udp[0].ends_with("[0].kind RuleKindVersion"), "S24");
    }
    let rule = |field: &str, value: Value| {
        let mut rule = json!({"kind": "HTTPRouteGroup", "name": "a"});
        rule[field] = value;
        target("v1alpha3", &json!({"rules": [rule]}))
    };
    for name in ["", "A"] {
        assert_eq!(rule("name", json!(name)), ["spec.rules[0].name RuleName"], "A9");
    }
    assert_eq!(
        rule("matches", json!(["a", ""])),
        ["spec.rules[0].matches[1] RuleMatchName"],
        "A8"
    );
    assert_eq!(
        rule("matches", json!(["a", "b", "a"])),
        ["spec.rules[0].matches[2] RuleMatchRepeated"],
        "A8"
    );
}

#[test]
fn reports_faults_of_subjects() {
    let subject = |version: &str, field: &str, value: Value| {
        let mut subject = json!({"kind": "ServiceAccount", "name": "a", "namespace": "shop"});
        subject[field] = value;
        let destination = target(version, &json!({"destination": subject}));
        let source = target(version, &json!({"sources": [subject]}));
        [destination, source].concat()
    };
    let both =
        |field: &str, rule: &str| ["spec.destination", "spec.sources[0]"].map(|at| format!("{at}.{field} {rule}"));
    for (version, kind) in [("v1alpha4", "Group"), ("v1alpha4", ""), ("v1alpha3", "IdentityBinding")] {
        assert_eq!(
            subject(version, "kind", json!(kind)),
            both("kind", "SubjectKind"),
            "A26"
        );
    }
    assert_eq!(
        subject("v1alpha4", "group", json!("example.com")),
        both("group", "SubjectGroup"),
        "A26, D12"
    );
    for name in ["", "A"] {
        assert_eq!(subject("v1alpha3", "name", json!(name)), both("name", "SubjectName"));
    }
    let namespace = subject("v1alpha3", "namespace", json!("a.b"));
    assert!(namespace.contains(&"spec.destination.namespace SubjectName".to_owned()));
    assert!(namespace.contains(&"spec.sources[0].namespace SubjectName".to_owned()));
    // A22 to A24: only a source can be in another namespace, and only a destination can omit its namespace.
    assert_eq!(
        subject("v1alpha3", "namespace", json!("other")),
        ["spec.destination.namespace DestinationNamespace"]
    );
    assert_eq!(
        subject("v1alpha3", "namespace", json!("")),
        ["spec.sources[0].namespace SourceNamespaceMissing"]
    );
    // A10, D9
    assert_eq!(
        subject("v1alpha2", "port", json!("x")),
        [
            "spec.destination.port DestinationPort",
            "spec.sources[0].port SourcePort"
        ]
    );
    assert_eq!(
        subject("v1alpha3", "port", json!(80)),
        ["spec.destination.port PortVersion", "spec.sources[0].port SourcePort"]
    );
}

#[test]
fn reports_faults_of_bindings() {
    let labels = |labels: Value| json!({"podLabelSelector": {"matchLabels": labels}});
    let mut both = labels(json!({"app": "web"}));
    both["serviceAccount"] = "web".into();
    assert_eq!(binding(&both), ["spec.schemes SchemesExclusive"], "A28");
    let path = "spec.schemes.podLabelSelector.matchLabels";
    assert_eq!(binding(&labels(json!({}))), [format!("{path} NoLabels")], "A30");
    assert_eq!(
        binding(&labels(json!({"app": "a b", "b/": "c", "c": "d"}))),
        [format!("{path}.app LabelInvalid"), format!("{path}.b/ LabelInvalid")]
    );
    assert_eq!(
        binding(&json!({"spiffeIdentities": ["spiffe://a/b", "web"]})),
        ["spec.schemes.spiffeIdentities[1] SpiffeId"],
        "D19"
    );
    assert_eq!(
        binding(&json!({"serviceAccount": "A"})),
        ["spec.schemes.serviceAccount ServiceAccountName"],
        "A29"
    );
}
