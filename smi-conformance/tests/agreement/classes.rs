//! The coverage classes that a run must reach.

use smi_adapter::diagnostic::Code;
use smi_conformance::Coverage;

use super::laws::Seen;

/// Every class that a run must reach.
const CLASSES: &[&str] = &[
    "worlds",
    "world of one namespace",
    "world of two namespaces",
    "world with splits and without diagnostics",
    "queries",
    "split taken by a match",
    "split taken by default",
    "default after a match failed",
    "default after T23",
    "match after one failed",
    "root, not split",
    "root after a match failed",
    "root after all was inert",
    "shares: one",
    "shares: two",
    "shares: three or more",
    "nowhere: no such Service",
    "nowhere: no such port",
    "UDP on the number of a split TCP port",
    "I1 a duplicate split",
    "I3 an undecodable split",
    "I6 headers lost",
    "S4 path refused",
    "S6 not portable",
    "S8 method refused",
    "S11 no name of a header",
    "S12 value of a header refused",
    "S15 a match is fulfilled",
    "S18 a header is absent",
    "S21 a group without matches",
    "T2 out of scope",
    "T3 another namespace or host",
    "T3 a qualified root takes",
    "T6 an unreadable weight",
    "T9 a weight of zero",
    "T10 all weights are zero",
    "T16 another apiGroup",
    "T17 no such group",
    "T17 another kind",
    "T19 no HTTP, and the split has matches",
    "T20 a backend without the port",
    "T23 no usable backend",
    "T25 a backend is absent",
    "T25 the root stands in",
    "T28 the root is its own backend",
    "T29 conflict",
    "T29 conflict, and the winner takes nothing",
    "T31 no backends",
    "T40 the root is unusable",
    "Either S5",
    "Either S17",
    "full path anchor decides",
    "start path anchor decides",
    "full header anchor decides",
    "search header anchor decides",
    "path with a query: decided alike",
    "path with something behind it: decided alike",
    "path with something behind it: decided otherwise",
    "path with something before it: decided otherwise",
    "path in another case: decided alike",
    "path in another case: decided otherwise",
    "path with an escape: decided otherwise",
    "path cut or doubled: decided alike",
    "path cut or doubled: decided otherwise",
    "other method: decided alike",
    "other method: decided otherwise",
    "header near miss: decided alike",
    "header near miss: decided otherwise",
    "header absent: decided otherwise",
    "header empty: decided otherwise",
    "header repeated: decided alike",
    "header repeated: decided otherwise",
    "header name in another case: decided alike",
    "split of v1alpha1 takes",
    "split of v1alpha2 takes",
    "split of v1alpha3 takes",
    "split of v1alpha4 takes",
];

/// The codes that `resolve` can report, as opposed to those that only adapters report.
pub const CODES: [Code; 26] = [
    Code::AllWeightsZero,
    Code::AppProtocolDiffers,
    Code::BackendMissing,
    Code::Conflict,
    Code::DuplicateBackend,
    Code::DuplicateMatch,
    Code::DuplicateObject,
    Code::FractionalWeight,
    Code::HeadersLost,
    Code::Invalid,
    Code::MatchesEverything,
    Code::NestedSplit,
    Code::NoUsableBackend,
    Code::NotPortable,
    Code::PathAnchorDiffers,
    Code::PortMismatch,
    Code::RootNamespace,
    Code::RootUnusable,
    Code::SelfReference,
    Code::Undecodable,
    Code::UnknownField,
    Code::UnknownMethod,
    Code::Unmatchable,
    Code::Unreferenced,
    Code::UnresolvedRef,
    Code::WeightMissing,
];

/// Returns every class that a run must reach.
pub fn all() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().copied().chain(CODES.iter().map(|code| code.as_str()))
}

/// Counts the classes of a world.
pub fn world(coverage: &mut Coverage, seen: &Seen<'_>) {
    coverage.note("worlds");
    let (splits, groups) = (seen.world.splits.iter(), seen.world.groups.iter());
    let mut namespaces = splits
        .map(|split| split.namespace)
        .chain(groups.map(|group| group.namespace));
    coverage.note(if namespaces.any(|namespace| namespace != "ns-a") {
        "world of two namespaces"
    } else {
        "world of one namespace"
    });
    let diagnostics = &seen.resolution.diagnostics;
    let clean = diagnostics.is_empty() && !seen.world.splits.is_empty();
    coverage.note_if(clean, "world with splits and without diagnostics");
    for code in CODES {
        let reported = diagnostics.iter().any(|diagnostic| diagnostic.code == code);
        coverage.note_if(reported, code.as_str());
    }
}
