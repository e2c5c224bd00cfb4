//! Edits of SMI manifests by their authors, and foreign edits of native objects.

mod native;
mod parts;
mod watched;

pub(super) use native::{disturb, tamper};
pub(super) use watched::{Event, Watched};

use super::dice::Dice;
use serde_json::{Value, json};

/// Returns `true` if a document has this kind.
pub(super) fn is(document: &Value, kind: &str) -> bool {
    document.get("kind").and_then(Value::as_str) == Some(kind)
}

/// Returns the indices of the documents of this kind.
pub(super) fn places(documents: &[Value], kind: &str) -> Vec<usize> {
    documents
        .iter()
        .enumerate()
        .filter(|(_, document)| is(document, kind))
        .map(|(place, _)| place)
        .collect()
}

/// An edit of one SMI object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// A change of a weight above 0 to another one above 0.
    Weight,
    /// A change of a pattern.
    Regex,
    /// The removal of a match.
    Match,
    /// A change of the creation time of a split.
    Age,
    /// The deletion of a split.
    Split,
    /// The deletion of a route group.
    Group,
    /// The deletion of a traffic target.
    Target,
    /// The removal of a source of a traffic target.
    Source,
    /// A change of a rule of a traffic target.
    Rule,
    /// The deletion of a TCP route, a UDP route or an identity binding.
    Referred,
}

impl Edit {
    /// Every edit.
    pub(super) const ALL: [Self; 10] = [
        Self::Weight,
        Self::Regex,
        Self::Match,
        Self::Age,
        Self::Split,
        Self::Group,
        Self::Target,
        Self::Source,
        Self::Rule,
        Self::Referred,
    ];

    /// The edits that can change access.
    pub(super) const OF_ACCESS: [Self; 7] = [
        Self::Regex,
        Self::Match,
        Self::Group,
        Self::Target,
        Self::Source,
        Self::Rule,
        Self::Referred,
    ];

    /// Returns the class of the edit in a report.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Weight => "edit: a weight",
            Self::Regex => "edit: a pattern",
            Self::Match => "edit: a match goes",
            Self::Age => "edit: the age of a split",
            Self::Split => "edit: a split goes",
            Self::Group => "edit: a route group goes",
            Self::Target => "edit: a target goes",
            Self::Source => "edit: a source goes",
            Self::Rule => "edit: a rule changes",
            Self::Referred => "edit: a route or binding goes",
        }
    }

    /// Makes the edit, if there is something to edit, and returns the documents after it and the edited object.
    pub(super) fn of(self, documents: &[Value], dice: &mut Dice) -> Option<(Vec<Value>, Value)> {
        let kinds: &[&str] = match self {
            Self::Weight | Self::Age | Self::Split => &["TrafficSplit"],
            Self::Regex | Self::Match | Self::Group => &["HTTPRouteGroup"],
            Self::Target | Self::Source | Self::Rule => &["TrafficTarget"],
            Self::Referred => &["TCPRoute", "UDPRoute", "IdentityBinding"],
        };
        let mut after = documents.to_vec();
        let candidates: Vec<usize> = kinds.iter().flat_map(|kind| places(documents, kind)).collect();
        let place = *dice.pick(&candidates)?;
        let before = documents.get(place)?.clone();
        if matches!(self, Self::Split | Self::Group | Self::Target | Self::Referred) {
            after.remove(place);
            return Some((after, before));
        }
        let document = after.get_mut(place)?;
        match self {
            Self::Weight => weight(document, dice)?,
            Self::Regex => {
                let matches = matches_of(document)?;
                let at = dice.below(matches.len());
                let fields = matches.get_mut(at)?.as_object_mut()?;
                let pattern = dice.text(&["/other", "/api/.*", "/a|/ab", "/[0-9]+/x"]);
                fields.insert("pathRegex".into(), json!(pattern));
            }
            Self::Match => {
                let matches = matches_of(document)?;
                if matches.is_empty() {
                    return None;
                }
                matches.remove(dice.below(matches.len()));
            }
            Self::Age => {
                let age = dice.text(&["2019-01-01T00:00:00Z", "2022-01-01T00:00:00Z"]);
                let metadata = document.get_mut("metadata")?.as_object_mut()?;
                metadata.insert("creationTimestamp".into(), json!(age));
            }
            Self::Source => {
                let sources = list(document, &["/spec/sources", "/sources"])?;
                if sources.is_empty() {
                    return None;
                }
                sources.remove(dice.below(sources.len()));
            }
            Self::Rule => {
                let rules = list(document, &["/spec/rules", "/specs"])?;
                let at = dice.below(rules.len());
                let other = [
                    json!({"kind": "TCPRoute", "name": "tcp-1"}),
                    json!({"kind": "HTTPRouteGroup", "name": "group-1"}),
                    json!({"kind": "HTTPRouteGroup", "name": "group-0", "matches": ["two"]}),
                ];
                *rules.get_mut(at)? = dice.pick(&other)?.clone();
            }
            Self::Split | Self::Group | Self::Target | Self::Referred => return None,
        }
        (after != documents).then_some((after, before))
    }
}

/// Changes a weight that is a whole number above 0 to another such number.
fn weight(split: &mut Value, dice: &mut Dice) -> Option<()> {
    let backends = split.pointer_mut("/spec/backends")?.as_array_mut()?;
    let weights = backends.iter_mut().filter_map(|backend| backend.get_mut("weight"));
    let above_zero = |weight: &&mut Value| weight.as_i64().is_some_and(|weight| weight > 0);
    let mut weights: Vec<&mut Value> = weights.filter(above_zero).collect();
    let at = dice.below(weights.len());
    let weight = weights.get_mut(at)?;
    **weight = if **weight == json!(7) { json!(13) } else { json!(7) };
    Some(())
}

/// Returns the first of several lists that exists.
fn list<'d>(document: &'d mut Value, pointers: &[&str]) -> Option<&'d mut Vec<Value>> {
    let pointer = pointers
        .iter()
        .find(|pointer| document.pointer(pointer).is_some_and(Value::is_array))?;
    document.pointer_mut(pointer)?.as_array_mut()
}

/// Returns the matches of a route group, wherever its version keeps them.
pub(super) fn matches_of(group: &mut Value) -> Option<&mut Vec<Value>> {
    let pointer = if group.get("matches").is_some() {
        "/matches"
    } else {
        "/spec/matches"
    };
    group.pointer_mut(pointer)?.as_array_mut()
}
