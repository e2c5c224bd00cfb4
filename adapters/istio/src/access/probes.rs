//! Rules for health probes of the kubelet, which has no identity (A38).

use super::values::is_literal;
use crate::native::authorization::{Condition, NonEmpty, Operation, Rule, To};
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::model::access::WorkloadAccess;
use smi_adapter::smi_types::FieldPath;
use smi_adapter::workload::HealthCheck;

/// The annotation that controls the rewriting of probes. By default the injector redirects probes to the agent, where
/// they bypass all policies.
const REWRITE: &str = "sidecar.istio.io/rewriteAppHTTPProbers";

/// Returns a rule without sources for each probe of the kubelet. Returns none if the probes go to the agent.
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
                "the kubelet's probe of `{path}` on port `{}` cannot be allowed, because the proxy may rewrite the path or Istio may interpret it differently; the probe is denied, so the pods appear unhealthy",
                check.port()
            );
            let workload = access.workload().clone();
            let denied = Diagnostic::new(Code::Inexpressible, workload, FieldPath::root(), message);
            translation.report(denied.on_port(check.port()));
        }
    }
    rules
}

/// Returns a rule for exactly this request. `paths` are compared without the query, which only the header `:path`
/// contains, so the rule requires both.
fn rule(method: &str, path: &str, port: u16) -> Rule {
    let (without_query, _) = path.split_once('?').unwrap_or((path, ""));
    let operation = Operation {
        methods: Some(NonEmpty::one(method.to_owned())),
        paths: Some(NonEmpty::one(without_query.to_owned())),
        ports: Some(NonEmpty::one(port.to_string())),
    };
    Rule {
        from: None,
        to: Some(NonEmpty::one(To { operation })),
        when: Some(NonEmpty::one(Condition {
            key: "request.headers[:path]".to_owned(),
            values: NonEmpty::one(path.to_owned()),
        })),
    }
}

/// Returns `true` if Go's `strconv.ParseBool` reads the value as false.
fn is_false(value: &str) -> bool {
    ["0", "f", "F", "false", "FALSE", "False"].contains(&value)
}

/// Returns `true` if the proxy does not rewrite this path and query, and Istio compares with it literally.
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
