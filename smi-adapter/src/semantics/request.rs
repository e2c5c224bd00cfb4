//! Requests: the conditions under which a request fulfils a match of a route group.

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
    /// The reading of repeated lines of one header (S17).
    pub(super) lines: Lines,
    /// The patterns compiled so far. One request may have hundreds of readings.
    pub(super) compiled: &'a Compiled,
}

/// Compiled regular expressions by their text.
#[derive(Default)]
pub(super) struct Compiled(RefCell<BTreeMap<String, Result<Regex, String>>>);

/// The two readings of a header with several lines (S17).
#[derive(Clone, Copy)]
pub(super) enum Lines {
    /// Each line is a separate value, and any of them may match.
    Single,
    /// The lines, joined with `,`, are one value.
    Joined,
}

/// Returns the readings that can differ for these header lines (S17).
pub(super) fn line_readings(headers: &[(String, String)]) -> Vec<Lines> {
    let repeated =
        |(name, _): &(String, String)| headers.iter().filter(|(other, _)| same_name(name, other)).count() > 1;
    if headers.iter().any(repeated) {
        vec![Lines::Single, Lines::Joined]
    } else {
        vec![Lines::Single]
    }
}

/// Returns `Ok` if a request fulfils all conditions of a match (S13, S14).
pub(super) fn fulfils(matching: &HTTPMatch, seen: &Seen<'_>, settings: &Settings) -> Result<(), Reason> {
    nothing_lost(matching)?;
    path(matching, seen, settings.path_anchor)?;
    method(matching, seen)?;
    headers(matching, seen, settings.header_anchor)
}

/// Returns `Ok` if every part of a match can be interpreted; otherwise the match matches nothing (I6, S6, S11).
fn nothing_lost(matching: &HTTPMatch) -> Result<(), Reason> {
    if matching.headers.lost {
        return Err(Reason::new(
            "I6",
            "a header filter was lost, so the match matches nothing",
        ));
    }
    portable(&matching.path_regex)?;
    for (name, value) in &matching.headers.filters {
        if !is_token(name) {
            let why = format!("`{name}` is not a valid header name, so the match matches nothing");
            return Err(Reason::new("S11", why));
        }
        portable(value)?;
    }
    Ok(())
}

/// Returns `Ok` if the pattern matches the path from its beginning and, by default, to its end (S4, S5, S7). An empty
/// pattern matches any path (S13).
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
        PathAnchor::Start => format!("no prefix of the path `{}` matches `{pattern}`", seen.path),
    };
    Err(Reason::new("S4", why))
}

/// Returns `Ok` if the list contains the method (S8). `*` and an empty list stand for all methods (S13).
fn method(matching: &HTTPMatch, seen: &Seen<'_>) -> Result<(), Reason> {
    let (listed, method) = (&matching.methods, &seen.request.method);
    if listed.is_empty() || listed.iter().any(|one| one == "*" || one == method) {
        return Ok(());
    }
    let why = format!("the method `{method}` is not one of `{}`", listed.join("`, `"));
    Err(Reason::new("S8", why))
}

/// Returns `Ok` if every header filter holds, even if several have the same name (S14, S19).
fn headers(matching: &HTTPMatch, seen: &Seen<'_>, anchor: HeaderAnchor) -> Result<(), Reason> {
    let filters = &matching.headers.filters;
    filters
        .iter()
        .try_for_each(|(name, pattern)| header(name, pattern, seen, anchor))
}

/// Returns `Ok` if the value of a header matches, by default as a whole (S12). An absent header does not match (S18).
fn header(name: &str, pattern: &str, seen: &Seen<'_>, anchor: HeaderAnchor) -> Result<(), Reason> {
    let portable = portable(pattern)?;
    let regex = match anchor {
        HeaderAnchor::Full => seen.compiled.get(&format!("^(?:{})$", portable.ascii()))?,
        HeaderAnchor::Search => seen.compiled.get(portable.ascii())?,
    };
    let values = values(name, seen);
    if values.is_empty() {
        return Err(Reason::new("S18", format!("the request has no header `{name}`")));
    }
    if values.iter().any(|value| regex.is_match(value)) {
        return Ok(());
    }
    let values = values.join("`, `");
    let why = match anchor {
        HeaderAnchor::Full => format!("the header `{name}` is `{values}`, which does not match `{pattern}` as a whole"),
        HeaderAnchor::Search => {
            format!("the header `{name}` is `{values}`, which does not contain a match of `{pattern}`")
        }
    };
    Err(Reason::new("S12", why))
}

/// Returns the values of a header, under the given reading of repeated lines (S16, S17).
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

/// Returns `true` if two header names are equal, ignoring the case of ASCII letters (S16).
fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Returns `true` if this is a valid header name: a token of HTTP (S11, RFC 9110 section 5.6.2).
fn is_token(name: &str) -> bool {
    let in_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(in_token)
}

/// Parses a pattern in the portable dialect; no other is accepted (S6).
fn portable(pattern: &str) -> Result<Portable, Reason> {
    Portable::parse(pattern)
        .map_err(|error| Reason::new("S6", format!("`{pattern}` is {error}; the match matches nothing")))
}

impl Compiled {
    /// Returns the compiled pattern. The engine accepts every pattern of the portable dialect (S6).
    fn get(&self, pattern: &str) -> Result<Regex, Reason> {
        let mut compiled = self.0.borrow_mut();
        let regex = compiled
            .entry(pattern.to_owned())
            .or_insert_with(|| Regex::new(pattern).map_err(|error| error.to_string()));
        regex.clone().map_err(|error| {
            let why = format!("`{pattern}` cannot be compiled ({error}), so the match matches nothing");
            Reason::new("S6", why)
        })
    }
}
