use super::*;
use crate::SplitMode;
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::plan::Action;

/// Returns the steps of a plan, such as `create Server deployment-api-8080`.
fn steps(planned: &Planned) -> Vec<String> {
    let step = |action: &Action| {
        let verb = match action {
            Action::Create(_) => "create",
            Action::Replace(_) => "replace",
            Action::Delete(_) => "delete",
        };
        format!("{verb} {} {}", action.object().kind, action.object().key.name)
    };
    planned.plan.actions.iter().map(step).collect()
}

/// Returns the index of the first step with this beginning and a part of its name.
fn at(steps: &[String], start: &str, with: &str) -> usize {
    let found = steps
        .iter()
        .position(|step| step.starts_with(start) && step.contains(with));
    found.unwrap_or_else(|| panic!("no {start} {with} in {steps:#?}"))
}

fn observed(planned: &Planned) -> Observed {
    let objects = planned.manifests.iter().map(|manifest| manifest.object.clone());
    Observed::new("linkerd", &Settings::default(), objects)
}

fn shop(path: &str) -> String {
    format!(
        "{}{}{}{}{}",
        checked(),
        group("g", &format!("{{name: m, pathRegex: {path}}}")),
        tcp_route("r", "8080"),
        target("t", &["web"], &group_rule("g")),
        target("l4", &["web"], "{kind: TCPRoute, name: r}")
    )
}

#[test]
fn creates_denials_last_and_deletes_them_first() {
    let whole = planned(&shop("/a"));
    let steps_in = steps(&whole);
    let order = [
        at(&steps_in, "create MeshTLSAuthentication", "-t-"),
        at(&steps_in, "create NetworkAuthentication", "-probes"),
        at(&steps_in, "create AuthorizationPolicy", "-t-"),
        at(&steps_in, "create HTTPRoute", "-t-"),
        at(&steps_in, "create HTTPRoute", "-deny"),
        at(&steps_in, "create Server", "8080"),
    ];
    assert!(order.is_sorted(), "{steps_in:#?}");
    // Health checks are exempt before the server denies and until it is deleted.
    assert!(at(&steps_in, "create AuthorizationPolicy", "-probes") < order[5]);
    assert!(at(&steps_in, "create HTTPRoute", "-probes") < order[5]);

    let released =
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {smi-adapter.dev/enforce: 'false'}}}\n---\n";
    let gone = Linkerd::default().plan(
        &snapshot(&format!("{released}{}", shop("/a"))),
        &Settings::default(),
        &observed(&whole),
    );
    let mut back = steps(&gone);
    assert!(gone.manifests.is_empty() && back[0].starts_with("delete Server"));
    back.reverse();
    let created: Vec<String> = back.iter().map(|step| step.replace("delete", "create")).collect();
    assert!(at(&created, "create AuthorizationPolicy", "-probes") < at(&created, "create Server", ""));
    assert!(at(&created, "create AuthorizationPolicy", "-t-") < at(&created, "create HTTPRoute", "-t-"));
}

#[test]
fn never_edits_grants() {
    let old = planned(&shop("/a"));
    let new = Linkerd::default().plan(&snapshot(&shop("/b")), &Settings::default(), &observed(&old));
    let steps = steps(&new);
    // The new route and its policy come first, then the old ones are deleted.
    assert_eq!(steps.len(), 4, "{steps:#?}");
    let order = [
        at(&steps, "create AuthorizationPolicy", "-t-"),
        at(&steps, "create HTTPRoute", "-t-"),
        at(&steps, "delete HTTPRoute", "-t-"),
        at(&steps, "delete AuthorizationPolicy", "-t-"),
    ];
    assert!(order.is_sorted());
    // A further target changes no other object.
    let more = format!("{}{}", shop("/a"), target("more", &["other"], &group_rule("g")));
    let more = Linkerd::default().plan(&snapshot(&more), &Settings::default(), &observed(&old));
    let steps = super::order::steps(&more);
    assert_eq!(steps.len(), 3, "{steps:#?}");
    assert!(
        steps
            .iter()
            .all(|step| step.starts_with("create") && step.contains("deployment-api-more-"))
    );
    let same = Linkerd::default().plan(&snapshot(&shop("/a")), &Settings::default(), &observed(&old));
    assert!(same.plan.actions.is_empty());
}

#[test]
fn does_not_open_a_foreign_route_with_our_name() {
    // Our policy for health checks would authorize every client on that route.
    let whole = planned(&shop("/a"));
    let mut objects = whole.manifests.iter().map(|manifest| manifest.object.clone());
    let mut theirs = objects
        .find(|object| object.kind.name() == "HTTPRoute" && object.key().name == "deployment-api-8080-probes")
        .unwrap();
    theirs.metadata.labels = None;
    let observed = Observed::new("linkerd", &Settings::default(), [theirs]);
    let planned = Linkerd::default().plan(&snapshot(&shop("/a")), &Settings::default(), &observed);
    assert!(specs(&planned, "AuthorizationPolicy").is_empty());
    assert_eq!(specs(&planned, "Server").len(), 1);
    assert!(!reported(&planned, Code::ForeignObject).is_empty());
}

#[test]
fn writes_the_same_access_objects_in_every_mode() {
    let mut linkerd = Linkerd::default();
    let whole = planned_with(&linkerd, &shop("/a"));
    for (mode, tcp_routes) in [(SplitMode::HttpRoute, true), (SplitMode::ServiceProfile, false)] {
        linkerd.split_mode = mode;
        linkerd.tcp_routes = tcp_routes;
        let planned = planned_with(&linkerd, &shop("/a"));
        assert_eq!(planned.manifests, whole.manifests);
        for manifest in &planned.manifests {
            assert!(linkerd.kinds().contains(&manifest.object.kind));
        }
    }
}
