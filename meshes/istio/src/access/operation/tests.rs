use super::super::tests::{allow, get};
use serde_json::json;

#[test]
fn every_field_is_evaluated() {
    for (operation, answer) in [
        (json!({"methods": ["GET"]}), "allow"),
        (json!({"methods": ["get"]}), "deny"),
        (json!({"methods": ["G*"]}), "allow"),
        (json!({"notMethods": ["GET"]}), "deny"),
        (json!({"notMethods": ["POST"]}), "allow"),
        (json!({"paths": ["/a/b"]}), "allow"),
        (json!({"paths": ["/a"]}), "deny"),
        (json!({"paths": ["/a*"]}), "allow"),
        (json!({"paths": ["*/b"]}), "allow"),
        (json!({"paths": ["/A/b"]}), "deny"),
        (json!({"paths": ["/a/{*}"]}), "allow"),
        (json!({"paths": ["/{*}"]}), "deny"),
        (json!({"paths": ["/{**}"]}), "allow"),
        (json!({"notPaths": ["/{**}"]}), "deny"),
        (json!({"notPaths": ["/a/b"]}), "deny"),
        (json!({"hosts": ["API.d:80"]}), "allow"),
        (json!({"hosts": ["api.d"]}), "deny"),
        (json!({"hosts": ["api.d*"]}), "allow"),
        (json!({"hosts": ["*.D:80"]}), "allow"),
        (json!({"hosts": ["*"]}), "allow"),
        (json!({"notHosts": ["Api.d:80"]}), "deny"),
        (json!({"ports": ["8080"]}), "allow"),
        (json!({"ports": ["80", "0"]}), "deny"),
        (json!({"notPorts": ["8080"]}), "deny"),
        (json!({"paths": ["/a*"], "methods": ["POST"]}), "deny"),
        (json!({"paths": ["/a*"], "ports": ["80"]}), "deny"),
        (json!({"paths": ["/a*"], "ports": []}), "allow"),
    ] {
        let objects = allow(json!({"to": [{"operation": operation}]}));
        assert_eq!(
            get(&objects, "/x/../%61/b?c", &[("host", "api.d:80")]),
            answer,
            "{operation}"
        );
    }
}

#[test]
fn rejects_operations_that_the_webhook_rejects() {
    for operation in [
        json!({"paths": [""]}),
        json!({"paths": ["/{a}"]}),
        json!({"notPaths": ["/a{*}"]}),
        json!({"ports": ["http"]}),
        json!({"ports": ["+8080"]}),
        json!({"ports": ["65536"]}),
        json!({}),
    ] {
        let objects = allow(json!({"to": [{"operation": operation}]}));
        assert!(get(&objects, "/", &[]).len() > 5, "{operation}");
    }
    let of_host = allow(json!({"to": [{"operation": {"hosts": ["x"]}}]}));
    assert!(get(&of_host, "/", &[]).contains("authority"));
}
