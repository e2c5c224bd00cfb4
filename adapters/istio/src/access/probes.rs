//! Rules for the kubelet, which has no identity (A38).

use super::texts::is_literal;
use crate::native::authorization::{Condition, Listed, Operation, Rule, To};
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::model::access::WorkloadAccess;
use smi_adapter::smi_types::FieldPath;
use smi_adapter::workload::HealthCheck;

/// By default the injector lets the kubelet ask the agent, past every policy.
const REWRITE: &str = "sidecar.istio.io/rewriteAppHTTPProbers";

/// One rule for each request by which the kubelet asks, for everybody; none where it asks the agent.
pub(super) fn rules(access: &WorkloadAccess, translation: &mut Translation) -> Vec<Rule> {
    let value = access.annotations().get(REWRITE).map(String::as_str);
    if !value.is_some_and(is_false) {
        return Vec::new();
    }
    let mut rules = Vec::new();
    for check in access.health_checks() {
        let (method, path) = match check {
            HealthCheck::Http { path, .. } => ("GET", path.as_str()),
            HealthCheck::Grpc { .. } => ("POST", HealthCheck::GRPC_PATH),
            _ => continue,
        };
        if is_plain(path) {
            rules.push(rule(method, path, check.port()));
        } else {
            let message = format!(
                "the kubelet asks for `{path}` on port `{}`, which cannot be exempted: the proxy may rewrite the path, or Istio reads it in another way; it is denied, so that the pods seem unwell",
                check.port()
            );
            let workload = access.workload().clone();
            let denied = Diagnostic::new(Code::Inexpressible, workload, FieldPath::root(), message);
            translation.report(denied.on_port(check.port()));
        }
    }
    rules
}

/// Exactly this request. Paths are compared without their query; the header `:path` has it, so that both are asked for.
fn rule(method: &str, path: &str, port: u16) -> Rule {
    let (without_query, _) = path.split_once('?').unwrap_or((path, ""));
    let operation = Operation {
        methods: Some(Listed::one(method.to_owned())),
        paths: Some(Listed::one(without_query.to_owned())),
        ports: Some(Listed::one(port.to_string())),
    };
    Rule {
        from: None,
        to: Some(Listed::one(To { operation })),
        when: Some(Listed::one(Condition {
            key: "request.headers[:path]".to_owned(),
            values: Listed::one(path.to_owned()),
        })),
    }
}

/// As Go reads it.
fn is_false(value: &str) -> bool {
    ["0", "f", "F", "false", "FALSE", "False"].contains(&value)
}

/// Whether the proxy leaves a path with its query as it is, and Istio compares with it as it stands.
fn is_plain(path: &str) -> bool {
    let (before, query) = path.split_once('?').unwrap_or((path, ""));
    let in_path = |b: u8| b.is_ascii_alphanumeric() || b"/-._~!$&'()+,;=:@*".contains(&b);
    let in_query = |b: u8| in_path(b) || b"?%[]".contains(&b);
    let is_dots = |segment: &str| matches!(segment, "." | "..");
    before.starts_with('/')
        && before.bytes().all(in_path)
        && query.bytes().all(in_query)
        && !before
            .split('/')
            .any(|segment| is_dots(segment.split(';').next().unwrap_or_default()))
        && is_literal(before)
        && is_literal(path)
}
