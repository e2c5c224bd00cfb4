use super::*;

pub(super) fn split(version: &str, spec: &Value) -> Vec<String> {
    found(&object("split", version, "TrafficSplit", &json!({"spec": spec})))
}

#[test]
fn reports_faults_of_splits() {
    let root = |service: &str| {
        split(
            "v1alpha4",
            &json!({"service": service, "backends": [{"service": "a", "weight": 1}]}),
        )
    };
    assert_eq!(root(""), ["spec.service RootMissing"], "T2");
    let long = "a".repeat(64);
    for service in ["WEB", "web.", ".shop", "a.b.c.*", "web.shop.svc.cluster.local.", &long] {
        assert_eq!(root(service), ["spec.service RootForm"], "T3");
    }
    for service in ["web.other", "web.svc", "web.other.svc"] {
        assert_eq!(root(service), ["spec.service RootNamespace"], "T3");
    }
    let backends = |version, list: Value| split(version, &json!({"service": "web", "backends": list}));
    assert_eq!(backends("v1alpha4", json!([])), ["spec.backends NoBackends"], "T31");
    for service in ["", "WEB", "web.shop", &long] {
        let list = json!([{"service": "a", "weight": 1}, {"service": service, "weight": 1}]);
        assert_eq!(
            backends("v1alpha4", list),
            ["spec.backends[1].service BackendName"],
            "T32"
        );
    }
    assert_eq!(
        backends(
            "v1alpha4",
            json!([{"service": "a", "weight": 1}, {"service": "b", "weight": 1}, {"service": "a", "weight": 1}])
        ),
        ["spec.backends[2].service BackendRepeated"],
        "T30"
    );
    let weights = |version, [a, b]: [Value; 2]| {
        backends(
            version,
            json!([{"service": "a", "weight": a}, {"service": "b", "weight": b}]),
        )
    };
    let weight = "spec.backends[1].weight";
    assert_eq!(
        weights("v1alpha1", [json!(1), json!(null)]),
        [format!("{weight} WeightMissing")],
        "T6"
    );
    assert_eq!(
        weights("v1alpha1", [json!(0), json!("-1")]),
        [format!("{weight} WeightInvalid")],
        "T6"
    );
    assert_eq!(
        weights("v1alpha2", [json!(1), json!("500m")]),
        [format!("{weight} WeightFraction")],
        "T6"
    );
    assert_eq!(
        weights("v1alpha4", [json!(0), json!("0m")]),
        ["spec.backends AllWeightsZero"],
        "T10"
    );
    let matches = |version, reference: Value| {
        split(
            version,
            &json!({"service": "web", "backends": [{"service": "a", "weight": 1}], "matches": [reference]}),
        )
    };
    let good = json!({"kind": "HTTPRouteGroup", "name": "a"});
    for version in ["v1alpha1", "v1alpha2"] {
        assert_eq!(
            matches(version, good.clone()),
            ["spec.matches SplitMatchesVersion"],
            "T12"
        );
    }
    for (field, value, path) in [
        (
            "apiGroup",
            "split.smi-spec.io",
            "spec.matches[0].apiGroup ReferenceGroup",
        ), // T16, D18
        ("kind", "TCPRoute", "spec.matches[0].kind ReferenceKind"), // T17
        ("kind", "", "spec.matches[0].kind ReferenceKind"),
        ("name", "", "spec.matches[0].name ReferenceName"),
        ("name", "A", "spec.matches[0].name ReferenceName"),
    ] {
        let mut reference = good.clone();
        reference[field] = value.into();
        assert_eq!(matches("v1alpha3", reference), [path]);
    }
}

#[test]
fn accepts_any_namespace_if_the_own_one_is_unknown() {
    // T3, A22
    let mut object = object(
        "split",
        "v1alpha4",
        "TrafficSplit",
        &json!({"spec": {"service": "web.other", "backends": [{"service": "a", "weight": 1}]}}),
    );
    assert_eq!(object.violations().len(), 1);
    object.metadata_mut().namespace = None;
    assert_eq!(object.violations(), []);
}
