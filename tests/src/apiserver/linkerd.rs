//! A stand-in for the control plane of Linkerd.

#![expect(clippy::indexing_slicing, reason = "an absent field of a JSON value reads as null")]

use super::{ApiServer, Raw, collection};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const API_VERSION: &str = "policy.linkerd.io/v1beta3";
const KIND: &str = "HTTPRoute";

impl ApiServer {
    /// Accepts the routes of Linkerd, in one namespace or all, whose name fulfils a condition, for ever.
    pub async fn accept_routes(&self, namespace: Option<String>, is_accepted: impl Fn(&str) -> bool) {
        let raw = self.raw();
        loop {
            accept(&raw, namespace.as_deref(), &is_accepted).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn accept(raw: &Raw, namespace: Option<&str>, is_accepted: impl Fn(&str) -> bool) {
    // Without an answer, the next attempt counts.
    let Ok(all) = raw.get(&collection(API_VERSION, KIND, namespace)).await else {
        return;
    };
    for route in all.body["items"].as_array().into_iter().flatten() {
        let name = route["metadata"]["name"].as_str().unwrap_or_default();
        if !route["status"].is_null() || !is_accepted(name) {
            continue;
        }
        let parents = route["spec"]["parentRefs"].as_array().into_iter().flatten();
        let answers = parents.map(|parent| {
            json!({"parentRef": parent, "controllerName": "linkerd.io/policy-controller",
                "conditions": [{"type": "Accepted", "status": "True"}]})
        });
        let mut accepted = route.clone();
        accepted["status"] = json!({"parents": answers.collect::<Vec<Value>>()});
        let namespace = route["metadata"]["namespace"].as_str();
        let path = format!("{}/{name}/status", collection(API_VERSION, KIND, namespace));
        // It may have changed, or be gone.
        _ = raw.call(Method::PUT, &path, Some(&accepted)).await;
    }
}
