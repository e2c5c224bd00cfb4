//! The manifests that install the operator.

use crate::options::Options;
use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::{Value, json};
use smi_adapter::settings::Scope;
use smi_adapter::yaml;
use smi_controller::{Rules, lease_rules, rules};
use smi_types::crd::{Crd, Kind};

const NAME: &str = "smi-operator";
/// The namespace of the operator, if its options name none for a lease.
const NAMESPACE: &str = "smi-system";

/// Returns the CRDs, the namespace, the service account with its permissions, and the deployment, as YAML.
pub(crate) fn manifests(options: &Options, image: &str) -> String {
    let namespace = options.lease.as_ref().map_or(NAMESPACE, |lease| lease.namespace());
    let Rules { cluster, namespaces } = rules(&options.mesh, &options.settings);
    let crds = Kind::ALL.into_iter().map(|kind| json!(Crd::new(kind).build()));
    let mut all: Vec<Value> = crds.collect();
    all.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
    all.push(object("v1", "ServiceAccount", Some(namespace), NAME, json!({})));
    all.extend(granted("ClusterRole", None, NAME, namespace, &cluster));
    if let Scope::Namespaces(names) = &options.settings.scope {
        for name in names {
            all.extend(granted("Role", Some(name), NAME, namespace, &namespaces));
        }
    }
    if let Some(lease) = &options.lease {
        let name = format!("{NAME}-lease");
        all.extend(granted(
            "Role",
            Some(namespace),
            &name,
            namespace,
            &lease_rules(lease.name()),
        ));
    }
    all.push(deployment(options, namespace, image));
    yaml::write_values(&all)
}

/// Returns a role and its binding to the service account.
fn granted(kind: &str, namespace: Option<&str>, name: &str, account: &str, rules: &[PolicyRule]) -> [Value; 2] {
    let group = "rbac.authorization.k8s.io";
    let api_version = format!("{group}/v1");
    let binding = json!({
        "roleRef": {"apiGroup": group, "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": account}],
    });
    [
        object(&api_version, kind, namespace, name, json!({"rules": rules})),
        object(&api_version, &format!("{kind}Binding"), namespace, name, binding),
    ]
}

fn deployment(options: &Options, namespace: &str, image: &str) -> Value {
    let labels = json!({"app.kubernetes.io/name": NAME});
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": options.port}});
    let spec = json!({
        "replicas": if options.lease.is_some() { 2 } else { 1 },
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "serviceAccountName": NAME,
                "terminationGracePeriodSeconds": 60,
                "containers": [{
                    "name": NAME,
                    "image": image,
                    "args": options.arguments,
                    "ports": [{"name": "http", "containerPort": options.port}],
                    "livenessProbe": probe("/livez"),
                    "readinessProbe": probe("/readyz"),
                    "securityContext": {
                        "allowPrivilegeEscalation": false,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": true,
                        "runAsNonRoot": true,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                }],
            },
        },
    });
    object("apps/v1", "Deployment", Some(namespace), NAME, json!({"spec": spec}))
}

/// Returns an object with these fields.
fn object(api_version: &str, kind: &str, namespace: Option<&str>, name: &str, mut fields: Value) -> Value {
    if let Some(fields) = fields.as_object_mut() {
        let mut metadata = json!({"name": name});
        if let (Some(namespace), Some(metadata)) = (namespace, metadata.as_object_mut()) {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        fields.insert("apiVersion".to_owned(), json!(api_version));
        fields.insert("kind".to_owned(), json!(kind));
        fields.insert("metadata".to_owned(), metadata);
    }
    fields
}
