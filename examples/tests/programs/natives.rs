//! Native objects in the input.

use crate::run::{SOUND, explained, translated, translated_for, written};
use smi_examples::Exit;

/// Foreign objects that decide for the root service of [`SOUND`], in a version that the adapters do not write.
const FOREIGN: &str = "---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: retries, namespace: shop}
spec: {hosts: [web], http: [{retries: {attempts: 3}, route: [{destination: {host: web}}]}]}
---
apiVersion: linkerd.io/v1alpha1
kind: ServiceProfile
metadata: {name: web.shop.svc.cluster.local, namespace: shop}
spec: {routes: [{name: GET /x, condition: {method: GET, pathRegex: /x}, isRetryable: true}]}
";

const PLACE: &str = "TrafficSplit shop/sound spec.service (-:12, document 3): ";

#[test]
fn foreign_objects_are_reviewed_as_in_a_cluster() {
    let text = format!("{SOUND}{FOREIGN}");
    let run = translated(&["-"], &text);
    assert_eq!(
        (run.exit, written(&run)),
        (Exit::Errors, vec!["VirtualService web".into()])
    );
    assert_eq!(
        run.messages(),
        [
            &format!(
                "error[Conflict] {PLACE}`VirtualService shop/retries` may be older (its creation time is unknown) and then takes precedence: it decides HTTP on port 80 of `web.shop.svc.cluster.local`"
            ),
            "info: ignored, because these kinds do not affect SMI objects: 1 ServiceProfile",
            "1 object written for istio; 1 error, 0 warnings, 1 info",
        ]
    );
    let run = translated_for(&["--mesh", "linkerd"], &["-"], &text);
    assert_eq!(run.exit, Exit::Errors);
    let start =
        format!("error[Conflict] {PLACE}`ServiceProfile shop/web.shop.svc.cluster.local` has routes or overrides");
    assert!(
        run.messages().iter().any(|message| message.starts_with(&start)),
        "{}",
        run.err
    );
    let others = "info: ignored, because these kinds do not affect SMI objects: 1 VirtualService";
    assert!(run.messages().contains(&others), "{}", run.err);
}

#[test]
fn objects_of_ours_change_nothing_in_the_output() {
    let first = translated(&["-"], SOUND);
    let dumped = first.out.replace(
        "  name: web\n",
        "  name: web\n  creationTimestamp: 2026-01-01T00:00:00Z\n",
    );
    assert_ne!(dumped, first.out);
    let again = translated(&["-"], &format!("{SOUND}---\n{dumped}"));
    assert_eq!(
        (again.exit, &again.out, &again.err),
        (Exit::Done, &first.out, &first.err)
    );
    // With a creation time, the age decides.
    let younger = FOREIGN.replacen(
        "name: retries",
        "name: retries, creationTimestamp: 2026-02-01T00:00:00Z",
        1,
    );
    let run = translated(&["-"], &format!("{SOUND}---\n{dumped}{younger}"));
    assert!(
        run.err.contains("warning[Overrides] TrafficSplit shop/sound"),
        "{}",
        run.err
    );
    assert_eq!(run.out, first.out);
}

#[test]
fn reports_objects_of_ours_that_are_no_longer_needed() {
    let (services, _) = SOUND.split_at(SOUND.rfind("---").unwrap());
    let stale = translated(&["-"], SOUND).out;
    let run = translated(&["-"], &format!("{services}---\n{stale}"));
    assert_eq!((run.exit, &*run.out), (Exit::Done, ""));
    assert_eq!(
        run.messages()[0],
        "info[Stale] VirtualService shop/web (-:12, document 3): this object is managed by us, but is no longer needed, so it is not in the output; delete it"
    );
}

#[test]
fn objects_of_ours_keep_their_namespace_enforced() {
    // A2
    let workload = "
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api-1, namespace: shop, labels: {app: api}}
spec: {serviceAccountName: api, containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
";
    let baseline = translated(&["--enforce", "shop", "-"], workload).out;
    assert!(baseline.contains("kind: AuthorizationPolicy"), "{baseline}");
    let text = format!("{workload}---\n{baseline}");
    let run = translated(&["-"], &text);
    assert_eq!(run.out, baseline, "{}", run.err);
    let ask = |text: &str| explained(&["--to", "api.shop:80", "-"], text).out;
    assert!(ask(&text).contains("Pod shop/api-1:80 denied"), "{}", ask(&text));
    assert!(!ask(workload).contains("denied"));
}
