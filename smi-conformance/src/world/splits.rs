//! Traffic splits.

use super::backends::Backend;
use super::json::{Field, Twin, nearly, other_version, perhaps, rarely, version};
use super::{NAMESPACES, SERVICES};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// A `TrafficSplit`.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name, from its position among the splits of its namespace.
    pub name: String,
    /// The version in which it is written.
    pub version: &'static str,
    /// The time of its creation (T29).
    pub created: Field<&'static str>,
    /// An annotation for Istio, which every mesh has to tolerate.
    pub gateways: Option<&'static str>,
    /// Its `spec`, which may be absent or `null` (I7).
    pub spec: Field<Spec>,
    /// Its second document, if it has one.
    pub twin: Option<Twin>,
}

/// The `spec` of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Its root service.
    pub root: Field<Root>,
    /// Its backends.
    pub backends: Field<Vec<Backend>>,
    /// The groups that it refers to.
    pub matches: Field<Vec<Reference>>,
}

/// A root service, in one of the forms of T3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `name`
    Name(&'static str),
    /// `name.namespace`
    InNamespace(&'static str),
    /// `name.namespace.svc`
    InSvc(&'static str),
    /// `name.namespace.svc.<cluster domain>`
    Qualified(&'static str),
    /// Any other text: a root in another namespace, another host, or the empty text.
    Other(&'static str),
}

/// The annotation for Istio with the gateways to whose traffic the split also applies.
const GATEWAYS_ANNOTATION: &str = "VirtualService.v1alpha3.networking.istio.io/spec.gateways";

/// Valid and invalid values of that annotation.
const GATEWAYS: [&str; 5] = [
    r#"["public"]"#,
    r#"["ns-a/public"]"#,
    r#"["mesh", "public"]"#,
    r#"["ns-b/private"]"#,
    "public",
];

/// Texts that are never a root of `ns-a`, the namespace of nearly all splits.
const OTHER_ROOTS: [&str; 17] = [
    "gone",
    "web.ns-b",
    "web.ns-b.svc",
    "web.ns-b.svc.cluster.local",
    "shop.example.com",
    "web.ns-a.svc.example.org",
    "a.web.ns-a.svc",
    "x.web.ns-a",
    "",
    ".ns-a",
    "web.",
    "web.svc",
    "web.cluster.local",
    "web.ns-a.svc.cluster.local.",
    "web.ns-a.pod.cluster.local",
    "a.web.ns-a.svc.cluster.local",
    "WEB",
];

/// A reference to a route group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its API group.
    pub api_group: Field<&'static str>,
    /// Its kind.
    pub kind: Field<&'static str>,
    /// Its name.
    pub name: Field<&'static str>,
}

impl Split {
    /// Returns the strategy of all splits. The world assigns the name.
    pub fn any() -> impl Strategy<Value = Self> {
        let namespace = prop_oneof![8 => Just(NAMESPACES[0]), 1 => Just(NAMESPACES[1])];
        // Two of them are the same instant.
        let created = select(
            &[
                "2020-01-01T00:00:00Z",
                "2020-01-01T01:00:00+01:00",
                "2020-01-01T00:00:01Z",
                "2021-01-01T00:00:00Z",
            ][..],
        );
        let spec = prop_oneof![
            150 => Spec::any().prop_map(Field::Set),
            1 => Just(Field::Absent),
            1 => Just(Field::Null),
        ];
        let gateways = rarely(8, select(&GATEWAYS[..]));
        let created = perhaps(70, created);
        (namespace, version(), created, spec, Twin::rarely(150), gateways).prop_map(
            |(namespace, version, created, spec, twin, gateways)| Self {
                namespace,
                name: String::new(),
                version,
                created,
                gateways,
                spec,
                twin,
            },
        )
    }

    /// Returns the name of its root service, if that is in its own namespace.
    #[must_use]
    pub fn root(&self) -> Option<&'static str> {
        match self.spec.value()?.root.value()? {
            Root::Name(name) | Root::InNamespace(name) | Root::InSvc(name) | Root::Qualified(name) => Some(name),
            Root::Other(_) => None,
        }
    }

    /// Returns the references to route groups.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let spec = self.spec.value().into_iter();
        spec.filter_map(|spec| spec.matches.value()).flatten()
    }

    /// Returns the manifests.
    #[must_use]
    pub fn documents(&self, cluster_domain: &str) -> Vec<Value> {
        let spec = |spec: &Spec| spec.json(self.namespace, cluster_domain);
        let whole = self.document(self.version, |document| self.spec.put(document, "spec", spec));
        let other = self.document(other_version(self.version), |document| {
            self.spec.put(document, "spec", spec);
        });
        let broken = self.document(self.version, |document| {
            document.insert("spec".into(), json!({"service": "web", "backends": "web-v1"}));
        });
        Twin::documents(self.twin, whole, other, broken)
    }

    fn document(&self, version: &str, put_spec: impl FnOnce(&mut Map<String, Value>)) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".into(), self.name.clone().into());
        metadata.insert("namespace".into(), self.namespace.into());
        metadata.insert("uid".into(), format!("uid-{}-{}", self.namespace, self.name).into());
        self.created.put(&mut metadata, "creationTimestamp", |created| *created);
        if let Some(gateways) = self.gateways {
            metadata.insert("annotations".into(), json!({GATEWAYS_ANNOTATION: gateways}));
        }
        let mut document = Map::new();
        document.insert("apiVersion".into(), format!("split.smi-spec.io/{version}").into());
        document.insert("kind".into(), "TrafficSplit".into());
        document.insert("metadata".into(), metadata.into());
        put_spec(&mut document);
        document.into()
    }
}

impl Spec {
    fn any() -> impl Strategy<Value = Self> {
        let backends = prop_oneof![
            80 => vec(Backend::any(), 1..=4).prop_map(Field::Set),
            1 => Just(Field::Set(Vec::new())),
            1 => Just(Field::Absent),
        ];
        let matches = perhaps(
            70,
            prop_oneof![12 => vec(Reference::any(), 1..=3), 1 => Just(Vec::new())],
        );
        (nearly(Root::any()), backends, matches).prop_map(|(root, backends, matches)| Self {
            root,
            backends,
            matches,
        })
    }

    fn json(&self, namespace: &str, cluster_domain: &str) -> Value {
        let list = |backends: &Vec<Backend>| backends.iter().map(Backend::json).collect::<Value>();
        let references = |matches: &Vec<Reference>| matches.iter().map(Reference::json).collect::<Value>();
        let mut spec = Map::new();
        self.root
            .put(&mut spec, "service", |root| root.text(namespace, cluster_domain));
        self.backends.put(&mut spec, "backends", list);
        self.matches.put(&mut spec, "matches", references);
        spec.into()
    }
}

impl Root {
    fn any() -> impl Strategy<Value = Self> {
        let name = || {
            let [web, v1, v2, other] = SERVICES;
            prop_oneof![8 => Just(web), 1 => Just(v1), 1 => Just(v2), 1 => Just(other)]
        };
        prop_oneof![
            30 => name().prop_map(Self::Name),
            3 => name().prop_map(Self::InNamespace),
            3 => name().prop_map(Self::InSvc),
            3 => name().prop_map(Self::Qualified),
            4 => select(&OTHER_ROOTS[..]).prop_map(Self::Other),
            1 => Just(Self::Other("shop.example.com")),
        ]
    }

    /// Returns the root as users write it.
    #[must_use]
    pub fn text(&self, namespace: &str, cluster_domain: &str) -> String {
        match self {
            Self::Name(text) | Self::Other(text) => (*text).to_owned(),
            Self::InNamespace(name) => format!("{name}.{namespace}"),
            Self::InSvc(name) => format!("{name}.{namespace}.svc"),
            Self::Qualified(name) => format!("{name}.{namespace}.svc.{cluster_domain}"),
        }
    }
}

impl Reference {
    fn any() -> impl Strategy<Value = Self> {
        let api_group = prop_oneof![
            60 => Just(Field::Set("specs.smi-spec.io")),
            30 => Just(Field::Absent),
            1 => Just(Field::Null),
            1 => Just(Field::Set("")),
            1 => select(&["split.smi-spec.io", "specs.smi-spec.io/v1alpha4"][..]).prop_map(Field::Set),
        ];
        let kind = prop_oneof![
            60 => nearly(Just("HTTPRouteGroup")),
            1 => select(&["TCPRoute", "httproutegroup", ""][..]).prop_map(Field::Set),
        ];
        let name = prop_oneof![10 => Just("group-0"), 5 => Just("group-1"), 1 => Just("group-2")];
        let name = nearly(name);
        (api_group, kind, name).prop_map(|(api_group, kind, name)| Self { api_group, kind, name })
    }

    fn json(&self) -> Value {
        let mut reference = Map::new();
        self.api_group.put(&mut reference, "apiGroup", |group| *group);
        self.kind.put(&mut reference, "kind", |kind| *kind);
        self.name.put(&mut reference, "name", |name| *name);
        reference.into()
    }
}
