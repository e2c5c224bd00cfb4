//! Whether a request fulfils a match of a route group.

use super::trace::Reason;
use crate::query::Request;
use crate::settings::{HeaderAnchor, PathAnchor, Settings};
use regex::Regex;
use smi_types::regex::Portable;
use smi_types::specs::HTTPMatch;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A request under one reading.
pub(super) struct Seen<'a> {
    pub(super) request: &'a Request,
    /// The path under this reading, without query (S5).
    pub(super) path: &'a str,
    /// What several lines of one header are (S17).
    pub(super) lines: Lines,
    /// The patterns so far: one request may be seen in hundreds of forms.
    pub(super) compiled: &'a Compiled,
}

/// Regular expressions by their text, each compiled once.
#[derive(Default)]
pub(super) struct Compiled(RefCell<BTreeMap<String, Result<Regex, String>>>);

/// S17: the two readings of a header that comes in several lines.
#[derive(Clone, Copy)]
pub(super) enum Lines {
    /// Each line is a value, and any may match.
    Single,
    /// The lines joined by `,` are one value.
    Joined,
}

/// S17: the readings that can differ for these header lines.
pub(super) fn line_readings(headers: &[(String, String)]) -> Vec<Lines> {
    let repeated =
        |(name, _): &(String, String)| headers.iter().filter(|(other, _)| same_name(name, other)).count() > 1;
    if headers.iter().any(repeated) {
        vec![Lines::Single, Lines::Joined]
    } else {
        vec![Lines::Single]
    }
}

/// S13, S14: a request fulfils a match if it fulfils all that the match says.
pub(super) fn fulfils(matching: &HTTPMatch, seen: &Seen<'_>, settings: &Settings) -> Result<(), Reason> {
    nothing_lost(matching)?;
    path(matching, seen, settings.path_anchor)?;
    method(matching, seen)?;
    headers(matching, seen, settings.header_anchor)
}

/// I6, S6, S11: a match of which something cannot be understood matches nothing, whatever else it says.
fn nothing_lost(matching: &HTTPMatch) -> Result<(), Reason> {
    if matching.headers.lost {
        return Err(Reason::new("I6", "it matches nothing: a header filter of it was lost"));
    }
    portable(&matching.path_regex)?;
    for (name, value) in &matching.headers.filters {
        if !is_token(name) {
            let why = format!("it matches nothing: `{name}` is not a valid header name");
            return Err(Reason::new("S11", why));
        }
        portable(value)?;
    }
    Ok(())
}

/// S4, S5, S7: the path is matched from its beginning, by default to its end. An empty pattern is none (S13).
fn path(matching: &HTTPMatch, seen: &Seen<'_>, anchor: PathAnchor) -> Result<(), Reason> {
    let pattern = &matching.path_regex;
    if pattern.is_empty() {
        return Ok(());
    }
    let portable = portable(pattern)?;
    let regex = match anchor {
        PathAnchor::Full => seen.compiled.get(&format!("^(?:{})$", portable.ascii()))?,
        PathAnchor::Start => seen.compiled.get(&format!("^(?:{})", portable.ascii()))?,
    };
    if regex.is_match(seen.path) {
        return Ok(());
    }
    let why = match anchor {
        PathAnchor::Full => format!("the path `{}` does not match `{pattern}` as a whole", seen.path),
        PathAnchor::Start => format!("no beginning of the path `{}` matches `{pattern}`", seen.path),
    };
    Err(Reason::new("S4", why))
}

/// S8: the method is one of those listed; `*` and an empty list are all of them (S13).
fn method(matching: &HTTPMatch, seen: &Seen<'_>) -> Result<(), Reason> {
    let (listed, method) = (&matching.methods, &seen.request.method);
    if listed.is_empty() || listed.iter().any(|one| one == "*" || one == method) {
        return Ok(());
    }
    let why = format!("the method `{method}` is not one of `{}`", listed.join("`, `"));
    Err(Reason::new("S8", why))
}

/// S14, S19: every header filter holds, also where several have one name.
fn headers(matching: &HTTPMatch, seen: &Seen<'_>, anchor: HeaderAnchor) -> Result<(), Reason> {
    let filters = &matching.headers.filters;
    filters
        .iter()
        .try_for_each(|(name, pattern)| header(name, pattern, seen, anchor))
}

/// S12: the value of a header matches, by default as a whole. A header that is absent does not match (S18).
fn header(name: &str, pattern: &str, seen: &Seen<'_>, anchor: HeaderAnchor) -> Result<(), Reason> {
    let portable = portable(pattern)?;
    let regex = match anchor {
        HeaderAnchor::Full => seen.compiled.get(&format!("^(?:{})$", portable.ascii()))?,
        HeaderAnchor::Search => seen.compiled.get(portable.ascii())?,
    };
    let values = values(name, seen);
    if values.is_empty() {
        return Err(Reason::new("S18", format!("there is no header `{name}`")));
    }
    if values.iter().any(|value| regex.is_match(value)) {
        return Ok(());
    }
    let values = values.join("`, `");
    let why = match anchor {
        HeaderAnchor::Full => format!("the header `{name}` is `{values}`, which does not match `{pattern}` as a whole"),
        HeaderAnchor::Search => format!("the header `{name}` is `{values}`, in which `{pattern}` is not found"),
    };
    Err(Reason::new("S12", why))
}

/// S16, S17: the values of a header, under the reading of repeated lines.
fn values(name: &str, seen: &Seen<'_>) -> Vec<String> {
    let lines = seen.request.headers.iter();
    let values: Vec<String> = lines
        .filter(|(line, _)| same_name(line, name))
        .map(|(_, value)| value.clone())
        .collect();
    match seen.lines {
        Lines::Joined if !values.is_empty() => vec![values.join(",")],
        Lines::Single | Lines::Joined => values,
    }
}

/// S16: names of headers do not differ by the case of ASCII letters.
fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// S11: whether this can be the name of a header: a token of HTTP (RFC 9110 section 5.6.2).
fn is_token(name: &str) -> bool {
    let in_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(in_token)
}

/// S6: only what is in the portable dialect is understood.
fn portable(pattern: &str) -> Result<Portable, Reason> {
    Portable::parse(pattern).map_err(|error| {
        Reason::new(
            "S6",
            format!("it matches nothing: `{pattern}` is not understood: {error}"),
        )
    })
}

impl Compiled {
    /// S6: whatever is in the dialect is accepted by the engine.
    fn get(&self, pattern: &str) -> Result<Regex, Reason> {
        let mut compiled = self.0.borrow_mut();
        let regex = compiled
            .entry(pattern.to_owned())
            .or_insert_with(|| Regex::new(pattern).map_err(|error| error.to_string()));
        regex.clone().map_err(|error| {
            let why = format!("it matches nothing: `{pattern}` is not understood: {error}");
            Reason::new("S6", why)
        })
    }
}
