//! Access control: a policy that allows nothing for each enforced namespace, and policies that allow the granted
//! requests for each workload.

mod filter;
mod gaps;
mod inexpressible;
mod matches;
mod names;
mod policies;
mod probes;
mod rules;
mod sources;
mod values;

#[cfg(test)]
mod tests;

use crate::Istio;
use crate::native::AuthorizationPolicy;
use crate::native::authorization::{Action, Allow, NonEmpty, Selector};
use filter::FilterPolicy;
use inexpressible::InexpressibleParts;
use matches::{Encoded, Encoding, encode};
use policies::{Part, Policies};
use rules::Rules;
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::manifest::Stage;
use smi_adapter::model::Policy;
use smi_adapter::model::access::{Grant, Granted, NamespaceBaseline, WorkloadAccess};
use smi_adapter::model::route::HttpMatch;
use smi_adapter::object::ObjectRef;
use smi_adapter::smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Translates the baseline of a namespace, which denies everything that is not granted (A2).
pub(crate) fn deny(istio: &Istio, policy: &Policy, baseline: &NamespaceBaseline) -> Translation {
    let mut translation = Translation::default();
    gaps::of_namespace(baseline, &mut translation);
    if baseline.namespace() == istio.root_namespace {
        let message = "Istio applies policies in its root namespace to the whole mesh, so none is written there, and nothing is denied in the namespace";
        let namespace = ObjectRef::namespace(baseline.namespace());
        translation.report(Diagnostic::new(
            Code::NotEnforced,
            namespace,
            FieldPath::root(),
            message,
        ));
    } else {
        let name = names::baseline(baseline.namespace());
        translation.emit(policy, Stage::Deny, &name, &AuthorizationPolicy::default());
    }
    translation
}

/// Translates the grants of a workload.
pub(crate) fn allow(istio: &Istio, policy: &Policy, access: &WorkloadAccess) -> Translation {
    let mut translator = Translator {
        istio,
        access,
        encoded: BTreeMap::new(),
        inexpressible: InexpressibleParts::default(),
        translation: Translation::default(),
    };
    gaps::of_workload(access, &mut translator.translation);
    if access.workload().key.namespace == istio.root_namespace {
        translator.reject();
    } else if !access.selector().is_empty() {
        translator.write(policy);
    }
    let mut translation = translator.translation;
    translator.inexpressible.report(&mut translation);
    translation
}

struct Translator<'a> {
    istio: &'a Istio,
    access: &'a WorkloadAccess,
    /// Encoded matches by the address of the match, because many grants can share one.
    encoded: BTreeMap<*const HttpMatch, Arc<Encoded>>,
    inexpressible: InexpressibleParts,
    translation: Translation,
}

/// The rules of one grant, and the policy of a filter if the rules need one.
struct GrantRules<'a> {
    grant: &'a Grant,
    rules: Rules,
    filter_policy: Option<FilterPolicy<'a>>,
}

impl<'a> Translator<'a> {
    /// Reports all grants of a workload in the root namespace. The selector of a policy there would select pods in every
    /// namespace.
    fn reject(&mut self) {
        let message = "the destination is in Istio's root namespace, whose policies apply to the whole mesh, so none is written and nothing is granted";
        for grant in self.access.grants() {
            self.report(grant, Code::Inexpressible, message);
        }
    }

    /// Reports on the traffic target of a grant that part of it is not in force, for whichever workload: so that it is
    /// reported once.
    fn report(&mut self, grant: &Grant, code: Code, message: impl Into<String>) {
        let target = ObjectRef::target(grant.target().clone());
        self.translation
            .report(Diagnostic::new(code, target, FieldPath::root(), message));
    }

    fn write(&mut self, policy: &Policy) {
        let (access, workload) = (self.access, self.access.workload());
        let mut grants: Vec<GrantRules<'a>> = Vec::new();
        for grant in access.grants() {
            grants.extend(self.grant(grant));
        }
        let filter_policies = grants.iter_mut().map(|grant| grant.filter_policy.take()).collect();
        let conditions = filter::emit(access, policy, filter_policies, &mut self.translation);
        let mut policies = Policies::new(workload);
        policies.add(probes::rules(access, &mut self.translation), &BTreeSet::new());
        for (index, GrantRules { grant, mut rules, .. }) in grants.into_iter().enumerate() {
            if let Some(condition) = conditions.get(&index) {
                rules.filtered(condition.clone());
            }
            if let Some(rules) = rules.finish() {
                policies.add(rules, grant.references());
            } else {
                let message = "the rules of this traffic target would be too large for Istio, so it grants nothing; reduce its sources or its matches";
                self.report(grant, Code::Inexpressible, message);
            }
        }
        for (index, Part { rules, sources }) in policies.finish().into_iter().enumerate() {
            let allow = NonEmpty::new(rules).map(|rules| Allow {
                selector: Selector {
                    match_labels: access.selector(),
                },
                action: Action::Allow,
                rules,
            });
            let name = names::access(workload, index + 1);
            let spec = AuthorizationPolicy { allow };
            self.translation.emit_for(policy, sources, Stage::Grant, &name, &spec);
        }
    }

    /// Translates a grant. Returns `None` if nothing of it can be expressed, and reports that.
    fn grant(&mut self, grant: &'a Grant) -> Option<GrantRules<'a>> {
        let (principals, rejected) = sources::principals(grant, self.access.trust_domain());
        if let Granted::Udp = grant.traffic() {
            let message = "UDP is granted, but Istio's proxies do not see UDP, so nothing is written for it and every sender gets through";
            self.report(grant, Code::NotEnforced, message);
            return None;
        }
        for message in rejected {
            self.report(grant, Code::Inexpressible, message);
        }
        if principals.is_empty() {
            return None;
        }
        let (rules, filter_policy) = match grant.traffic() {
            Granted::Tcp => {
                let mut rules = Rules::new(principals, grant.ports());
                rules.tcp();
                (rules, None)
            }
            Granted::Http(matches) => {
                let encoded: Vec<_> = matches.iter().map(|matching| self.encoded(matching, grant)).collect();
                let encodings = || encoded.iter().filter_map(|encoded| encoded.encoding.as_ref());
                if encodings().next().is_none() {
                    let message =
                        "Istio supports none of the granted matches, so the traffic target allows no HTTP request";
                    self.report(grant, Code::Inexpressible, message);
                    return None;
                }
                let permissions = encodings().filter_map(Encoding::permission).cloned().collect();
                let filter_policy = FilterPolicy::new(grant, &principals, permissions);
                let mut rules = Rules::new(principals, grant.ports());
                rules.http(encodings().filter_map(Encoding::native));
                (rules, filter_policy)
            }
            Granted::Udp => return None,
        };
        Some(GrantRules {
            grant,
            rules,
            filter_policy,
        })
    }

    /// Returns the encoding of a match, and records its inexpressible parts for the target.
    fn encoded(&mut self, matching: &Arc<HttpMatch>, grant: &Grant) -> Arc<Encoded> {
        let entry = self.encoded.entry(Arc::as_ptr(matching));
        let encoded = entry
            .or_insert_with(|| Arc::new(encode(matching, self.istio.regex)))
            .clone();
        for (field, reason) in &encoded.inexpressible {
            self.inexpressible
                .add(matching.group(), field.clone(), reason.clone(), grant.target());
        }
        encoded
    }
}
