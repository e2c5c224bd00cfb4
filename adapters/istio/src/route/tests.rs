use crate::{GATEWAYS_ANNOTATION, Istio};
use serde_json::{Value, json};
use smi_adapter::diagnostic::Code;
use smi_adapter::object::{ObjectKey, ObjectRef};
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::{Observed, Planned, State};
use smi_adapter::settings::{PathAnchor, Settings};
use smi_adapter::smi_types::FieldPath;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml;

/// A root and backends, with port names that declare protocols to Istio.
const SHOP: &str = "
{apiVersion: v1, kind: List, items: [
  {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80, name: http}]}},
  {apiVersion: v1, kind: Service, metadata: {name: v1}, spec: {ports: [{port: 80, name: http}]}},
  {apiVersion: v1, kind: Service, metadata: {name: v2}, spec: {ports: [{port: 80, name: http}]}},
  {apiVersion: v1, kind: Service, metadata: {name: many}, spec: {ports: [
    {port: 80, name: http}, {port: 90, name: tcp-raw}, {port: 443, name: https}, {port: 91}, {port: 92, name: udp-x},
    {port: 93, name: x, appProtocol: kubernetes.io/h2c}]}},
  {apiVersion: v1, kind: Service, metadata: {name: b}, spec: {ports: [
    {port: 80}, {port: 90}, {port: 443}, {port: 91}, {port: 92}, {port: 93}]}},
]}
";

fn planned_with(istio: &Istio, settings: &Settings, manifests: &str) -> Planned {
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(&format!("{SHOP}\n---\n{manifests}"), "shop") {
        document.add_to(&mut input).unwrap();
    }
    let snapshot = input.build();
    istio.plan(&snapshot, settings, &Observed::default())
}

fn planned(manifests: &str) -> Planned {
    planned_with(&Istio::default(), &Settings::default(), manifests)
}

fn split(root: &str, backends: &str, matches: &str) -> String {
    let matches = if matches.is_empty() {
        String::new()
    } else {
        format!(", matches: [{{kind: HTTPRouteGroup, name: {matches}}}]")
    };
    format!(
        "{{apiVersion: split.smi-spec.io/v1alpha4, kind: TrafficSplit, metadata: {{name: s-{root}}}, spec: {{service: {root}, backends: [{backends}]{matches}}}}}\n---\n"
    )
}

fn group(matches: &str) -> String {
    format!(
        "{{apiVersion: specs.smi-spec.io/v1alpha4, kind: HTTPRouteGroup, metadata: {{name: g}}, spec: {{matches: [{matches}]}}}}\n---\n"
    )
}

fn spec(planned: &Planned) -> &Value {
    assert_eq!(planned.manifests.len(), 1);
    &planned.manifests[0].object.spec
}

fn codes(planned: &Planned) -> Vec<(Code, FieldPath)> {
    let diagnostics = planned.diagnostics.iter();
    diagnostics
        .map(|diagnostic| (diagnostic.code, diagnostic.field.clone()))
        .filter(|(code, _)| *code != Code::PathAnchorDiffers)
        .collect()
}

fn to(service: &str, port: u16, weight: Option<u32>) -> Value {
    let mut destination =
        json!({"destination": {"host": format!("{service}.shop.svc.cluster.local"), "port": {"number": port}}});
    if let Some(weight) = weight {
        destination["weight"] = json!(weight);
    }
    destination
}

#[test]
fn a_canary_becomes_weighted_routes() {
    let planned = planned(&split(
        "web",
        "{service: v1, weight: 90}, {service: v2, weight: 10}",
        "",
    ));
    let route = json!([to("v1", 80, Some(9)), to("v2", 80, Some(1))]);
    assert_eq!(
        *spec(&planned),
        json!({
            "hosts": ["web.shop.svc.cluster.local"],
            "http": [{"name": "s-web", "match": [{"port": 80}], "route": route}],
            "tcp": [{"match": [{"port": 80}], "route": route}],
        })
    );
    assert_eq!(planned.manifests[0].object.key(), ObjectKey::new("shop", "web"));
    assert_eq!(codes(&planned), []);
}

#[test]
fn an_ab_test_falls_back_to_the_root() {
    let planned = planned(
        &(group(
            "{name: firefox, headers: {User-Agent: '.*Firefox.*'}}, {name: odd name, pathRegex: '/a', methods: [GET, HEAD]}, {pathRegex: '/b.*', methods: [GET]}",
        ) + &split("web", "{service: v2, weight: 1}", "g")),
    );
    let v2 = json!([to("v2", 80, None)]);
    assert_eq!(
        spec(&planned)["http"],
        json!([
            {"name": "s-web/firefox", "route": v2,
             "match": [{"port": 80, "headers": {"user-agent": {"regex": ".*Firefox.*"}}}]},
            {"name": "s-web/odd-name", "route": v2,
             "match": [{"port": 80, "uri": {"regex": "/a"}, "method": {"regex": "GET|HEAD"}}]},
            {"name": "s-web/g", "route": v2,
             "match": [{"port": 80, "uri": {"regex": "/b.*"}, "method": {"exact": "GET"}}]},
            {"name": "root", "route": [to("web", 80, None)], "match": [{"port": 80}]},
        ])
    );
    assert_eq!(spec(&planned).get("tcp"), None, "T19");
}

#[test]
fn keeps_weights_that_the_first_adapter_got_wrong() {
    // The first SMI adapter for Istio rounded to percent, gave the remainder to the last backend, and stored weights by
    // service name.
    let weights = |given: &[(&str, &str)]| {
        let backends: Vec<String> = given
            .iter()
            .map(|(service, weight)| format!("{{service: {service}, weight: {weight}}}"))
            .collect();
        let planned = planned(&split("web", &backends.join(", "), ""));
        let none = planned.manifests.is_empty();
        let route = if none {
            json!([])
        } else {
            spec(&planned)["http"][0]["route"].clone()
        };
        let weights = route.as_array().unwrap().iter();
        weights
            .map(|to| {
                let host = to["destination"]["host"].as_str().unwrap().split('.').next().unwrap();
                (host.to_owned(), to.get("weight").and_then(Value::as_u64))
            })
            .collect::<Vec<_>>()
    };
    let all = |expected: &[(&str, Option<u64>)]| -> Vec<(String, Option<u64>)> {
        expected
            .iter()
            .map(|(host, weight)| ((*host).to_owned(), *weight))
            .collect()
    };
    // [1, 1, 1, 0] gave the last one 1 %.
    assert_eq!(
        weights(&[("v1", "1"), ("v2", "1"), ("b", "1"), ("web", "0")]),
        all(&[("v1", Some(1)), ("v2", Some(1)), ("b", Some(1))])
    );
    // [1 × 6, 0] gave the last one -2 %.
    assert_eq!(
        weights(&[
            ("v1", "1"),
            ("v2", "1"),
            ("b", "1"),
            ("many", "1"),
            ("web", "1"),
            ("v1", "0")
        ]),
        all(&[
            ("v1", Some(1)),
            ("v2", Some(1)),
            ("b", Some(1)),
            ("many", Some(1)),
            ("web", Some(1))
        ])
    );
    // Less than half a percent became zero.
    assert_eq!(
        weights(&[("v1", "999"), ("v2", "1")]),
        all(&[("v1", Some(999)), ("v2", Some(1))])
    );
    // 2 : 1 became 67 : 33.
    assert_eq!(
        weights(&[("v1", "2"), ("v2", "1")]),
        all(&[("v1", Some(2)), ("v2", Some(1))])
    );
    // For a repeated backend only the last weight was used.
    assert_eq!(
        weights(&[("v1", "1"), ("v2", "1"), ("v1", "2")]),
        all(&[("v1", Some(3)), ("v2", Some(1))])
    );
    // Istio rejected weights that are all zero on every attempt. 0 : 1 is written without the zero, and without the
    // weight of the single destination.
    assert_eq!(weights(&[("v1", "0"), ("v2", "0")]), []);
    assert_eq!(weights(&[("v1", "0"), ("v2", "1")]), all(&[("v2", None)]));
    // A manual test of the first adapter expects 67 : 33 for 1 : 500m.
    assert_eq!(
        weights(&[("v1", "1"), ("v2", "500m")]),
        all(&[("v1", Some(2)), ("v2", Some(1))])
    );
    // The sum exceeds the limit of Istio and Envoy.
    let huge = weights(&[("v1", "9223372036854775807"), ("v2", "1")]);
    assert_eq!(huge, all(&[("v1", Some(2_147_483_646)), ("v2", Some(1))]));
}

#[test]
fn does_not_round_two_hundred_backends() {
    use std::fmt::Write;
    // The first SMI adapter for Istio gave the last of 200 equal backends -99 %.
    let mut services = String::new();
    let mut backends = String::new();
    for index in 0..200 {
        writeln!(
            services,
            "---\n{{apiVersion: v1, kind: Service, metadata: {{name: n{index}}}, spec: {{ports: [{{port: 80}}]}}}}"
        )
        .unwrap();
        write!(backends, "{{service: n{index}, weight: 1}},").unwrap();
    }
    let planned = planned(&(split("web", &backends, "") + &services));
    let route = spec(&planned)["http"][0]["route"].as_array().unwrap();
    assert_eq!(route.len(), 200);
    assert!(route.iter().all(|to| to["weight"] == 1));
}

#[test]
fn reports_rounded_weights() {
    let planned = planned(&split(
        "web",
        "{service: v1, weight: 3000000000}, {service: v2, weight: 1}",
        "",
    ));
    assert_eq!(codes(&planned), [(Code::WeightRounded, "spec.backends".into())]);
    assert!(planned.diagnostics[0].message.contains("2/2147483647"));
}

#[test]
fn translates_each_port_by_its_protocol() {
    let conditional = group("{name: m, pathRegex: '/a'}") + &split("many", "{service: b, weight: 1}", "g");
    let planned_conditional = planned(&conditional);
    assert_eq!(
        codes(&planned_conditional),
        [
            (Code::Inexpressible, "spec.service".into()), // https
            (Code::Inexpressible, "spec.service".into()), // udp-
            (Code::NotHttp, "spec.service".into()),       // tcp-
        ]
    );
    let ports = |routes: &Value| -> Vec<Value> {
        let routes = routes.as_array().into_iter().flatten();
        routes.map(|route| route["match"][0]["port"].clone()).collect()
    };
    assert_eq!(ports(&spec(&planned_conditional)["http"]), [80, 80, 91, 91, 93, 93]);
    assert_eq!(ports(&spec(&planned_conditional)["tcp"]), [0; 0]);

    let planned = planned(&split("many", "{service: b, weight: 1}", ""));
    let inexpressible = (Code::Inexpressible, "spec.service".into());
    assert_eq!(codes(&planned), [inexpressible.clone(), inexpressible]);
    assert_eq!(ports(&spec(&planned)["http"]), [80, 91, 93]);
    assert_eq!(ports(&spec(&planned)["tcp"]), [80, 90, 91, 93]);
    let status = planned.status(&ObjectRef::split(ObjectKey::new("shop", "s-many")));
    assert_eq!(status.state, State::InPart);
    let in_force: Vec<u16> = status.shares.iter().map(|shares| shares.port).collect();
    assert_eq!(in_force, [80, 90, 91, 93]);
}

#[test]
fn leaves_out_and_reports_inexpressible_matches() {
    let long = format!("/{}", "a".repeat(1025));
    let matches = [
        "{name: ok, headers: [{X-A: b}, {x-a: b}], methods: ['*']}".to_owned(),
        "{name: empty, headers: {x-a: ''}}".into(),
        "{name: token, methods: ['GET', 'M-A.B']}".into(),
        "{name: twice, headers: [{X-A: b}, {x-a: c}]}".into(),
        "{name: id, headers: {X-Request-Id: '.*'}}".into(),
        "{name: te, headers: {TE: '.*'}}".into(),
        "{name: method, headers: {method: '.*'}}".into(),
        format!("{{name: long, pathRegex: '{long}'}}"),
    ];
    let planned = planned(&(group(&matches.join(", ")) + &split("web", "{service: v2, weight: 1}", "g")));
    assert_eq!(
        codes(&planned),
        [
            (Code::DuplicateHeader, "spec.matches[0].headers[1].x-a".into()),
            (Code::UnknownMethod, "spec.matches[2].methods[1]".into()),
            (Code::HeaderRepeated, "spec.matches[3].headers.x-a".into()),
            (Code::Inexpressible, "spec.matches[4].headers.x-request-id".into()),
            (Code::Inexpressible, "spec.matches[5].headers.te".into()),
            (Code::Inexpressible, "spec.matches[6].headers.method".into()),
            (Code::Inexpressible, "spec.matches[7].pathRegex".into()),
        ]
    );
    let http = spec(&planned)["http"].as_array().unwrap();
    let names: Vec<&str> = http.iter().map(|route| route["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["s-web/ok", "s-web/empty", "s-web/token", "root"]);
    assert_eq!(http[1]["match"][0]["headers"]["x-a"], json!({"regex": "(?:)"}));
    assert_eq!(http[2]["match"][0]["method"], json!({"regex": r"GET|M\-A\.B"}));
}

#[test]
fn a_split_without_expressible_matches_is_not_in_force() {
    let planned =
        planned(&(group("{name: id, headers: {x-request-id: '.*'}}") + &split("web", "{service: v2, weight: 1}", "g")));
    assert_eq!(planned.manifests, []);
    let status = planned.status(&ObjectRef::split(ObjectKey::new("shop", "s-web")));
    assert_eq!(status.state, State::Inert);
    assert_eq!(
        codes(&planned),
        [
            (Code::Inexpressible, "spec.matches[0].headers.x-request-id".into()),
            (Code::Inexpressible, "spec.service".into()),
        ]
    );
}

#[test]
fn the_path_anchor_is_a_setting() {
    let mut settings = Settings::default();
    settings.path_anchor = PathAnchor::Start;
    let manifests = group("{name: m, pathRegex: '/a|/b'}") + &split("web", "{service: v2, weight: 1}", "g");
    let planned = planned_with(&Istio::default(), &settings, &manifests);
    assert_eq!(
        spec(&planned)["http"][0]["match"][0]["uri"]["regex"],
        "(?:/a|/b)(?s:.*)"
    );
}

#[test]
fn gateways_have_to_be_allowed() {
    let annotate = |root: &str, gateways: &str| {
        let split = split(root, "{service: b, weight: 1}", "");
        split.replace(
            "metadata: {",
            &format!("metadata: {{annotations: {{'{GATEWAYS_ANNOTATION}': '{gateways}'}}, "),
        )
    };
    let mut istio = Istio::default();
    istio.gateways.insert("shop/public".into());
    let with = |manifests: &str| planned_with(&istio, &Settings::default(), manifests);

    // Not allowed, or not a list: the split applies to the mesh only.
    for gateways in ["[\"other/public\"]", "public", "{}"] {
        let planned = with(&annotate("web", gateways));
        assert_eq!(
            codes(&planned),
            [(Code::NotAllowed, "metadata.annotations".into())],
            "{gateways}"
        );
        assert_eq!(spec(&planned).get("gateways"), None);
    }
    // Allowed: the split applies to the mesh and to every port of the gateway.
    let planned = with(&annotate("web", "[\"public\", \"mesh\"]"));
    assert_eq!(codes(&planned), []);
    let spec_of_web = spec(&planned);
    assert_eq!(spec_of_web["gateways"], json!(["mesh", "shop/public"]));
    assert_eq!(
        spec_of_web["http"][0]["match"],
        json!([{"port": 80, "gateways": ["mesh"]}, {"gateways": ["shop/public"]}])
    );
    assert_eq!(
        spec_of_web["tcp"][0]["match"],
        json!([{"port": 80, "gateways": ["mesh"]}])
    );
    // A request at a gateway carries no port of the root.
    let planned = with(&annotate("many", "[\"shop/public\"]"));
    assert!(codes(&planned).contains(&(Code::Inexpressible, "metadata.annotations".into())));
    assert_eq!(spec(&planned).get("gateways"), None);
}

#[test]
fn external_hosts_have_to_be_allowed() {
    let manifests = split("web", "{service: v1, weight: 1}, {service: v2, weight: 3}", "")
        .replace("service: web", "service: shop.example.com");
    let rejected = planned(&manifests);
    assert_eq!(codes(&rejected), [(Code::ExternalRoot, "spec.service".into())]);
    assert_eq!(rejected.manifests, []);

    let mut istio = Istio::default();
    istio.external_hosts.insert("shop.example.com".into());
    istio.gateways.insert("shop/public".into());
    let with = |manifests: &str| planned_with(&istio, &Settings::default(), manifests);
    let route = json!([to("v1", 80, Some(1)), to("v2", 80, Some(3))]);
    assert_eq!(
        *spec(&with(&manifests)),
        json!({"hosts": ["shop.example.com"], "http": [{"name": "s-web", "route": route}]})
    );
    let annotated = manifests.replace(
        "metadata: {",
        &format!("metadata: {{annotations: {{'{GATEWAYS_ANNOTATION}': '[\"public\"]'}}, "),
    );
    assert_eq!(spec(&with(&annotated))["gateways"], json!(["shop/public"]));

    // No destination for requests that match no split.
    let conditional = manifests.replace("backends", "matches: [{kind: HTTPRouteGroup, name: g}], backends");
    let planned = with(&(group("{name: m, pathRegex: /a}") + &conditional));
    assert!(
        codes(&planned).contains(&(Code::Inexpressible, "spec.service".into())),
        "{:?}",
        codes(&planned)
    );
    // The backends have several ports.
    let planned = with(&manifests.replace("v2", "b"));
    assert!(codes(&planned).contains(&(Code::ExternalRoot, "spec.service".into())));
}

#[test]
fn the_root_gets_the_share_of_a_headless_backend() {
    let service =
        "{apiVersion: v1, kind: Service, metadata: {name: head}, spec: {clusterIP: None, ports: [{port: 80}]}}\n---\n";
    let planned =
        planned(&(service.to_owned() + &split("web", "{service: v1, weight: 2}, {service: head, weight: 2}", "")));
    assert_eq!(codes(&planned), [(Code::Inexpressible, "spec.backends".into())]);
    assert_eq!(
        spec(&planned)["http"][0]["route"],
        json!([to("v1", 80, Some(1)), to("web", 80, Some(1))])
    );
}
