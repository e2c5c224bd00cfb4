//! Translation of access control: a `Server` that denies for each port of a workload, and grants as policies on the
//! `Server` or on routes.
//!
//! An inbound request matches *one* `HTTPRoute`, and only the policies on that route and on the `Server` can authorize
//! it. So each match of a grant also requires the identity of the client, in a header that the proxy of the server sets
//! itself and that clients cannot forge. Whichever route a request matches, the route is for its client. This makes
//! grants additive (A1) and every order of writes safe.
//!
//! Grants are never edited: the names of their objects depend on the content. New objects are created before old ones
//! are deleted.

mod clients;
mod enforced;
mod grants;
mod names;
mod servers;

#[cfg(test)]
mod tests;

use crate::Linkerd;
use crate::native::{HttpRouteMatch, MeshTlsAuthentication, Path};
use names::Names;
use servers::Served;
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic, PortSet};
use smi_adapter::manifest::{Native, Stage};
use smi_adapter::model::access::{Grant, NamespaceBaseline, WorkloadAccess};
use smi_adapter::model::{Policy, route::HttpMatch};
use smi_adapter::object::{Kind, ObjectRef, bounded_name};
use smi_adapter::smi_types::FieldPath;
use std::collections::{BTreeMap, BTreeSet};

/// The most ports of a workload that get a `Server`. Further ports are reported.
const MAX_SERVERS: usize = 1_000;
/// The most policies that grant access to a workload. Their number is a product of targets and ports. Further grants are
/// reported.
const MAX_POLICIES: usize = 10_000;

/// An identity that no client has: the top-level domain is reserved for names that never resolve.
const NO_CLIENT: &str = "smi-adapter.invalid";

/// Translates the baseline of a namespace to an authentication that no client fulfils and no object refers to. It keeps
/// the namespace enforced after its last target or workload is deleted. Traffic that Linkerd cannot deny anywhere in the
/// namespace is reported.
pub(crate) fn baseline(policy: &Policy, baseline: &NamespaceBaseline) -> Translation {
    let mut translation = Translation::default();
    let namespace = baseline.namespace();
    let name = bounded_name(&format!("namespace-{namespace}-baseline"));
    let marker = MeshTlsAuthentication::Identities(vec![NO_CLIENT.to_owned()]);
    translation.emit(policy, Stage::Deny, &name, &marker);
    let message =
        "Linkerd's proxies do not see UDP, so UDP ports stay open to every client; a NetworkPolicy can close them";
    let object = ObjectRef::namespace(namespace);
    translation.report(Diagnostic::new(Code::NotEnforced, object, FieldPath::root(), message));
    for workload in baseline.unselectable() {
        let message = "Linkerd selects pods by labels, and no labels select exactly these pods, so their default policy decides; give them labels of their own";
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
    // An empty selector would select every pod of the namespace.
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
    /// The translations of matches, already reported: many targets can refer to one route group.
    requests: BTreeMap<*const HttpMatch, Vec<HttpRouteMatch>>,
    /// The objects of grants, by kind and name. Equal parts of one target share one object.
    written: BTreeSet<(Kind, String)>,
    policies_left: usize,
    translation: Translation,
}

impl Translator<'_> {
    /// Writes an object that exists with or without grants.
    fn emit<N: Native>(&mut self, stage: Stage, name: &str, spec: &N) {
        // The sources contain no target, so that a new target does not change the object.
        let sources = BTreeSet::from([self.access.workload().clone()]);
        self.translation.emit_for(self.policy, sources, stage, name, spec);
    }

    /// Writes an object of a grant.
    fn emit_grant<N: Native>(&mut self, grant: &Grant, stage: Stage, name: &str, spec: &N) {
        if self.written.insert((N::KIND, name.to_owned())) {
            let sources = grant.references().clone();
            self.translation.emit_for(self.policy, sources, stage, name, spec);
        }
    }

    /// Reports a diagnostic on the workload, about some of its ports.
    fn report(&mut self, code: Code, ports: PortSet, message: impl Into<String>) {
        let workload = self.access.workload().clone();
        let about = Diagnostic::new(code, workload, FieldPath::root(), message);
        self.translation.report(about.on_ports(ports));
    }

    /// Reports a diagnostic on the traffic target of a grant, about some ports of the workload.
    fn report_grant(&mut self, grant: &Grant, code: Code, ports: PortSet, message: impl Into<String>) {
        let target = ObjectRef::target(grant.target().clone());
        let about = Diagnostic::new(code, target, FieldPath::root(), message)
            .on_ports(ports)
            .on_workload(self.access.workload().clone());
        self.translation.report(about);
    }

    /// Reports, on the traffic target of a grant, a fact that does not depend on the workload: so that it is reported once.
    fn report_target(&mut self, grant: &Grant, code: Code, message: impl Into<String>) {
        let target = ObjectRef::target(grant.target().clone());
        self.translation
            .report(Diagnostic::new(code, target, FieldPath::root(), message));
    }
}

/// Returns a match of every request to a path.
fn everything(path: Path) -> HttpRouteMatch {
    HttpRouteMatch {
        path,
        method: None,
        headers: Vec::new(),
        query: Vec::new(),
    }
}

/// Returns the content of an object as the text from which its name is derived.
fn text<N: Native>(spec: &N) -> String {
    serde_json::to_string(spec).unwrap_or_default()
}
