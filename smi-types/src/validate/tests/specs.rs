use super::*;

pub(super) fn group(version: &str, matches: &Value) -> Vec<String> {
    let root = match version {
        "v1alpha1" | "v1alpha2" => json!({"matches": matches}),
        _ => json!({"spec": {"matches": matches}}),
    };
    found(&object("specs", version, "HTTPRouteGroup", &root))
}

pub(super) fn ports(version: &str, kind: &str, spec: &Value) -> Vec<String> {
    found(&object("specs", version, kind, &json!({"spec": spec})))
}

#[test]
fn reports_faults_of_groups() {
    for (version, path) in [
        ("v1alpha1", "matches"),
        ("v1alpha2", "matches"),
        ("v1alpha3", "spec.matches"),
        ("v1alpha4", "spec.matches"),
    ] {
        assert_eq!(group(version, &json!([])), [format!("{path} NoMatches")], "S21");
        let list = json!([{"name": "a", "pathRegex": "/"}, {"pathRegex": "/"}]);
        assert_eq!(group(version, &list), [format!("{path}[1].name MatchName")], "S3");
    }
    let list =
        json!([{"name": "a", "methods": ["GET"]}, {"name": "b", "pathRegex": "/"}, {"name": "a", "pathRegex": "/"}]);
    assert_eq!(group("v1alpha4", &list), ["spec.matches[2].name MatchRepeated"], "S2");
    let matching = |field: &str, value: Value| group("v1alpha4", &json!([{"name": "a", field: value}]));
    let at = "spec.matches[0]";
    assert_eq!(
        matching("pathRegex", json!("")),
        [format!("{at} MatchEverything")],
        "S20"
    );
    assert_eq!(
        matching("pathRegex", json!("/(?!a)")),
        [format!("{at}.pathRegex PatternNotPortable")],
        "S6"
    );
    for method in ["get", "G*", "", "BREW"] {
        let methods = json!(["GET", method]);
        assert_eq!(
            matching("methods", methods),
            [format!("{at}.methods[1] MethodUnknown")],
            "S8"
        );
    }
    for methods in [json!([""]), json!(["a b", ""])] {
        assert_eq!(matching("methods", methods), [format!("{at}.methods NoMethod")], "S11");
    }
    let headers = json!([{"x-a": "a"}]);
    assert_eq!(
        group("v1alpha1", &json!([{"name": "a", "headers": headers}])),
        ["matches[0].headers HeadersVersion"],
        "S10"
    );
    for lost in [json!({}), json!([{}])] {
        assert_eq!(matching("headers", lost), [format!("{at}.headers HeadersLost")], "I6");
    }
    let with_null = json!([{"x-a": "a"}, {"x-b": null}]);
    assert_eq!(
        matching("headers", with_null),
        [format!("{at}.headers.x-b HeadersLost")],
        "I6"
    );
    let list = json!([{"x-a": "a"}, {":method": "(?=a)"}]);
    let path = format!("{at}.headers[1].:method");
    assert_eq!(
        matching("headers", list),
        [format!("{path} HeaderName"), format!("{path} PatternNotPortable")],
        "S11, S6"
    );
    let map = json!({"x-a": "a", "x b": "b"});
    assert_eq!(matching("headers", map), [format!("{at}.headers.x b HeaderName")]);
    let twice = json!([{"x-a": "a"}, {"X-A": "b"}]);
    assert_eq!(
        matching("headers", twice),
        [format!("{at}.headers[1].X-A HeaderRepeated")],
        "S19, S16"
    );
}

#[test]
fn reports_faults_of_port_routes() {
    for (version, kind) in [("v1alpha4", "TCPRoute"), ("v1alpha4", "UDPRoute")] {
        for port in [json!(0), json!(65536), json!("http"), json!(null)] {
            let spec = json!({"matches": {"ports": [80, port]}});
            assert_eq!(ports(version, kind, &spec), ["spec.matches.ports[1] RoutePort"], "S23");
        }
    }
    for version in ["v1alpha1", "v1alpha2", "v1alpha3"] {
        let spec = json!({"matches": {"ports": [80]}});
        assert_eq!(
            ports(version, "TCPRoute", &spec),
            ["spec.matches.ports PortsVersion"],
            "S22"
        );
    }
}
