//! The document of a case that contains its queries. Unknown fields are errors, so that a misspelt field is not
//! mistaken for an absent one.

use super::Case;
use super::settings::SettingsText;
use super::wire;
use crate::laws::Law;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use smi_adapter::principal::{Identity, Principal};
use smi_adapter::query::{AccessQuery, Destination, RoutingQuery, Traffic};
use smi_adapter::yaml;

const API_VERSION: &str = "conformance.smi-adapter.dev/v1";
const KIND: &str = "Case";

/// The first document of a case, which contains its queries.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Head {
    api_version: String,
    kind: String,
    metadata: Metadata,
    pub(super) spec: Spec,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
}

/// The queries of a case, and the expected answers.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Spec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    law: Option<Law>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rules: Vec<String>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    settings: SettingsText,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) routing_queries: Vec<RoutingQueryText>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) access_queries: Vec<AccessQueryText>,
    /// The diagnostics that must be reported, each as its code, object and field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) reports: Vec<String>,
    /// The diagnostics that must not be reported, each as the beginning of such a text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) unreported: Vec<String>,
}

/// A routing query, and its expected answer.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoutingQueryText {
    #[serde(default, deserialize_with = "wire::read_account", serialize_with = "wire::account")]
    from: Option<Identity>,
    namespace: String,
    service: String,
    port: u16,
    #[serde(deserialize_with = "wire::read_traffic", serialize_with = "wire::traffic")]
    traffic: Traffic,
    pub(super) expect: Option<String>,
}

/// An access query, and its expected answer.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessQueryText {
    #[serde(default, deserialize_with = "wire::read_caller", serialize_with = "wire::caller")]
    from: Option<Principal>,
    namespace: String,
    #[serde(
        default = "deployment",
        deserialize_with = "wire::read_kind",
        serialize_with = "wire::kind"
    )]
    kind: Kind,
    workload: String,
    port: u16,
    #[serde(deserialize_with = "wire::read_traffic", serialize_with = "wire::traffic")]
    traffic: Traffic,
    pub(super) expect: Option<String>,
}

fn deployment() -> Kind {
    Kind::Deployment
}

impl Head {
    pub(super) fn new(
        case: &Case,
        routing_queries: Vec<RoutingQueryText>,
        access_queries: Vec<AccessQueryText>,
    ) -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            metadata: Metadata {
                name: case.name.clone(),
            },
            spec: Spec {
                law: case.law,
                rules: case.rules.clone(),
                seed: case.seed,
                settings: SettingsText::new(&case.settings),
                routing_queries,
                access_queries,
                reports: Vec::new(),
                unreported: Vec::new(),
            },
        }
    }

    /// Splits a text into its head and the manifests after it.
    pub(super) fn split(text: &str) -> Result<(Self, Vec<Value>), String> {
        let mut documents = yaml::read_values(text)?.into_iter();
        let head = documents.next().unwrap_or_default();
        let is = |field: &str, value: &str| head.get(field).and_then(Value::as_str) == Some(value);
        if !is("apiVersion", API_VERSION) || !is("kind", KIND) {
            return Err(format!("the first document is not a `{KIND}` of `{API_VERSION}`"));
        }
        Ok((read(head)?, documents.collect()))
    }

    pub(super) fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Returns the case, without the answers.
    pub(super) fn case(self, documents: Vec<Value>) -> Case {
        let Self { metadata, spec, .. } = self;
        Case {
            name: metadata.name,
            law: spec.law,
            rules: spec.rules,
            documents,
            settings: spec.settings.settings(),
            routing_queries: spec.routing_queries.into_iter().map(RoutingQueryText::query).collect(),
            access_queries: spec.access_queries.into_iter().map(AccessQueryText::query).collect(),
            seed: spec.seed,
        }
    }
}

/// Reads a value, or returns an error with the path of the invalid field.
fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| error.to_string())
}

impl RoutingQueryText {
    pub(super) fn new(query: &RoutingQuery, answer: String) -> Self {
        let Destination::Service { key, port } = &query.to;
        Self {
            from: query.from.clone(),
            namespace: key.namespace.to_string(),
            service: key.name.to_string(),
            port: *port,
            traffic: query.traffic.clone(),
            expect: Some(answer),
        }
    }

    fn query(self) -> RoutingQuery {
        RoutingQuery {
            from: self.from,
            to: Destination::Service {
                key: ObjectKey::new(self.namespace, self.service),
                port: self.port,
            },
            traffic: self.traffic,
        }
    }
}

impl AccessQueryText {
    pub(super) fn new(query: &AccessQuery, answer: String) -> Self {
        let ObjectRef { kind, key } = &query.to;
        Self {
            from: query.from.clone(),
            namespace: key.namespace.to_string(),
            kind: kind.clone(),
            workload: key.name.to_string(),
            port: query.port,
            traffic: query.traffic.clone(),
            expect: Some(answer),
        }
    }

    fn query(self) -> AccessQuery {
        AccessQuery {
            from: self.from,
            to: ObjectRef::new(self.kind, ObjectKey::new(self.namespace, self.workload)),
            port: self.port,
            traffic: self.traffic,
        }
    }
}
