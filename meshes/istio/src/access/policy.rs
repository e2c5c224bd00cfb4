//! `AuthorizationPolicy`: selection of the policies for a pod, and their combined decision.

use super::context::Context;
use super::logic::{all, any};
use super::rule::{Action, Rule};
use super::selection::{Selector, in_scope, read, unclear};
use super::workload::Workload;
use serde::Deserialize;
use smi_adapter::manifest::NativeObject;
use smi_conformance::NotModelledError;

/// The annotation that makes a policy a dry run.
const DRY_RUN: &str = "istio.io/dry-run";

/// The maximum number of rules that an API server accepts, and of sources in each rule.
pub(super) const MAX_RULES: usize = 512;

/// `AuthorizationPolicy`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Spec {
    selector: Selector,
    action: Kind,
    rules: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    #[default]
    Allow,
    Deny,
    Audit,
    Custom,
}

/// A policy in force.
#[derive(Debug)]
struct Policy {
    namespace: String,
    rules: Vec<Rule>,
}

/// The policies for one pod.
#[derive(Debug, Default)]
pub(super) struct Policies {
    allow: Vec<Policy>,
    deny: Vec<Policy>,
}

impl Policies {
    /// Returns the policies in the pod's namespace and in the root namespace that select the pod.
    pub(super) fn select(
        objects: &[NativeObject],
        root: &str,
        workload: &Workload<'_>,
    ) -> Result<Self, NotModelledError> {
        let mut policies = Self::default();
        for object in in_scope(objects, ("security.istio.io", "AuthorizationPolicy"), root, workload)? {
            if object.spec.get("targetRef").is_some() || object.spec.get("targetRefs").is_some() {
                return unclear(object, "it has a target instead of a selector");
            }
            let spec: Spec = read(object)?;
            if !workload.has(&spec.selector.match_labels) || is_dry_run(object)? {
                continue;
            }
            if spec.rules.len() > MAX_RULES {
                return unclear(object, format!("more than {MAX_RULES} rules"));
            }
            for rule in &spec.rules {
                if let Err(reason) = rule.check() {
                    return unclear(object, reason);
                }
            }
            let policy = Policy {
                namespace: object.key().namespace.into(),
                rules: spec.rules,
            };
            match spec.action {
                Kind::Allow => policies.allow.push(policy),
                Kind::Deny if policy.rules.is_empty() => {
                    return unclear(object, "it denies without rules, which the webhook rejects");
                }
                Kind::Deny => policies.deny.push(policy),
                // It only writes to a log.
                Kind::Audit => {}
                Kind::Custom => return unclear(object, "an external authorizer decides"),
            }
        }
        Ok(policies)
    }

    /// Returns `true` if the traffic is allowed: no policy denies it, and, if there are policies with the action `ALLOW`,
    /// even without rules, one of them allows it.
    pub(super) fn allow(&self, context: &Context<'_>) -> Result<bool, NotModelledError> {
        let denied = any(self.deny.iter().map(|policy| policy.matches(context, Action::Deny)));
        let allowed = any(self.allow.iter().map(|policy| policy.matches(context, Action::Allow)));
        all([
            denied.map(|denied| !denied),
            if self.allow.is_empty() { Ok(true) } else { allowed },
        ])
    }
}

impl Policy {
    fn matches(&self, context: &Context<'_>, action: Action) -> Result<bool, NotModelledError> {
        any(self
            .rules
            .iter()
            .map(|rule| rule.matches(context, action, &self.namespace)))
    }
}

fn is_dry_run(object: &NativeObject) -> Result<bool, NotModelledError> {
    match object.annotation(DRY_RUN) {
        None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some(_) => unclear(object, format!("`{DRY_RUN}` has an unknown value")),
    }
}

#[cfg(test)]
mod tests;
