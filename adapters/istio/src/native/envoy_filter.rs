//! `EnvoyFilter`: adds a filter that denies nothing and records whether a request matches regular expressions.

use serde::Serialize;
use serde_json::{Value, json};
use smi_adapter::manifest::Native;
use smi_adapter::object::Kind;
use std::collections::BTreeMap;

/// The spec of an `EnvoyFilter`, `networking.istio.io/v1alpha3`, its only version.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvoyFilter {
    workload_selector: Labels,
    config_patches: [Patch; 1],
}

impl Native for EnvoyFilter {
    const KIND: Kind = Kind::new(&["networking.istio.io", "v1alpha3", "EnvoyFilter", "envoyfilters"]);
}

impl EnvoyFilter {
    /// Creates a filter that precedes all other HTTP filters for inbound requests of the selected pods. It records under
    /// `prefix` whether one of the `policies` allows a request, and lets every request pass.
    pub(crate) fn new(
        labels: BTreeMap<String, String>,
        name: String,
        prefix: String,
        policies: BTreeMap<String, RbacPolicy>,
    ) -> Self {
        let rbac = Rbac {
            kind: "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            shadow_rules_stat_prefix: prefix,
            shadow_rules: Rules {
                action: "ALLOW",
                policies,
            },
        };
        let http = json!({"filterChain": {"filter": {"name": "envoy.filters.network.http_connection_manager"}}});
        Self {
            workload_selector: Labels { labels },
            config_patches: [Patch {
                apply_to: "HTTP_FILTER",
                place: json!({"context": "SIDECAR_INBOUND", "listener": http}),
                insert: Insert {
                    operation: "INSERT_FIRST",
                    value: Filter {
                        name,
                        typed_config: rbac,
                    },
                },
            }],
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Labels {
    labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Patch {
    apply_to: &'static str,
    #[serde(rename = "match")]
    place: Value,
    #[serde(rename = "patch")]
    insert: Insert,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Insert {
    operation: &'static str,
    value: Filter,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Filter {
    name: String,
    typed_config: Rbac,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Rbac {
    #[serde(rename = "@type")]
    kind: &'static str,
    shadow_rules_stat_prefix: String,
    shadow_rules: Rules,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Rules {
    action: &'static str,
    policies: BTreeMap<String, RbacPolicy>,
}

/// A policy of Envoy's RBAC filter. It requires any of the permissions and any of the principals. Envoy rejects a
/// policy without permissions or without principals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RbacPolicy {
    pub(crate) permissions: Vec<Permission>,
    pub(crate) principals: Vec<Principal>,
}

/// A condition on a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Permission {
    AndRules { rules: Vec<Permission> },
    OrRules { rules: Vec<Permission> },
    UrlPath { path: Text },
    Header { name: String, string_match: Text },
    DestinationPort(u16),
}

/// A condition on a complete string.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Text {
    Exact(String),
    SafeRegex { regex: String },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Principal {
    Authenticated { principal_name: Text },
}

impl Permission {
    /// Returns the disjunction of `rules`, which is not empty.
    pub(crate) fn any(rules: Vec<Self>) -> Self {
        Self::only(rules).unwrap_or_else(|rules| Self::OrRules { rules })
    }

    /// Returns the conjunction of `rules`, which is not empty.
    pub(crate) fn all(rules: Vec<Self>) -> Self {
        Self::only(rules).unwrap_or_else(|rules| Self::AndRules { rules })
    }

    fn only(mut rules: Vec<Self>) -> Result<Self, Vec<Self>> {
        if rules.len() > 1 {
            return Err(rules);
        }
        rules.pop().ok_or(rules)
    }
}
