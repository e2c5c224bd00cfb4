use super::*;

/// Returns the violations of an object with its unknown fields, as `path rule` and message.
fn violations(group: &str, version: &str, kind: &str, fields: &Value) -> Vec<(String, String)> {
    let mut value = fields.clone();
    value["apiVersion"] = format!("{group}.smi-spec.io/{version}").into();
    value["kind"] = kind.into();
    if value.get("metadata").is_none() {
        value["metadata"] = json!({"name": "x", "namespace": "shop"});
    }
    let parsed = Object::from_value(&value).unwrap();
    let violations = parsed.violations().into_iter();
    let text = |Violation { path, rule, message }| (format!("{path} {rule}"), message);
    violations.map(text).collect()
}

#[test]
fn reports_unknown_fields_with_the_near_one_and_the_consequence() {
    // I8
    let backend = json!({"service": "a", "weight": 1});
    let subject = json!({"kind": "ServiceAccount", "name": "a", "namespace": "shop"});
    for (group, version, kind, fields, field, message) in [
        (
            "split",
            "v1alpha4",
            "TrafficSplit",
            json!({"spec": {"service": "web", "backends": [backend], "match": []}}),
            "spec.match UnknownField",
            "`v1alpha4` of TrafficSplit has no such field; it may be a restriction, so the \
             split has no effect; did you mean `spec.matches`?",
        ),
        (
            "split",
            "v1alpha2",
            "TrafficSplit",
            json!({"spec": {"service": "web", "backends": [backend, {"service": "b", "weight": 1, "namespace": "c"}]}}),
            "spec.backends[1].namespace UnknownField",
            "`v1alpha2` of TrafficSplit has no such field; it may be a \
             restriction, so the backend counts as absent; a split cannot send traffic to another namespace",
        ),
        (
            "specs",
            "v1alpha4",
            "TCPRoute",
            json!({"spec": {"ports": [80]}}),
            "spec.ports UnknownField",
            "`v1alpha4` of TCPRoute has no such field; it may be a restriction, so the route \
             matches nothing; did you mean `spec.matches.ports`?",
        ),
        (
            "specs",
            "v1alpha4",
            "HTTPRouteGroup",
            json!({"matches": [{"name": "a", "pathRegex": "/a"}]}),
            "matches UnknownField",
            "`v1alpha4` of HTTPRouteGroup has no such field; it may be a restriction, so the \
             group matches nothing; did you mean `spec.matches`?",
        ),
        (
            "access",
            "v1alpha1",
            "TrafficTarget",
            json!({"spec": {"destination": subject, "sources": [subject]}}),
            "spec UnknownField",
            "`v1alpha1` of TrafficTarget has no `spec`, so the target grants nothing; it has \
             `destination`, `sources`, `specs` at the top of the object, without `spec`",
        ),
        (
            "access",
            "v1alpha4",
            "IdentityBinding",
            json!({"spec": {"schemes": {"serviceAccount": "a"}, "labels": {}}}),
            "spec.labels UnknownField",
            "`v1alpha4` of IdentityBinding has no such field; it may be a restriction, so \
             the binding matches no workload",
        ),
    ] {
        // No second error follows from the first one (I7).
        let expected = (field.to_owned(), message.to_owned());
        assert_eq!(violations(group, version, kind, &fields), [expected]);
    }
}

#[test]
fn unknown_fields_that_mean_nothing_are_warnings() {
    // I8
    let subject = json!({"kind": "ServiceAccount", "name": "a", "namespace": "shop"});
    let target = json!({
        "metadata": {"name": "x", "namespace": "shop", "note": 1},
        "destination": subject,
        "sources": [subject],
        "specs": [{"kind": "TCPRoute", "name": "a", "status": {}}],
    });
    let found = violations("access", "v1alpha1", "TrafficTarget", &target);
    let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["metadata.note IgnoredField", "specs[0].status IgnoredField"]);
    let message = "only the CRD of smi-controller-sdk has this field; it means nothing and is ignored";
    assert_eq!(found[1].1, message);
}

#[test]
fn recognises_globs() {
    // S6
    let group = |path: &str| json!({"spec": {"matches": [{"name": "a", "pathRegex": path}]}});
    let of = |path| violations("specs", "v1alpha4", "HTTPRouteGroup", &group(path));
    for (glob, rule, meant) in [
        ("/*", "PatternGlob", "/.*"),
        ("/api/*", "PatternGlob", "/api/.*"),
        ("/api/*/books", "PatternGlob", "/api/[^/]*/books"),
        ("*", "PatternNotPortable", ".*"),
        ("/api/**", "PatternNotPortable", "/api/.*"),
    ] {
        let [(field, message)] = &of(glob)[..] else {
            panic!("{:?}", of(glob))
        };
        assert_eq!(*field, format!("spec.matches[0].pathRegex {rule}"));
        assert!(message.ends_with(&format!("did you mean `{meant}`?")), "{message}");
    }
    for pattern in ["/.*", "/api/.*", "/a+/b*", "/api(/.*)?"] {
        assert!(of(pattern).is_empty(), "{pattern}");
    }
}
