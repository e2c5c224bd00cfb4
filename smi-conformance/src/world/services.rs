//! Services, with all variations of their ports that matter to a split.

use super::json::{Field, Twin, rarely};
use super::{NAMESPACES, SERVICES};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// A Kubernetes Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub shape: Shape,
    /// Its ports.
    pub ports: Vec<Port>,
    /// The label `app` that it selects pods by.
    pub app: Option<&'static str>,
    /// Its second document, if it has one.
    pub twin: Option<Twin>,
}

/// The type of a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A Service with an address.
    ClusterIp,
    /// A Service without an address, which makes no difference here.
    Headless,
    /// A name for another host, which counts as absent (T5).
    ExternalName,
    /// A Service without a `spec`, and therefore without ports.
    Bare,
}

/// A port of a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its number, which may be invalid, since some tools do not validate.
    pub number: i32,
    /// Its transport protocol; if absent, TCP.
    pub protocol: Field<&'static str>,
    /// Its application protocol.
    pub app: Option<&'static str>,
}

impl Port {
    /// Returns `true` if it is a TCP port.
    #[must_use]
    pub fn is_tcp(&self) -> bool {
        matches!(self.protocol.value(), None | Some(&("TCP" | "")))
    }

    fn any() -> impl Strategy<Value = Self> {
        let tcp = prop_oneof![
            24 => Just(Field::Set("TCP")),
            8 => Just(Field::Absent),
            2 => Just(Field::Null),
            1 => Just(Field::Set("")),
        ];
        let number = |numbers: &'static [i32]| select(numbers);
        let app = rarely(3, select(&["http", "grpc"][..]));
        let protocol = prop_oneof![
            80 => (number(&[80, 80, 80, 8080, 8080, 81]), tcp),
            16 => (number(&[53, 53, 80]), Just(Field::Set("UDP"))),
            2 => (number(&[80, 8080]), Just(Field::Set("SCTP"))),
            2 => (number(&[0, -80, 65_536, 65_616]), Just(Field::Set("TCP"))),
        ];
        (protocol, app).prop_map(|((number, protocol), app)| Self { number, protocol, app })
    }

    fn json(&self, index: usize) -> Value {
        let mut port = Map::new();
        port.insert("name".into(), format!("p{index}").into());
        port.insert("port".into(), self.number.into());
        // Different from the port's number, so that the two cannot be confused (T22).
        port.insert("targetPort".into(), (9000 + index).into());
        self.protocol.put(&mut port, "protocol", |protocol| *protocol);
        if let Some(app) = self.app {
            port.insert("appProtocol".into(), app.into());
        }
        port.into()
    }
}

impl Service {
    /// Returns the strategy of the Services of a world. Those of the first namespace nearly always exist.
    pub fn all() -> impl Strategy<Value = Vec<Self>> {
        let of = |namespace, name, there| proptest::option::weighted(there, Self::named(namespace, name));
        let [one, two] = NAMESPACES;
        let [web, v1, v2, other] = SERVICES;
        let first = (
            of(one, web, 0.97),
            of(one, v1, 0.85),
            of(one, v2, 0.85),
            of(one, other, 0.7),
        );
        let second = (
            of(two, web, 0.7),
            of(two, v1, 0.6),
            of(two, v2, 0.5),
            of(two, other, 0.3),
        );
        (first, second)
            .prop_map(|((a, b, c, d), (e, f, g, h))| [a, b, c, d, e, f, g, h].into_iter().flatten().collect())
    }

    fn named(namespace: &'static str, name: &'static str) -> impl Strategy<Value = Self> {
        let shape = prop_oneof![
            90 => Just(Shape::ClusterIp),
            6 => Just(Shape::Headless),
            3 => Just(Shape::ExternalName),
            1 => Just(Shape::Bare),
        ];
        let first = Just(Port {
            number: 80,
            protocol: Field::Set("TCP"),
            app: None,
        });
        let any = proptest::collection::vec(Port::any(), 1..=3);
        let usual = (first, proptest::collection::vec(Port::any(), 0..=2)).prop_map(|(first, rest)| {
            let ports = std::iter::once(first).chain(rest);
            ports.collect()
        });
        let ports = prop_oneof![
            28 => usual,
            11 => any,
            1 => Just(Vec::new()),
        ];
        let app = prop_oneof![6 => Just(Some("web")), 3 => Just(Some("api")), 1 => Just(None)];
        (shape, ports, app, Twin::rarely(150)).prop_map(move |(shape, ports, app, twin)| Self {
            namespace,
            name,
            shape,
            ports,
            app,
            twin,
        })
    }

    /// Returns the manifests.
    #[must_use]
    pub fn documents(&self) -> Vec<Value> {
        let document = |spec: Option<Value>| {
            let mut document = Map::new();
            document.insert("apiVersion".into(), "v1".into());
            document.insert("kind".into(), "Service".into());
            let metadata = json!({"name": self.name, "namespace": self.namespace});
            document.insert("metadata".into(), metadata);
            if let Some(spec) = spec {
                document.insert("spec".into(), spec);
            }
            Value::from(document)
        };
        let indexed = self.ports.iter().enumerate();
        let ports: Vec<Value> = indexed.map(|(index, port)| port.json(index)).collect();
        let selector = self.app.map(|app| json!({ "app": app }));
        let whole = document(match self.shape {
            Shape::ClusterIp => Some(json!({"ports": ports, "selector": selector})),
            Shape::Headless => Some(json!({"clusterIP": "None", "ports": ports, "selector": selector})),
            Shape::ExternalName => {
                Some(json!({"type": "ExternalName", "externalName": "web.example.com", "ports": ports}))
            }
            Shape::Bare => None,
        });
        let other = document(Some(json!({"ports": [{"port": 80}]})));
        let broken = document(Some(json!({"ports": "80"})));
        Twin::documents(self.twin, whole, other, broken)
    }
}
