//! Traffic targets, and the objects that they refer to, except route groups.

use super::NAMESPACES;
use super::json::{Field, Twin, nearly, other_version, perhaps, rarely, version};
use super::workloads::ACCOUNTS;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// A `TrafficTarget`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name, from its position among the targets of its namespace.
    pub name: String,
    /// The version in which it is written.
    pub version: &'static str,
    /// The destination.
    pub destination: Field<Subject>,
    /// The port of the destination (A10).
    pub port: Option<Value>,
    /// The rules.
    pub rules: Vec<Rule>,
    /// The sources.
    pub sources: Vec<Subject>,
    /// The version in which kubectl applied it, according to its annotation (I5).
    pub applied: Option<&'static str>,
    /// Its second document, if it has one.
    pub twin: Option<Twin>,
}

/// A subject of a target: a service account, an identity binding, or an invalid reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its namespace.
    pub namespace: Field<&'static str>,
    /// Its API group.
    pub group: Option<&'static str>,
}

/// A reference to a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The names of the selected matches (A7).
    pub matches: Field<Vec<&'static str>>,
}

impl Subject {
    fn any(destination: bool) -> impl Strategy<Value = Self> {
        let account = || (Just("ServiceAccount"), select(&ACCOUNTS[..]));
        let named = prop_oneof![
            40 => account(),
            6 => (Just("IdentityBinding"), select(&["binding-0", "binding-1"][..])),
            1 => (select(&["Group", "serviceaccount", "Pod", ""][..]), select(&ACCOUNTS[..])),
            1 => (Just("ServiceAccount"), select(&["*", "", "nobody", "sa-a*", "SA-A"][..])),
        ];
        let foreign = if destination { 1 } else { 12 };
        let namespace = prop_oneof![
            20 => Just(Field::Set(NAMESPACES[0])),
            foreign => Just(Field::Set(NAMESPACES[1])),
            8 => Just(Field::Absent),
            1 => Just(Field::Set("")),
            1 => Just(Field::Set("*")),
        ];
        let group = rarely(40, select(&["access.smi-spec.io", "", "rbac.authorization.k8s.io"][..]));
        (named, namespace, group).prop_map(|((kind, name), namespace, group)| Self {
            kind,
            name,
            namespace,
            group,
        })
    }

    fn json(&self) -> Map<String, Value> {
        let mut subject = Map::new();
        subject.insert("kind".into(), self.kind.into());
        subject.insert("name".into(), self.name.into());
        self.namespace.put(&mut subject, "namespace", |namespace| *namespace);
        if let Some(group) = self.group {
            subject.insert("group".into(), group.into());
        }
        subject
    }
}

impl Rule {
    fn any() -> impl Strategy<Value = Self> {
        let route = prop_oneof![
            30 => (Just("HTTPRouteGroup"), prop_oneof![8 => Just("group-0"), 4 => Just("group-1"), 1 => Just("gone")]),
            14 => (Just("TCPRoute"), prop_oneof![6 => Just("tcp-0"), 6 => Just("tcp-1"), 1 => Just("gone")]),
            4 => (Just("UDPRoute"), prop_oneof![6 => Just("udp-0"), 1 => Just("gone")]),
            1 => (select(&["GRPCRoute", "tcproute", ""][..]), Just("tcp-0")),
        ];
        let matches = perhaps(30, vec(select(&["one", "two", "three", ""][..]), 0..=2));
        (route, matches).prop_map(|((kind, name), matches)| Self { kind, name, matches })
    }

    fn json(&self) -> Value {
        let mut rule = Map::new();
        rule.insert("kind".into(), self.kind.into());
        rule.insert("name".into(), self.name.into());
        self.matches.put(&mut rule, "matches", Clone::clone);
        rule.into()
    }
}

impl Target {
    /// Returns the strategy of all targets. The world assigns the name.
    pub fn any() -> impl Strategy<Value = Self> {
        let namespace = prop_oneof![8 => Just(NAMESPACES[0]), 1 => Just(NAMESPACES[1])];
        let port = rarely(
            5,
            prop_oneof![
                8 => select(&[8080, 9000, 9001, 80][..]).prop_map(Value::from),
                1 => Just(json!("8080")),
                1 => select(&[0, -1, 65_536][..]).prop_map(Value::from),
                1 => Just(json!("http")),
            ],
        );
        let rules = prop_oneof![40 => vec(Rule::any().boxed(), 1..=3), 1 => Just(Vec::new())];
        let sources = prop_oneof![40 => vec(Subject::any(false).boxed(), 1..=3), 1 => Just(Vec::new())];
        let applied = rarely(40, select(&["v1alpha1", "v1alpha2", "v1alpha3"][..]));
        let rest = (applied, Twin::rarely(80));
        (
            namespace,
            version(),
            nearly(Subject::any(true).boxed()),
            port,
            (rules, sources),
            rest,
        )
            .prop_map(
                |(namespace, version, destination, port, (rules, sources), (applied, twin))| Self {
                    namespace,
                    name: String::new(),
                    // Only this version has identity bindings, so authors who refer to one use it.
                    version: if port.is_none() && binds(&destination, &sources) {
                        "v1alpha4"
                    } else {
                        version
                    },
                    destination,
                    port,
                    rules,
                    sources,
                    applied,
                    twin,
                },
            )
    }

    /// Returns the manifests.
    #[must_use]
    pub fn documents(&self) -> Vec<Value> {
        let whole = self.document(self.version, &self.rules);
        let other = self.document(other_version(self.version), &self.rules);
        let mut broken = self.document("v1alpha3", &[]);
        if let Some(spec) = broken.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("rules".into(), json!("all"));
        }
        Twin::documents(self.twin, whole, other, broken)
    }

    fn document(&self, version: &str, rules: &[Rule]) -> Value {
        let api_version = |version: &str| format!("access.smi-spec.io/{version}");
        let mut metadata = json!({"name": self.name, "namespace": self.namespace, "uid": format!("uid-{}", self.name)});
        if let (Some(applied), Some(fields)) = (self.applied, metadata.as_object_mut()) {
            let applied = json!({"apiVersion": api_version(applied)}).to_string();
            let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": applied});
            fields.insert("annotations".into(), annotations);
        }
        let mut fields = Map::new();
        self.destination.put(&mut fields, "destination", |subject| {
            let mut subject = subject.json();
            subject.extend(self.port.clone().map(|port| ("port".to_owned(), port)));
            subject
        });
        let is_first = version == "v1alpha1";
        let rules: Vec<Value> = rules.iter().map(Rule::json).collect();
        fields.insert(if is_first { "specs" } else { "rules" }.into(), rules.into());
        let sources: Vec<Value> = self.sources.iter().map(|source| source.json().into()).collect();
        fields.insert("sources".into(), sources.into());
        let mut document = Map::new();
        document.insert("apiVersion".into(), api_version(version).into());
        document.insert("kind".into(), "TrafficTarget".into());
        document.insert("metadata".into(), metadata);
        if is_first {
            document.extend(fields);
        } else {
            document.insert("spec".into(), fields.into());
        }
        document.into()
    }
}

fn binds(destination: &Field<Subject>, sources: &[Subject]) -> bool {
    let mut subjects = destination.value().into_iter().chain(sources);
    subjects.any(|subject| subject.kind == "IdentityBinding")
}

/// A `TCPRoute`, a `UDPRoute` or an `IdentityBinding`.
#[derive(Clone, Debug, PartialEq)]
pub struct Referred {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The version in which it is written.
    pub version: &'static str,
    /// Its `spec`.
    pub spec: Field<Value>,
    /// Its second document, if it has one.
    pub twin: Option<Twin>,
}

impl Referred {
    /// Returns the strategy of these objects in a world. Nearly all objects that rules and subjects name exist.
    pub fn all() -> impl Strategy<Value = Vec<Self>> {
        let [one, _] = NAMESPACES;
        let route = |kind, name| rarely_absent(Self::route(kind, one, name));
        let binding = |name| rarely_absent(Self::binding(one, name));
        (
            (
                route("TCPRoute", "tcp-0"),
                route("TCPRoute", "tcp-1"),
                route("UDPRoute", "udp-0"),
            ),
            (binding("binding-0"), binding("binding-1")),
        )
            .prop_map(|((a, b, c), (d, e))| [a, b, c, d, e].into_iter().flatten().collect())
    }

    fn route(kind: &'static str, namespace: &'static str, name: &'static str) -> impl Strategy<Value = Self> {
        let port = prop_oneof![
            30 => select(&[8080, 9000, 9001, 5353, 80][..]).prop_map(Value::from),
            1 => select(&[0, 65_536][..]).prop_map(Value::from),
            1 => Just(Value::Null),
        ];
        let matches = (vec(port, 0..=2), rarely(4, select(&["one", "two"][..])));
        let spec = matches.prop_map(|(ports, name)| {
            let mut matches = json!({ "ports": ports });
            if let (Some(name), Some(fields)) = (name, matches.as_object_mut()) {
                fields.insert("name".into(), name.into());
            }
            json!({ "matches": matches })
        });
        let spec =
            prop_oneof![20 => spec.prop_map(Field::Set), 1 => Just(Field::Set(json!({}))), 1 => Just(Field::Absent)];
        Self::of(kind, namespace, name, "v1alpha4", spec)
    }

    fn binding(namespace: &'static str, name: &'static str) -> impl Strategy<Value = Self> {
        let labels = vec![
            json!({"app": "web"}),
            json!({"app": "api"}),
            json!({"tier": "one"}),
            json!({}),
        ];
        let labels = select(labels);
        let selector = rarely(2, labels);
        let account = rarely(3, select(&ACCOUNTS[..]));
        let id = select(
            &[
                "spiffe://cluster.local/ns/ns-a/sa/sa-a",
                "cluster.local/ns/ns-b/sa/sa-b",
                "spiffe://other.org/ns/ns-a/sa/sa-a",
                "spiffe://cluster.local/*",
                "spiffe://cluster.local/vm/one",
            ][..],
        );
        let spec = (selector, account, vec(id, 0..=2)).prop_map(|(selector, account, ids)| {
            let mut schemes = Map::new();
            schemes.extend(selector.map(|labels| ("podLabelSelector".to_owned(), json!({ "matchLabels": labels }))));
            schemes.extend(account.map(|account| ("serviceAccount".to_owned(), json!(account))));
            if !ids.is_empty() {
                schemes.insert("spiffeIdentities".into(), json!(ids));
            }
            json!({ "schemes": schemes })
        });
        let spec = prop_oneof![20 => spec.prop_map(Field::Set), 1 => Just(Field::Absent)];
        Self::of("IdentityBinding", namespace, name, "v1alpha4", spec)
    }

    fn of(
        kind: &'static str,
        namespace: &'static str,
        name: &'static str,
        version: &'static str,
        spec: impl Strategy<Value = Field<Value>>,
    ) -> impl Strategy<Value = Self> {
        (spec, Twin::rarely(80)).prop_map(move |(spec, twin)| Self {
            kind,
            namespace,
            name,
            version,
            spec,
            twin,
        })
    }

    /// Returns the manifests.
    #[must_use]
    pub fn documents(&self) -> Vec<Value> {
        let group = if self.kind == "IdentityBinding" {
            "access"
        } else {
            "specs"
        };
        let document = |spec: &Field<Value>| {
            let mut document = Map::new();
            document.insert(
                "apiVersion".into(),
                format!("{group}.smi-spec.io/{}", self.version).into(),
            );
            document.insert("kind".into(), self.kind.into());
            document.insert(
                "metadata".into(),
                json!({"name": self.name, "namespace": self.namespace}),
            );
            spec.put(&mut document, "spec", Clone::clone);
            Value::from(document)
        };
        let whole = document(&self.spec);
        let broken = document(&Field::Set(json!("all")));
        Twin::documents(self.twin, whole.clone(), whole, broken)
    }
}

fn rarely_absent<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.95, value.boxed())
}
