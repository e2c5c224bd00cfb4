use super::*;
use crate::object::{ObjectKey, ObjectRef};
use crate::settings::UnknownFields;
use crate::snapshot::SnapshotBuilder;
use k8s_openapi::api::core::v1::Service;
use proptest::prelude::*;
use serde_json::{Value, json};
use smi_types::Object;

mod access;
mod backends;
mod paths;
mod requests;
mod services;
mod splits;
mod unknown;

/// A snapshot, mostly of objects in namespace `shop`, and settings.
struct World {
    snapshot: Snapshot,
    settings: Settings,
}

impl Default for World {
    fn default() -> Self {
        Self {
            snapshot: SnapshotBuilder::default().build(),
            settings: Settings::default(),
        }
    }
}

impl World {
    /// Adds an object to the input of the snapshot.
    fn add(mut self, add: impl FnOnce(&mut SnapshotBuilder) -> ObjectRef) -> Self {
        let mut input = SnapshotBuilder::from(self.snapshot);
        add(&mut input);
        self.snapshot = input.build();
        self
    }

    /// Returns the services `web`, `v1` and `v2`, each with TCP port 80.
    fn shop() -> Self {
        World::default().tcp("web", &[80]).tcp("v1", &[80]).tcp("v2", &[80])
    }

    /// Adds a service with these TCP ports.
    fn tcp(self, name: &str, ports: &[i32]) -> Self {
        let ports: Vec<Value> = ports.iter().map(|port| json!({"port": port})).collect();
        self.service("shop", name, &json!({"ports": ports}))
    }

    fn service(self, namespace: &str, name: &str, spec: &Value) -> Self {
        let service = json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec});
        let service: Service = serde_json::from_value(service).unwrap();
        self.add(|input| input.add_service(service))
    }

    fn split(self, name: &str, spec: &Value) -> Self {
        self.object(&json!({
            "apiVersion": "split.smi-spec.io/v1alpha4",
            "kind": "TrafficSplit",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": spec,
        }))
    }

    fn split_of(self, name: &str, created: &str, spec: &Value) -> Self {
        self.object(&json!({
            "apiVersion": "split.smi-spec.io/v1alpha4",
            "kind": "TrafficSplit",
            "metadata": {"name": name, "namespace": "shop", "creationTimestamp": created},
            "spec": spec,
        }))
    }

    fn group(self, name: &str, matches: &Value) -> Self {
        self.object(&json!({
            "apiVersion": "specs.smi-spec.io/v1alpha4",
            "kind": "HTTPRouteGroup",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"matches": matches},
        }))
    }

    fn object(self, object: &Value) -> Self {
        self.add(|input| input.add(Object::from_value(object).unwrap()))
    }

    /// Returns the same world with settings that ignore unknown fields (I8).
    fn ignoring(mut self) -> Self {
        self.settings.unknown_fields = UnknownFields::Ignore;
        self
    }

    fn query(&self, to: &str, port: u16, traffic: Traffic) -> (Routing, Trace) {
        let query = RoutingQuery {
            from: None,
            to: Destination::Service {
                key: ObjectKey::new("shop", to),
                port,
            },
            traffic,
        };
        route(&self.snapshot, &self.settings, &query)
    }

    /// Returns the routing of `GET /` to port 80 of `web`, as text.
    fn get(&self) -> String {
        self.send(&request("GET", "/", &[])).to_string()
    }

    /// Returns the routing of a request to port 80 of `web`.
    fn send(&self, request: &Request) -> Routing {
        self.query("web", 80, Traffic::Http(request.clone())).0
    }

    fn trace(&self) -> String {
        let request = request("GET", "/", &[]);
        self.query("web", 80, Traffic::Http(request)).1.to_string()
    }
}

/// Returns a route group in the form of a version.
fn group_in(version: &str, name: &str, matches: &Value) -> Value {
    let mut group = json!({
        "apiVersion": format!("specs.smi-spec.io/{version}"), "kind": "HTTPRouteGroup",
        "metadata": {"name": name, "namespace": "shop"},
    });
    match version {
        "v1alpha1" | "v1alpha2" => group["matches"] = matches.clone(),
        _ => group["spec"] = json!({"matches": matches}),
    }
    group
}

/// Returns the object with an unknown field at a place, as a JSON pointer.
fn with_unknown(object: &Value, place: &str) -> Value {
    let mut object = object.clone();
    object.pointer_mut(place).unwrap()["foo"] = json!("x");
    object
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Request {
        method: method.into(),
        path: path.into(),
        headers: headers.collect(),
    }
}

/// Returns a spec that sends all traffic of `web` to `backend`.
fn all_to(backend: &str) -> Value {
    json!({"service": "web", "backends": [{"service": backend, "weight": 1}]})
}

/// Returns a spec that sends the requests of route group `group` to `backend`.
fn some_to(backend: &str, group: &str) -> Value {
    let mut spec = all_to(backend);
    spec["matches"] = json!([{"kind": "HTTPRouteGroup", "name": group}]);
    spec
}

/// Returns a spec with these backends, as pairs of name and weight.
fn shares(backends: &[(&str, Value)]) -> Value {
    let backend = |(service, weight): &(&str, Value)| json!({"service": service, "weight": weight});
    let backends: Vec<Value> = backends.iter().map(backend).collect();
    json!({"service": "web", "backends": backends})
}

const ROOT: &str = "web.shop:80";
const V1: &str = "v1.shop:80";
const V2: &str = "v2.shop:80";

#[test]
fn a_trace_lists_every_step() {
    let world = World::shop()
        .tcp("old", &[81])
        .group(
            "books",
            &json!([{"name": "ids", "pathRegex": "/books"}, {"headers": {"x": "y"}}]),
        )
        .split("a", &some_to("v1", "books"))
        .split(
            "b",
            &shares(&[
                ("v2", json!("1500m")),
                ("old", json!(2)),
                ("gone", json!(0.5)),
                ("v1", json!(0)),
            ]),
        )
        .split("c", &all_to("v1"));
    let expected = "\
TrafficSplit shop/c: does not count because `b` has no matches either and comes first (T29)
HTTPRouteGroup shop/books: the request does not fulfil match `ids` (`matches[0]`) because the path `/` does not match `/books` as a whole (S4)
HTTPRouteGroup shop/books: the request does not fulfil match `` (`matches[1]`) because the request has no header `x` (S18)
TrafficSplit shop/a: is passed over because the request fulfils none of its matches (T12)
Service shop/gone: counts as absent, with weight `0.5`, because it does not exist (T25)
Service shop/old: is left out, with weight `2`, because it has no TCP port 80 (T20)
Service shop/v1: gets no traffic because its weight is `0` (T9)
Service shop/v2: gets a share with weight `1.5` (T8)
Service shop/web: gets a share with weight `0.5` in place of the absent backends (T25)
TrafficSplit shop/b: takes the traffic and sends it to v2.shop:80 3/4, web.shop:80 1/4 (T29)
";
    assert_eq!(world.trace(), expected);
    let (_, trace) = world.query("web", 80, Traffic::Tcp);
    assert_eq!(trace.taken_by().map(|split| &*split.key.name), Some("b"));
    let absent = trace.steps().iter().find(|step| step.rule == "T25").unwrap();
    let (nanos, why) = (500_000_000, "it does not exist".to_owned());
    assert_eq!(absent.outcome, Outcome::Absent { nanos, why });
    let first = trace.steps().iter().find(|step| step.object.key.name == "a").unwrap();
    assert_eq!((first.rule, first.object.kind.name()), ("T19", "TrafficSplit"));
}

#[test]
fn a_trace_reports_the_answers_of_other_readings() {
    let world = World::shop()
        .group("books", &json!([{"pathRegex": "/b"}, {"headers": {"x": "1,2"}}]))
        .split("a", &some_to("v1", "books"));
    let lines = |request: Request| world.query("web", 80, Traffic::Http(request)).1.to_string();
    let twice = [("x", "1"), ("x", "2")];
    assert!(
        lines(request("GET", "/a/../b", &[]))
            .ends_with("Service shop/web: if the path is rewritten to `/b`, the request goes to v1.shop:80 (S5)\n")
    );
    assert!(lines(request("GET", "/a", &twice)).ends_with(
        "Service shop/web: if repeated header lines are joined with `,`, the request goes to v1.shop:80 (S17)\n"
    ));
}

#[test]
fn a_trace_names_the_rule_of_every_failed_match() {
    let cases = [
        ("I6", json!([{"headers": {}}])),
        ("S4", json!([{"pathRegex": "/x"}])),
        ("S6", json!([{"pathRegex": "(?=x)"}])),
        ("S8", json!([{"methods": ["POST"]}])),
        ("S11", json!([{"headers": {":method": "GET"}}])),
        ("S12", json!([{"headers": {"host": "other"}}])),
        ("S18", json!([{"headers": {"x": ".*"}}])),
        ("S21", json!([])),
    ];
    for (rule, matches) in cases {
        let world = World::shop().group("g", &matches).split("a", &some_to("v1", "g"));
        let request = request("GET", "/", &[("host", "web")]);
        let (route, trace) = world.query("web", 80, Traffic::Http(request));
        assert_eq!(route.to_string(), ROOT, "{rule}");
        let of_group: Vec<&str> = trace
            .steps()
            .iter()
            .filter(|s| s.object.key.name == "g")
            .map(|s| s.rule)
            .collect();
        assert_eq!(of_group, [rule]);
    }
}

/// A pattern of texts that consist of characters with a special meaning.
const ANY: &str = r#"[a.;%2eE5\\/*(){}|^$?#:,"` é\n-]{0,12}"#;

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("web".to_owned()),
        Just("v1".to_owned()),
        Just("web.shop".to_owned()),
        ANY
    ]
}

fn any_weight() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..4u8).prop_map(Value::from),
        Just(json!(i64::MAX)),
        Just(json!("1n")),
        Just(Value::Null),
        ANY.prop_map(Value::from),
    ]
}

prop_compose! {
    fn any_spec()(
        service in any_name(),
        backends in prop::collection::vec((any_name(), any_weight()), 0..4),
        matches in prop::collection::vec("(g|h)", 0..2),
    ) -> Value {
        let backend = |(service, weight): (String, Value)| json!({"service": service, "weight": weight});
        let backends: Vec<Value> = backends.into_iter().map(backend).collect();
        let matches: Vec<Value> =
            matches.into_iter().map(|name| json!({"kind": "HTTPRouteGroup", "name": name})).collect();
        json!({"service": service, "backends": backends, "matches": matches})
    }
}

prop_compose! {
    fn any_match()(
        path in ANY,
        methods in prop::collection::vec("(GET|\\*|x)", 0..2),
        headers in prop::collection::vec(("(x|host|:|)", ANY), 0..2),
    ) -> Value {
        let headers: Vec<Value> = headers.into_iter().map(|(name, value)| json!({name: value})).collect();
        json!({"pathRegex": path, "methods": methods, "headers": headers})
    }
}

proptest! {
    #[test]
    fn never_panics_and_explains_every_answer(
        specs in prop::collection::vec(any_spec(), 0..3),
        matches in prop::collection::vec(any_match(), 0..3),
        path in ANY,
        headers in prop::collection::vec(("(x|X|host)", ANY), 0..4),
        port in 79..82u16,
    ) {
        let mut world = World::shop().group("g", &json!(matches));
        for (index, spec) in specs.iter().enumerate() {
            world = world.split(&format!("s{index}"), spec);
        }
        let request = Request { method: "GET".into(), path, headers };
        for traffic in [Traffic::Tcp, Traffic::Udp, Traffic::Http(request)] {
            let http = matches!(traffic, Traffic::Http(_));
            let (routing, trace) = world.query("web", port, traffic);
            prop_assert!(!trace.steps().is_empty());
            if let Routing::Either { rule, of } = routing {
                prop_assert!(http && ["S5", "S17"].contains(&rule));
                prop_assert!(of.len() > 1 && of.is_sorted());
            }
        }
    }
}
