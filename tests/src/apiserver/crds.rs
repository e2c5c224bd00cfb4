//! Installation and removal of CRDs. The CRDs of different products share names, so they are installed one after
//! another.

#![expect(clippy::indexing_slicing, reason = "an absent field of a JSON value reads as null")]

use super::raw::{Failure, collection};
use super::{ApiServer, Raw};
use serde_json::{Value, json};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::object::Kind;
use smi_adapter::smi_types;

/// Returns a schema that accepts any object.
#[must_use]
pub fn free() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// Returns a CRD with one version, whose `spec` has this schema. It has any status, as a subresource.
#[must_use]
pub fn crd(kind: &Kind, spec: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{}.{}", kind.plural(), kind.group())},
        "spec": {
            "group": kind.group(), "scope": "Namespaced",
            "names": {"kind": kind.name(), "plural": kind.plural()},
            "versions": [{"name": kind.version(), "served": true, "storage": true,
                "subresources": {"status": {}}, "schema": {
                "openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": free()}}}}],
        },
    })
}

/// Returns CRDs for the kinds that an adapter writes, which accept any spec.
#[must_use]
pub fn native_crds(adapter: &dyn MeshAdapter) -> Vec<Value> {
    adapter.kinds().iter().map(|kind| crd(kind, &free())).collect()
}

/// Returns the CRDs of SMI.
#[must_use]
pub fn smi_crds() -> Vec<Value> {
    smi_types::crds().into_iter().map(|crd| json!(crd)).collect()
}

impl ApiServer {
    /// Creates CRDs and waits until each of their versions is served.
    ///
    /// # Errors
    /// The server's answer, if it rejects a CRD. The CRDs before it stay installed.
    ///
    /// # Panics
    /// If they are not served after two minutes.
    pub async fn install(&self, crds: &[Value]) -> Result<(), Failure> {
        let raw = self.raw();
        for crd in crds {
            raw.create(crd, "").await?;
        }
        for crd in crds {
            self.until("a CRD to be served", async || is_served(&raw, crd).await)
                .await;
        }
        Ok(())
    }

    /// Deletes CRDs with all their objects, and waits until they are gone.
    ///
    /// # Errors
    /// The server's answer, if there is no such CRD.
    ///
    /// # Panics
    /// If they are not gone after two minutes: an object with a finalizer stays.
    pub async fn remove(&self, crds: &[Value]) -> Result<(), Failure> {
        let raw = self.raw();
        for crd in crds {
            raw.delete(&path(crd)).await?;
        }
        for crd in crds {
            self.until("a CRD to be deleted", async || is_gone(&raw, crd).await)
                .await;
        }
        Ok(())
    }
}

/// Returns `true` if the CRD is established, and every served version is discoverable and can be listed.
async fn is_served(raw: &Raw, crd: &Value) -> bool {
    let Ok(stored) = raw.get(&path(crd)).await else {
        return false;
    };
    let conditions = stored.body.pointer("/status/conditions").and_then(Value::as_array);
    let is_established = |condition: &Value| condition["type"] == "Established" && condition["status"] == "True";
    if !conditions.into_iter().flatten().any(is_established) {
        return false;
    }
    for version in versions(crd).filter(|version| version["served"] == json!(true)) {
        let (group, plural) = resources(crd, version);
        let Ok(discovered) = raw.get(&group).await else {
            return false;
        };
        let kinds = discovered.body["resources"].as_array();
        let is_listed = kinds.into_iter().flatten().any(|kind| kind["name"] == *plural);
        if !is_listed || raw.get(&format!("{group}/{plural}")).await.is_err() {
            return false;
        }
    }
    true
}

/// Returns `true` if neither the CRD nor any version of its kind exists.
async fn is_gone(raw: &Raw, crd: &Value) -> bool {
    let mut paths = vec![path(crd)];
    for version in versions(crd) {
        let (group, plural) = resources(crd, version);
        paths.push(format!("{group}/{plural}"));
    }
    for path in paths {
        if !matches!(raw.get(&path).await, Err(failure) if failure.status == Some(404)) {
            return false;
        }
    }
    true
}

fn path(crd: &Value) -> String {
    let name = crd["metadata"]["name"].as_str().unwrap_or_default();
    let crds = collection("apiextensions.k8s.io/v1", "CustomResourceDefinition", None);
    format!("{crds}/{name}")
}

fn versions(crd: &Value) -> impl Iterator<Item = &Value> {
    crd["spec"]["versions"].as_array().into_iter().flatten()
}

/// Returns the path of a version of a CRD's group, and the plural name of its kind.
fn resources<'a>(crd: &'a Value, version: &Value) -> (String, &'a str) {
    let text = |value: &'a Value| value.as_str().unwrap_or_default();
    let group = text(&crd["spec"]["group"]);
    let version = version["name"].as_str().unwrap_or_default();
    (
        format!("/apis/{group}/{version}"),
        text(&crd["spec"]["names"]["plural"]),
    )
}
