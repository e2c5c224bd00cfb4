//! Profiles: the uses of an adapter, with the laws that each one rests on.

use super::in_words;
use crate::laws::Law;
use crate::{Cases, Report, State, Violation};
use serde::{Deserialize, Serialize};
use smi_adapter::adapter::{Feature, Support};
use std::collections::BTreeMap;

/// One use of an adapter, with its result.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Profile {
    state: State,
    /// The degree of support that the adapter declares for the features of the profile.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    features: BTreeMap<String, String>,
    /// The laws of the profile that do not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Law>,
    /// The classes that happened too rarely in the laws of the profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unverified: Vec<String>,
}

impl Profile {
    pub(super) const fn state(&self) -> State {
        self.state
    }

    pub(super) const fn features(&self) -> &BTreeMap<String, String> {
        &self.features
    }
}

/// The definition of a profile.
struct Parts {
    name: &'static str,
    features: &'static [Feature],
    laws: &'static [Law],
    /// The classes that must have happened in one of the laws.
    classes: &'static [&'static str],
}

const ROUTING: &[Law] = &[Law::Faithful, Law::SplitExact, Law::Fallback];
const ACCESS: &[Law] = &[
    Law::NeverWidens,
    Law::Enforces,
    Law::Grants,
    Law::SafeTransition,
    Law::Undisturbed,
    Law::Monotone,
];

const ALL: [Parts; 6] = [
    Parts {
        name: "ROUTE-HTTP",
        features: &[Feature::HttpSplit],
        laws: ROUTING,
        classes: &[
            "a split takes a request",
            "shares: two",
            "T9 a weight of zero",
            "T20 a backend without the port",
            "T25 the root stands in",
            "root, not split",
        ],
    },
    Parts {
        name: "ROUTE-TCP",
        features: &[Feature::TcpSplit],
        laws: ROUTING,
        classes: &["a split takes a connection", "T19 no HTTP, and the split has matches"],
    },
    Parts {
        name: "ROUTE-MATCHES",
        features: &[Feature::ConditionalSplit],
        laws: ROUTING,
        classes: &[
            "split taken by a match",
            "match after one failed",
            "default after a match failed",
            "root after a match failed",
            "S4 path refused",
            "S8 method refused",
            "S12 value of a header refused",
            "S18 a header is absent",
        ],
    },
    Parts {
        name: "ACCESS-L4",
        features: &[Feature::DenyByDefault, Feature::TcpAccess, Feature::UdpAccess],
        laws: ACCESS,
        classes: &[
            "allowed: TCP",
            "denied: TCP",
            "denied: by source",
            "denied: by default",
            "allowed: not enforced",
        ],
    },
    Parts {
        name: "ACCESS-L7",
        features: &[Feature::HttpAccess],
        laws: ACCESS,
        classes: &["allowed: HTTP", "denied: HTTP", "denied: by route or port"],
    },
    Parts {
        name: "LIFECYCLE",
        features: &[],
        laws: &[],
        classes: &[],
    },
];

/// Returns the profiles of an adapter.
pub(super) fn all(
    support: &[(Feature, Support)],
    outcomes: &BTreeMap<Law, Result<Report, Box<Violation>>>,
    cases: Cases,
) -> BTreeMap<String, Profile> {
    ALL.iter()
        .map(|parts| (parts.name.to_owned(), parts.profile(support, outcomes, cases)))
        .collect()
}

impl Parts {
    fn profile(
        &self,
        support: &[(Feature, Support)],
        outcomes: &BTreeMap<Law, Result<Report, Box<Violation>>>,
        cases: Cases,
    ) -> Profile {
        // A profile without laws of its own rests on all laws that no other profile has: those about objects as such.
        let of_others = |law: &&Law| ROUTING.contains(law) || ACCESS.contains(law) || **law == Law::Sound;
        let rest = || Law::ALL.iter().filter(|law| !of_others(law));
        let own: Vec<Law> = if self.laws.is_empty() {
            rest().copied().collect()
        } else {
            self.laws.to_vec()
        };
        let outcomes = || own.iter().filter_map(|law| Some((*law, outcomes.get(law)?)));
        let failed: Vec<Law> = outcomes().filter(|(_, it)| it.is_err()).map(|(law, _)| law).collect();
        let reports = || outcomes().filter_map(|(_, it)| it.as_ref().ok());
        let features = support.iter().filter(|(feature, _)| self.features.contains(feature));
        let none = |(_, support): &(Feature, Support)| matches!(support, Support::None(_));
        let unsupported = !self.features.is_empty() && features.clone().all(none);
        let rare = |class: &&&str| !reports().any(|report| report.classes.count(class) >= cases.least());
        let mut unverified: Vec<&'static str> = self.classes.iter().filter(rare).copied().collect();
        if self.laws.is_empty() {
            unverified = reports().flat_map(|report| report.unverified.clone()).collect();
        }
        let state = if !failed.is_empty() {
            State::Failed
        } else if unsupported {
            State::Unsupported
        } else if unverified.is_empty() {
            State::Passed
        } else {
            State::Unverified
        };
        if unsupported {
            unverified.clear();
        }
        Profile {
            state,
            features: features
                .map(|(feature, it)| (format!("{feature:?}"), in_words(it)))
                .collect(),
            failed,
            unverified: owned(&unverified),
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
