//! Random edits of users, writers and vandals.

use super::place::{Place, SPLIT, TARGET};
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams};
use serde_json::{Value, json};
pub(crate) use smi_tests::random::Random;

/// Makes one random edit, as a user, a writer or a vandal does. Edits of others may have been faster.
pub(crate) async fn edit(place: &Place, random: &mut Random) {
    let gone = DeleteParams::default();
    let service = random.one_of(&["web", "web-v1", "web-v2"]);
    match random.below(16) {
        0..5 => {
            let weights = [random.below(5), random.below(5)].map(|weight| weight * 10);
            let spec = json!({"service": service, "backends": [
                {"service": "web-v1", "weight": weights[0]}, {"service": "web-v2", "weight": weights[1]}]});
            write(place, SPLIT, "TrafficSplit", random.one_of(&["a", "b", "c"]), spec).await;
        }
        5 => _ = place.splits().delete(random.one_of(&["a", "b", "c"]), &gone).await,
        6 => _ = place.api("v1", "Service").delete(service, &gone).await,
        7 => {
            let found = place.api("v1", "Service").get_opt(service).await;
            if found.expect("services are read").is_none() {
                place.service(service).await;
            }
        }
        8..11 => {
            let account = |name: &str| json!({"kind": "ServiceAccount", "name": name, "namespace": place.namespace});
            let source = random.one_of(&["shop", "bank", "absent"]);
            let spec = json!({"destination": account("api"), "sources": [account(source)],
                "rules": [{"kind": "TCPRoute", "name": random.one_of(&["all", "absent"])}]});
            write(place, TARGET, "TrafficTarget", random.one_of(&["t", "u"]), spec).await;
        }
        11 => {
            let targets = place.api(TARGET, "TrafficTarget");
            _ = targets.delete(random.one_of(&["t", "u"]), &gone).await;
        }
        12 => place.enforce(random.below(2) == 0).await,
        13 => {
            let elsewhere = json!({"spec": {"hosts": ["elsewhere"]}});
            vandalize(place, &place.routes(), &elsewhere, random).await;
        }
        14 => {
            let everybody = json!({"spec": {"rules": [{}]}});
            vandalize(place, &place.authorizations(), &everybody, random).await;
        }
        _ => {
            let disowned = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": null}}});
            vandalize(place, &place.routes(), &disowned, random).await;
        }
    }
}

/// Creates an object, or changes its spec.
pub(crate) async fn write(place: &Place, api_version: &str, kind: &str, name: &str, spec: Value) {
    let api = place.api(api_version, kind);
    match api.get_opt(name).await.expect("objects are read") {
        Some(_) => place.patch(&api, name, &json!({"spec": spec})).await,
        None => place.create(api_version, kind, name, spec).await,
    }
}

/// Deletes or changes one of the objects that the controller has written.
async fn vandalize(place: &Place, api: &Api<DynamicObject>, patch: &Value, random: &mut Random) {
    let all = api.list(&ListParams::default()).await.expect("kinds are listed").items;
    let Some(name) = all.first().and_then(|object| object.metadata.name.clone()) else {
        return;
    };
    if random.below(2) == 0 {
        _ = api.delete(&name, &DeleteParams::default()).await;
    } else {
        place.patch_if_exists(api, &name, patch).await;
    }
}
