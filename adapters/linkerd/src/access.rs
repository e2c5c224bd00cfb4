//! Access control: a `Server` for each port of a workload, which denies, and grants by policies on it or on routes.
//!
//! One inbound request matches *one* `HTTPRoute`, and only what authorizes on that route and on the `Server` counts.
//! So each match of a grant also asks for the client's identity, in a header that the server's proxy sets itself and
//! nobody can forge: whichever route a request matches, its client is one that the route is for. That makes grants add
//! up (A1), and every order of writes safe.
//!
//! No grant is ever edited: its objects are named by their content. New ones come before old ones go.

mod enforced;
mod grants;
mod names;
mod parties;
mod servers;

#[cfg(test)]
mod tests;

use crate::Linkerd;
use crate::native::{HttpRouteMatch, MeshTlsAuthentication, Path};
use names::Names;
use servers::Served;
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic, Ports};
use smi_adapter::manifest::{Native, Stage};
use smi_adapter::model::access::{Grant, NamespaceBaseline, WorkloadAccess};
use smi_adapter::model::{Policy, route::HttpMatch};
use smi_adapter::object::{ObjectRef, bounded_name};
use smi_adapter::smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

/// How many ports of a workload get a `Server`, and how many policies grant something there. Beyond that it is reported:
/// targets and ports multiply.
const MAX_SERVERS: usize = 1_000;
const MAX_POLICIES: usize = 10_000;

/// A client that nobody is: the top-level domain is reserved for names that never resolve.
const NOBODY: &str = "smi-adapter.invalid";

/// What keeps a namespace enforced when its last target or workload is gone: an authentication of nobody, that nothing
/// refers to. What Linkerd cannot close in the namespace at all is reported.
pub(crate) fn baseline(policy: &Policy, baseline: &NamespaceBaseline) -> Translation {
    let mut translation = Translation::default();
    let namespace = baseline.namespace();
    let name = bounded_name(&format!("namespace-{namespace}-baseline"));
    let marker = MeshTlsAuthentication::Identities(vec![NOBODY.to_owned()]);
    translation.emit(policy, Stage::Deny, &name, &marker);
    let message = "Linkerd's proxies do not see UDP, so datagrams stay open to everybody; a NetworkPolicy closes them";
    let object = ObjectRef::namespace(namespace);
    translation.report(Diagnostic::new(Code::NotEnforced, object, FieldPath::root(), message));
    for workload in baseline.unselectable() {
        let message = "Linkerd selects pods by labels, and none select exactly these, so their default policy decides; give them labels of their own";
        let workload = workload.clone();
        translation.report(Diagnostic::new(Code::NotEnforced, workload, FieldPath::root(), message));
    }
    translation
}

pub(crate) fn translate(linkerd: &Linkerd, policy: &Policy, access: &WorkloadAccess) -> Translation {
    let mut translator = Translator {
        linkerd,
        policy,
        access,
        names: Names::new(access.workload()),
        servers: BTreeMap::new(),
        requests: BTreeMap::new(),
        written: BTreeSet::new(),
        policies_left: MAX_POLICIES,
        translation: Translation::default(),
    };
    // Without labels it would be every pod of the namespace.
    if !access.selector().is_empty() {
        translator.servers();
    }
    for grant in access.grants() {
        translator.grant(grant);
    }
    translator.report_open();
    translator.translation
}

struct Translator<'a> {
    linkerd: &'a Linkerd,
    policy: &'a Policy,
    access: &'a WorkloadAccess,
    names: Names,
    /// By port.
    servers: BTreeMap<u16, Served>,
    /// Matches that were translated, and reported, before: many targets name one route group.
    requests: BTreeMap<*const HttpMatch, Vec<HttpRouteMatch>>,
    /// The objects of grants, by kind and name. Equal parts of one target are one object.
    written: BTreeSet<(String, String)>,
    policies_left: usize,
    translation: Translation,
}

impl Translator<'_> {
    /// Writes what is there with or without grants.
    fn emit<N: Native>(&mut self, stage: Stage, name: &str, spec: &N) {
        // Not for any target: a new one leaves it as it is.
        let sources = BTreeSet::from([self.access.workload().clone()]);
        self.translation.emit_for(self.policy, sources, stage, name, spec);
    }

    /// Writes a part of a grant.
    fn emit_grant<N: Native>(&mut self, grant: &Grant, stage: Stage, name: &str, spec: &N) {
        if self.written.insert((N::KIND.kind.into_owned(), name.to_owned())) {
            let sources = grant.references().clone();
            self.translation.emit_for(self.policy, sources, stage, name, spec);
        }
    }

    /// Reports a fact about some ports of the workload.
    fn report(&mut self, code: Code, ports: Ports, message: impl Into<String>) {
        let workload = self.access.workload().clone();
        let about = Diagnostic::new(code, workload, FieldPath::root(), message);
        self.translation.report(about.on_ports(ports));
    }

    /// Reports, on the traffic target of a grant, a fact about some ports of the workload.
    fn report_grant(&mut self, grant: &Grant, code: Code, ports: Ports, message: impl Into<String>) {
        let target = ObjectRef::target(grant.target().clone());
        let about = Diagnostic::new(code, target, FieldPath::root(), message);
        let about = about.on_ports(ports).on_workload(self.access.workload().clone());
        self.translation.report(about);
    }
}

/// The match of every request.
fn everything(path: Path) -> HttpRouteMatch {
    HttpRouteMatch {
        path,
        method: None,
        headers: Vec::new(),
        query: Vec::new(),
    }
}

/// Content in the form that names are made of.
fn text<N: Native>(spec: &N) -> String {
    serde_json::to_string(spec).unwrap_or_default()
}
