//! The answers of `explain`.

use crate::run::{SOUND, explained, json};
use smi_examples::Exit;

const SHOP: &str = "walkthroughs/shop.yaml";

#[test]
fn shows_the_answer_before_the_trace() {
    let step = "walkthroughs/mistakes/1-typo-in-backend.yaml";
    let run = explained(&["--from", "shop/storefront", "--to", "catalog:80", SHOP, step], "");
    assert_eq!(
        run.out.lines().collect::<Vec<_>>(),
        [
            "catalog.shop:80 1/10, catalog-v1.shop:80 9/10",
            "Service shop/catalgo-v2: counts as absent, with weight `10`, because it does not exist (T25)",
            "Service shop/catalog-v1: gets a share with weight `90` (T8)",
            "Service shop/catalog: gets a share with weight `10` in place of the absent backends (T25)",
            "TrafficSplit shop/catalog: takes the traffic and sends it to catalog.shop:80 1/10, catalog-v1.shop:80 9/10 (T29)",
        ]
    );
    assert_eq!(run.exit, Exit::Errors);
    let place = format!("({step}:4, document 1)");
    assert_eq!(run.messages().len(), 1);
    assert!(
        run.err.starts_with(&format!(
            "error[BackendMissing] TrafficSplit shop/catalog spec.backends[1].service {place}: "
        )),
        "{}",
        run.err
    );
}

#[test]
fn reports_only_objects_that_contribute() {
    let step = "walkthroughs/mistakes/1-typo-in-backend.yaml";
    let run = explained(&["--to", "checkout.shop:8080", SHOP, step], "");
    assert_eq!((run.exit, &*run.err), (Exit::Done, ""));
    // An unreadable object might contribute, so it is reported.
    let text = format!("{SOUND}---\nkind: [");
    let run = explained(&["--to", "web.shop:80", "--format", "json", "-"], &text);
    assert_eq!(run.exit, Exit::Errors);
    assert_eq!(json(&run)[0]["code"], "Unparsable");
    assert_eq!(run.out.lines().next(), Some("web-v1.shop:80"));
}

#[test]
fn requests_are_completed_like_those_of_a_client() {
    let filter = |name: &str, value: &str| {
        format!(
            "{SOUND}  matches: [{{kind: HTTPRouteGroup, name: g}}]\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {{name: g, namespace: shop}}\nspec: {{matches: [{{name: m, pathRegex: '/|/x', methods: [GET, PUT], headers: [{{{name}: '{value}'}}]}}]}}\n"
        )
    };
    let takes = |options: &[&str], text: &str| {
        let run = explained(&[options, &["-"]].concat(), text);
        assert_eq!(run.exit, Exit::Done, "{}", run.err);
        run.out.starts_with("web-v1.shop:80\n")
    };
    // S11: a client omits the default port.
    let host = filter("host", "web.shop");
    assert!(takes(&["--to", "web.shop:80"], &host));
    assert!(takes(
        &["--to", "web.shop:80", "--path", "/x?y=z", "--method", "PUT"],
        &host
    ));
    assert!(takes(
        &["--from", "shop/client", "--to", "web:80", "--header", "Host=web.shop"],
        &host
    ));
    assert!(!takes(&["--from", "shop/client", "--to", "web:80"], &host));
    assert!(!takes(&["--to", "web.shop:80", "--method", "POST"], &host));
    assert!(!takes(&["--to", "web.shop:80", "--tcp"], &host));
    let other_port = filter("host", "web.shop:8080").replace("port: 80}", "port: 8080}");
    let run = explained(&["--to", "web.shop:8080", "-"], &other_port);
    assert!(run.out.starts_with("web-v1.shop:8080\n"), "{}", run.out);
    // A value may contain `=`.
    assert!(takes(
        &["--to", "web.shop:80", "--header", "x=a=b"],
        &filter("x", "a=b")
    ));
}

#[test]
fn looks_up_services_in_the_namespace_of_the_client() {
    let at = |options: &[&str]| {
        let run = explained(&[options, &["--to", "web:80", "-"]].concat(), SOUND);
        run.out.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(at(&["--from", "shop/client", "--namespace", "other"]), "web-v1.shop:80");
    assert_eq!(at(&["--namespace", "shop"]), "web-v1.shop:80");
    assert_eq!(at(&["--from", "other/client"]), "nowhere");
    assert_eq!(at(&[]), "nowhere");
}

#[test]
fn reports_assumed_objects_that_contribute() {
    let split = &SOUND[SOUND.rfind("---").unwrap()..];
    let run = explained(&["--to", "web.shop:80", "--assume-ports", "80", "-"], split);
    assert_eq!(run.exit, Exit::Done);
    assert_eq!(run.out.lines().next(), Some("web-v1.shop:80"));
    assert_eq!(
        run.messages(),
        ["info[Assumed] Service shop/web-v1: `web-v1` is not in the input; it is assumed to exist with port 80"]
    );
}

#[test]
fn reports_splits_of_the_namespace_if_the_destination_does_not_exist() {
    let split = "
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: canary, namespace: shop}
spec: {service: web, backends: [{service: web-v1, weight: 1}]}
";
    let run = explained(&["--to", "web.shop:80", "-"], split);
    assert!(run.out.starts_with("nowhere\n"), "{}", run.out);
    assert!(run.err.contains("RootUnusable"), "{}", run.err);
    let elsewhere = explained(&["--to", "web.other:80", "-"], split);
    assert_eq!(elsewhere.err, "");
}
