use super::*;
use std::collections::BTreeSet;
use std::fmt::Write;

#[test]
fn spreads_many_matches_over_routes() {
    let matches: Vec<String> = (0..300)
        .map(|number| format!("{{name: m{number}, pathRegex: /p{number}}}"))
        .collect();
    let planned = planned(&format!(
        "{}{}{}",
        checked(),
        group("g", &matches.join(", ")),
        target("t", &["web"], &group_rule("g"))
    ));
    let routes = granting(&planned);
    assert_eq!(routes.len(), 3);
    let mut paths = BTreeSet::new();
    for (name, route) in &routes {
        let rules = route["rules"].as_array().unwrap();
        assert!(rules.len() <= 16);
        for rule in rules {
            let matches = rule["matches"].as_array().unwrap();
            assert!(matches.len() <= 8);
            for matching in matches {
                paths.insert(matching["path"]["value"].as_str().unwrap());
                assert_eq!(matching["headers"][0]["name"], "l5d-client-id");
            }
        }
        // Each route has its own policy.
        assert_eq!(spec(&planned, "AuthorizationPolicy", name)["targetRef"]["name"], *name);
    }
    assert_eq!(paths.len(), 300);
}

#[test]
fn limits_the_size_of_routes() {
    let long = "a".repeat(4000);
    let headers = (0..15)
        .map(|number| format!("x-{number}: {long}"))
        .collect::<Vec<String>>()
        .join(", ");
    let matches: Vec<String> = (0..40)
        .map(|number| format!("{{name: m{number}, pathRegex: /p{number}, headers: [{{{headers}}}]}}"))
        .collect();
    let planned = planned(&format!(
        "{}{}{}",
        checked(),
        group("g", &matches.join(", ")),
        target("t", &["web"], &group_rule("g"))
    ));
    assert_eq!(granting(&planned).len(), 4);
    for (_, route) in granting(&planned) {
        assert!(route.to_string().len() < 1_000_000);
    }
    assert_eq!(reported(&planned, Code::Inexpressible), Vec::<String>::new());
}

#[test]
fn spreads_many_sources_over_routes() {
    let sources: Vec<String> = (0..400)
        .map(|number| format!("client-{number:03}-{}", "x".repeat(20)))
        .collect();
    let names: Vec<&str> = sources.iter().map(String::as_str).collect();
    let all = format!("{}{}{}", checked(), group("g", "{name: m}"), tcp_route("r", "8080"));
    let http = planned(&format!("{all}{}", target("t", &names, &group_rule("g"))));
    let routes = granting(&http);
    assert!(routes.len() > 3);
    let mut references = 0;
    for (name, route) in &routes {
        let clients = route["rules"][0]["matches"][0]["headers"][0]["value"].as_str().unwrap();
        assert!(clients.len() <= 4096);
        let policy = spec(&http, "AuthorizationPolicy", name);
        let authentication = policy["requiredAuthenticationRefs"][0]["name"].as_str().unwrap();
        let accounts = spec(&http, "MeshTLSAuthentication", authentication)["identityRefs"]
            .as_array()
            .unwrap();
        references += accounts.len();
        // The filter and the authentication are for the same clients.
        assert_eq!(clients.matches('|').count() + 1, accounts.len());
        assert!(
            accounts
                .iter()
                .all(|account| clients.contains(&format!(r"{}\.shop", account["name"].as_str().unwrap())))
        );
    }
    assert_eq!(references, 400);
    let tcp = planned(&format!("{all}{}", target("t", &names, "{kind: TCPRoute, name: r}")));
    assert_eq!(specs(&tcp, "MeshTLSAuthentication").len(), 2, "one, and the baseline");
}

#[test]
fn spreads_many_ports_over_routes() {
    let ports: Vec<u16> = (8000..8070).collect();
    let planned = planned(&format!(
        "{}{}{}",
        with_ports(&ports),
        group("g", "{name: m}"),
        target("t", &["web"], &group_rule("g"))
    ));
    let parents: Vec<usize> = granting(&planned)
        .iter()
        .map(|(_, route)| route["parentRefs"].as_array().unwrap().len())
        .collect();
    assert_eq!(parents.len(), 3);
    assert!(parents.iter().all(|parents| *parents <= 32) && parents.iter().sum::<usize>() == 70);
}

#[test]
fn chooses_short_valid_and_unique_names() {
    let long = "a".repeat(63);
    let mut manifests = format!("{}{}", group("g", "{name: m}"), tcp_route("r", "8080"));
    for (kind, name) in [
        ("Deployment", long.as_str()),
        ("StatefulSet", &long),
        ("Deployment", "api"),
        ("Deployment", "api-8080"),
    ] {
        let selector = format!("{{app: {kind}-{}}}", &name[..name.len().min(20)]);
        writeln!(
            manifests,
            "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: {name}}}, spec: {{serviceName: x, selector: {{matchLabels: {selector}}}, template: {{metadata: {{labels: {selector}}}, spec: {{serviceAccountName: api, containers: [{{name: c, ports: [{{containerPort: 8080}}, {{containerPort: 80}}]}}]}}}}}}}}\n---"
        )
        .unwrap();
    }
    for name in [
        format!("{long}.{long}"),
        format!("{long}.{long}x"),
        "8080-deny".to_owned(),
        "80".to_owned(),
    ] {
        manifests.push_str(&target(&name, &["web"], &group_rule("g")));
        manifests.push_str(&target(&format!("l4-{name}"), &["web"], "{kind: TCPRoute, name: r}"));
    }
    let planned = planned(&manifests);
    let names: BTreeSet<_> = planned
        .manifests
        .iter()
        .map(|manifest| manifest.object.reference())
        .collect();
    assert_eq!(names.len(), planned.manifests.len());
    assert_eq!(specs(&planned, "Server").len(), 8);
    // One route for each workload and target with a group, and one that denies for each server.
    assert_eq!(specs(&planned, "HTTPRoute").len(), 16 + 8);
    for name in names {
        let name = &name.key.name;
        assert!(
            name.len() <= 63 && smi_adapter::object::is_dns_subdomain(name),
            "{name}"
        );
        assert!(
            ["deployment-", "statefulset-", "namespace-"]
                .iter()
                .any(|start| name.starts_with(start)),
            "{name}"
        );
    }
}

#[test]
fn bounds_the_output() {
    let ports: Vec<String> = (1..=1100).map(|port| port.to_string()).collect();
    let mut manifests = format!("{}{}", with_ports(&[8080]), tcp_route("r", &ports.join(", ")));
    for number in 0..12 {
        manifests.push_str(&target(&format!("t{number:02}"), &["web"], "{kind: TCPRoute, name: r}"));
    }
    manifests.push_str(&target("z", &["web"], "{kind: TCPRoute, name: all}"));
    manifests.push_str(&tcp_route("all", ""));
    let planned = planned(&manifests);
    // 1,101 ports are known: those that the route names, and 8080.
    assert_eq!(specs(&planned, "Server").len(), 1000);
    assert_eq!(specs(&planned, "AuthorizationPolicy").len(), 10_000);
    let cut = reported(&planned, Code::Inexpressible);
    for target in ["t00", "t11", "z"] {
        assert!(
            cut.iter()
                .any(|text| text.contains(&format!("TrafficTarget shop/{target}:"))),
            "{target}"
        );
    }
    assert!(
        cut.iter().any(|text| text.contains("more than 10000 policies")),
        "{cut:?}"
    );
    let open = reported(&planned, Code::NotEnforced);
    assert!(
        open.iter().any(|text| text.contains("more than 1000 known ports")),
        "{open:?}"
    );
}
