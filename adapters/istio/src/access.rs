//! Access control: for each enforced namespace a policy that allows nothing, and for each workload policies that allow
//! what traffic targets grant.

mod filter;
mod gaps;
mod matches;
mod names;
mod policies;
mod probes;
mod rules;
mod sources;
mod texts;
mod unsaid;

#[cfg(test)]
mod tests;

use crate::Istio;
use crate::native::AuthorizationPolicy;
use crate::native::authorization::{Action, Allow, Listed, Selector};
use filter::Sought;
use matches::{Encoded, Said, encode};
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
use unsaid::Unsaid;

/// Denies whatever no grant allows (A2).
pub(crate) fn deny(istio: &Istio, policy: &Policy, baseline: &NamespaceBaseline) -> Translation {
    let mut translation = Translation::default();
    gaps::of_namespace(baseline, &mut translation);
    if baseline.namespace() == istio.root_namespace {
        let message = "Istio reads the policies of its root namespace for the whole mesh, so that none is written for it; nothing is denied there";
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

/// Allows what is granted to the callers of a workload.
pub(crate) fn allow(istio: &Istio, policy: &Policy, access: &WorkloadAccess) -> Translation {
    let mut translator = Translator {
        istio,
        access,
        known: BTreeMap::new(),
        unsaid: Unsaid::default(),
        translation: Translation::default(),
    };
    gaps::of_workload(access, &mut translator.translation);
    if access.workload().key.namespace == istio.root_namespace {
        translator.refuse();
    } else if !access.selector().is_empty() {
        translator.write(policy);
    }
    let mut translation = translator.translation;
    translator.unsaid.report(&mut translation);
    translation
}

struct Translator<'a> {
    istio: &'a Istio,
    access: &'a WorkloadAccess,
    /// Matches by their address: many grants may share one.
    known: BTreeMap<*const HttpMatch, Arc<Encoded>>,
    unsaid: Unsaid,
    translation: Translation,
}

/// What becomes of one grant: rules, and perhaps something that a filter looks for.
struct Written<'a> {
    grant: &'a Grant,
    rules: Rules,
    sought: Option<Sought<'a>>,
}

impl<'a> Translator<'a> {
    /// A selector of a policy in the root namespace selects pods of every namespace.
    fn refuse(&mut self) {
        let message =
            "Istio reads the policies of its root namespace for the whole mesh, so that none is written there";
        for grant in self.access.grants() {
            self.report(grant, Code::Inexpressible, message);
        }
    }

    /// Reports, on the traffic target of a grant, that a part of it is not in force for this workload.
    fn report(&mut self, grant: &Grant, code: Code, message: impl Into<String>) {
        let target = ObjectRef::target(grant.target().clone());
        let of_target = Diagnostic::new(code, target, FieldPath::root(), message);
        self.translation
            .report(of_target.on_workload(self.access.workload().clone()));
    }

    fn write(&mut self, policy: &Policy) {
        let (access, workload) = (self.access, self.access.workload());
        let mut written: Vec<Written<'a>> = Vec::new();
        for grant in access.grants() {
            written.extend(self.grant(grant));
        }
        let sought = written.iter_mut().map(|written| written.sought.take()).collect();
        let noted = filter::emit(access, policy, sought, &mut self.translation);
        let mut policies = Policies::new(workload);
        policies.add(probes::rules(access, &mut self.translation), &BTreeSet::new());
        for (index, Written { grant, mut rules, .. }) in written.into_iter().enumerate() {
            if let Some(condition) = noted.get(&index) {
                rules.noted(condition.clone());
            }
            if let Some(rules) = rules.finish() {
                policies.add(rules, grant.references());
            } else {
                let message = "the rules for this would be too many bytes for Istio, so nothing is granted by it: name fewer sources, or fewer matches";
                self.report(grant, Code::Inexpressible, message);
            }
        }
        for (index, Part { rules, sources }) in policies.finish().into_iter().enumerate() {
            let allow = Listed::new(rules).map(|rules| Allow {
                selector: Selector {
                    match_labels: access.selector().clone(),
                },
                action: Action::Allow,
                rules,
            });
            let name = names::access(workload, index + 1);
            let spec = AuthorizationPolicy { allow };
            self.translation.emit_for(policy, sources, Stage::Grant, &name, &spec);
        }
    }

    /// `None` where nothing is left of it, which is reported.
    fn grant(&mut self, grant: &'a Grant) -> Option<Written<'a>> {
        let (principals, unsaid) = sources::principals(grant, self.access.trust_domain());
        if let Granted::Udp = grant.traffic() {
            let message = "nothing is written for the UDP that it grants: Istio's proxies do not see it, so that whoever sends it gets through";
            self.report(grant, Code::NotEnforced, message);
            return None;
        }
        for why in unsaid {
            self.report(grant, Code::Inexpressible, why);
        }
        if principals.is_empty() {
            return None;
        }
        let mut rules = Rules::new(principals.clone(), grant.ports());
        let mut sought = None;
        match grant.traffic() {
            Granted::Tcp => rules.tcp(),
            Granted::Http(matches) => {
                let encoded: Vec<_> = matches.iter().map(|matching| self.encoded(matching, grant)).collect();
                let said = || encoded.iter().filter_map(|encoded| encoded.said.as_ref());
                if said().next().is_none() {
                    let message =
                        "Istio can say none of the matches that it grants, so that no HTTP request is allowed by it";
                    self.report(grant, Code::Inexpressible, message);
                    return None;
                }
                rules.http(said().filter_map(Said::native));
                let permissions = said().filter_map(Said::permission).cloned().collect();
                sought = Sought::new(grant, &principals, permissions);
            }
            Granted::Udp => return None,
        }
        Some(Written { grant, rules, sought })
    }

    /// What Istio can say of a match; what it cannot is noted for the target.
    fn encoded(&mut self, matching: &Arc<HttpMatch>, grant: &Grant) -> Arc<Encoded> {
        let known = self.known.entry(Arc::as_ptr(matching));
        let encoded = known
            .or_insert_with(|| Arc::new(encode(matching, self.istio.regex)))
            .clone();
        for (field, why) in &encoded.faults {
            self.unsaid
                .add(matching.group(), field.clone(), why.clone(), grant.target());
        }
        encoded
    }
}
