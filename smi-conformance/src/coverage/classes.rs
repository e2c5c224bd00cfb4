//! The classes of [`Coverage`] to which the answers of the reference belong.

use super::Coverage;
use crate::queries::Beside;
use crate::queries::near::Near;
use smi_adapter::object::{Kind, ObjectRef};
use smi_adapter::query::{Distribution, Endpoint, Routing, RoutingQuery, Traffic};
use smi_adapter::semantics::{Outcome, Step, Trace, route};
use smi_adapter::settings::{HeaderAnchor, PathAnchor, Settings};
use smi_adapter::snapshot::Snapshot;
use smi_types::Version;

impl Coverage {
    /// Counts the classes of a routing and of the steps that led to it.
    pub fn query(
        &mut self,
        snapshot: &Snapshot,
        settings: &Settings,
        query: &RoutingQuery,
        routing: &Routing,
        trace: &Trace,
    ) {
        self.note("queries");
        match &routing {
            Routing::Either { rule, .. } => self.note(if *rule == "S5" { "Either S5" } else { "Either S17" }),
            Routing::Exactly(distribution) => self.note(match distribution.shares().count() {
                0..=1 => "shares: one",
                2 => "shares: two",
                _ => "shares: three or more",
            }),
        }
        trace
            .steps()
            .iter()
            .filter_map(class)
            .for_each(|class| self.note(class));
        let any = |rules: &[&str]| trace.steps().iter().any(|step| rules.contains(&step.rule));
        let (failed, unusable) = (any(&["T12"]), any(&["T23"]));
        if let Some(split) = trace.taken_by() {
            self.taken(snapshot, split, failed, unusable);
            self.note(match query.traffic {
                Traffic::Http(_) => "a split takes a request",
                Traffic::Tcp | Traffic::Udp => "a split takes a connection",
            });
        } else if any(&["T13"]) {
            let inert = any(&["T6", "T10", "T31", "T40"]);
            self.note_if(failed, "root after a match failed");
            self.note_if(inert && !failed, "root after all was inert");
            let passed_over = ["T6", "T10", "T12", "T19", "T23", "T29", "T31", "T40"];
            self.note_if(!any(&passed_over), "root, not split");
            self.note_if(any(&["T29"]), "T29 conflict, and the winner takes nothing");
        }
        let Traffic::Udp = query.traffic else { return };
        let tcp = RoutingQuery {
            traffic: Traffic::Tcp,
            ..query.clone()
        };
        let (beside, _) = route(snapshot, settings, &tcp);
        let nowhere = Distribution::all_to(Endpoint::Nowhere);
        let both = [&beside, routing].iter().all(|routing| !routing.allows(&nowhere));
        self.note_if(both && beside != *routing, "UDP on the number of a split TCP port");
    }

    fn taken(&mut self, snapshot: &Snapshot, split: &ObjectRef, failed: bool, unusable: bool) {
        let mut splits = snapshot.splits();
        let Some((_, split)) = splits.find(|(key, _)| **key == split.key) else {
            return;
        };
        let Some(spec) = &split.spec else { return };
        if spec.matches.is_empty() {
            self.note("split taken by default");
            self.note_if(failed, "default after a match failed");
            self.note_if(unusable, "default after T23");
        } else {
            self.note("split taken by a match");
            self.note_if(failed, "match after one failed");
        }
        self.note_if(spec.service.contains('.'), "T3 a qualified root takes");
        self.note(match split.version {
            Version::V1Alpha1 => "split of v1alpha1 takes",
            Version::V1Alpha2 => "split of v1alpha2 takes",
            Version::V1Alpha3 => "split of v1alpha3 takes",
            Version::V1Alpha4 => "split of v1alpha4 takes",
        });
    }

    /// Counts whether a near miss is decided like the request from which it differs.
    pub fn beside(&mut self, how: Beside, on: &Routing, beside: &Routing) {
        let name = match how {
            Beside::Path(Near::Append("?q=1" | "#f")) => "path with a query",
            Beside::Path(Near::Append(_)) => "path with something behind it",
            Beside::Path(Near::Prepend(_)) => "path with something before it",
            Beside::Path(Near::Case) => "path in another case",
            Beside::Path(Near::Escape) => "path with an escape",
            Beside::Path(Near::Drop | Near::Duplicate) => "path cut or doubled",
            Beside::Method => "other method",
            Beside::Value(_) => "header near miss",
            Beside::Absent => "header absent",
            Beside::Emptied => "header empty",
            Beside::Repeated => "header repeated",
            Beside::NameCase => "header name in another case",
        };
        let outcome = if on == beside { "alike" } else { "otherwise" };
        self.note(&format!("{name}: decided {outcome}"));
    }

    /// Counts whether the other path anchor or the other header anchor would decide otherwise.
    pub fn anchors(&mut self, snapshot: &Snapshot, settings: &Settings, query: &RoutingQuery, routing: &Routing) {
        let mut other = settings.clone();
        let (path, other_path) = match settings.path_anchor {
            PathAnchor::Full => ("full path anchor decides", PathAnchor::Start),
            PathAnchor::Start => ("start path anchor decides", PathAnchor::Full),
        };
        other.path_anchor = other_path;
        self.note_if(route(snapshot, &other, query).0 != *routing, path);
        let mut other = settings.clone();
        let (header, other_header) = match settings.header_anchor {
            HeaderAnchor::Full => ("full header anchor decides", HeaderAnchor::Search),
            HeaderAnchor::Search => ("search header anchor decides", HeaderAnchor::Full),
        };
        other.header_anchor = other_header;
        self.note_if(route(snapshot, &other, query).0 != *routing, header);
    }
}

/// Returns the class of one step, by the rule that decided it.
fn class(step: &Step) -> Option<&'static str> {
    let on = |kind| step.object.kind == kind;
    Some(match step.rule {
        "I1" if on(Kind::TrafficSplit) => "I1 a duplicate split",
        "I3" if on(Kind::TrafficSplit) => "I3 an undecodable split",
        "I3" => "nowhere: no such Service",
        "I6" => "I6 headers lost",
        "I8" => "I8 an unknown field",
        "S4" => "S4 path refused",
        "S6" => "S6 not portable",
        "S8" => "S8 method refused",
        "S11" => "S11 no name of a header",
        "S12" => "S12 value of a header refused",
        "S15" => "S15 a match is fulfilled",
        "S18" => "S18 a header is absent",
        "S21" => "S21 a group without matches",
        "T2" => "T2 out of scope",
        "T3" => "T3 another namespace or host",
        "T6" => "T6 an unreadable weight",
        "T9" => "T9 a weight of zero",
        "T10" => "T10 all weights are zero",
        "T16" => "T16 another apiGroup",
        "T17" if on(Kind::HttpRouteGroup) => "T17 no such group",
        "T17" => "T17 another kind",
        "T19" => "T19 no HTTP, and the split has matches",
        "T20" => "T20 a backend without the port",
        "T21" if matches!(step.outcome, Outcome::Nowhere { .. }) => "nowhere: no such port",
        "T23" => "T23 no usable backend",
        "T25" if matches!(step.outcome, Outcome::Absent { .. }) => "T25 a backend is absent",
        "T25" => "T25 the root stands in",
        "T28" => "T28 the root is its own backend",
        "T29" if matches!(step.outcome, Outcome::Preceded { .. }) => "T29 conflict",
        "T31" => "T31 no backends",
        "T40" => "T40 the root is unusable",
        _ => return None,
    })
}
