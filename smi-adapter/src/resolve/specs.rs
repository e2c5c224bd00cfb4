//! Route groups: which requests their matches take.

use super::Report;
use crate::diagnostic::Code;
use crate::model::route::{Conditional, HeaderMatch, HttpMatch, PortRoute};
use crate::model::{Model, ServiceRoute};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::pattern::{Anchor, Pattern};
use crate::settings::{HeaderAnchor, PathAnchor, Settings};
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use smi_types::specs::{HTTPMatch, HTTPRouteGroup, METHODS};
use smi_types::validate::is_http_token;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The usable matches of every route group.
pub(super) type Groups = BTreeMap<ObjectKey, Vec<Arc<HttpMatch>>>;

pub(super) fn groups(snapshot: &Snapshot, settings: &Settings, report: &mut Report) -> Groups {
    snapshot
        .groups()
        .filter(|(key, _)| settings.scope.contains(&key.namespace))
        .map(|(key, group)| (key.clone(), matches(key, group, settings, report)))
        .collect()
}

/// The groups that splits in force refer to.
pub(super) fn used_by_splits(model: &Model) -> BTreeSet<ObjectRef> {
    let ports = model.routes().flat_map(ServiceRoute::ports);
    let matches = ports.flat_map(PortRoute::conditional).flat_map(Conditional::matches);
    matches.map(|matching| matching.group().clone()).collect()
}

/// Routes, groups and identity bindings that nothing in force uses (S9, I4).
pub(super) fn unreferenced(snapshot: &Snapshot, settings: &Settings, used: &BTreeSet<ObjectRef>, report: &mut Report) {
    for object in referable(snapshot, settings).filter(|object| !used.contains(object)) {
        let message = "no split in force and no traffic target uses it, so it has no effect";
        report.add(Code::Unreferenced, &object, FieldPath::root(), message);
    }
}

/// The objects of the scope that mean something only where others refer to them.
pub(crate) fn referable(snapshot: &Snapshot, settings: &Settings) -> impl Iterator<Item = ObjectRef> {
    let groups = snapshot.groups().map(|(key, _)| (Kind::HTTP_ROUTE_GROUP, key));
    let tcp = snapshot.tcp_routes().map(|(key, _)| (Kind::TCP_ROUTE, key));
    let udp = snapshot.udp_routes().map(|(key, _)| (Kind::UDP_ROUTE, key));
    let bindings = snapshot.bindings().map(|(key, _)| (Kind::IDENTITY_BINDING, key));
    let all = groups.chain(tcp).chain(udp).chain(bindings);
    let in_scope = all.filter(|(_, key)| settings.scope.contains(&key.namespace));
    in_scope.map(|(kind, key)| ObjectRef::new(kind, key.clone()))
}

fn matches(key: &ObjectKey, group: &HTTPRouteGroup, settings: &Settings, report: &mut Report) -> Vec<Arc<HttpMatch>> {
    let object = ObjectRef::group(key.clone());
    let list = group.matches_path();
    if group.matches().is_empty() {
        // S21, I7
        let message = "the group has no matches, so no request fulfils it";
        report.add(Code::Invalid, &object, list.clone(), message);
    }
    let mut names = BTreeSet::new();
    let mut usable = Vec::new();
    for (index, matching) in group.matches().iter().enumerate() {
        let field = list.clone().index(index);
        if !matching.name.is_empty() && !names.insert(&matching.name) {
            // S2
            let message = format!("another match is named `{}`; either may be fulfilled", matching.name);
            report.add(Code::DuplicateMatch, &object, field.clone().field("name"), message);
        }
        let mut reader = Reader {
            object: &object,
            field,
            settings,
            report,
        };
        usable.extend(reader.read(matching).map(Arc::new));
    }
    usable
}

/// A part of a match that makes it take no request. It has been reported.
struct Faulty;

/// Reads one match. Whatever is wrong with it is reported, all of it, and makes it take no request.
struct Reader<'a> {
    object: &'a ObjectRef,
    field: FieldPath,
    settings: &'a Settings,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn read(&mut self, matching: &HTTPMatch) -> Option<HttpMatch> {
        let path = self.path(&matching.path_regex);
        let methods = self.methods(&matching.methods);
        let headers = self.headers(matching);
        let (Ok(path), Ok(methods), Ok(headers)) = (path, methods, headers) else {
            return None;
        };
        let read = HttpMatch {
            group: self.object.clone(),
            field: self.field.clone(),
            name: matching.name.clone(),
            path,
            methods,
            headers,
        };
        if read.path.is_none() && read.methods.is_none() && read.headers.is_empty() {
            // S20
            let message = "the match has neither path, methods nor headers, so it takes every request";
            self.say(Code::MatchesEverything, self.field.clone(), message);
        }
        Some(read)
    }

    fn say(&mut self, code: Code, field: FieldPath, message: impl Into<String>) {
        self.report.add(code, self.object, field, message);
    }

    fn pattern(&mut self, regex: &str, anchor: Anchor, field: FieldPath) -> Result<Pattern, Faulty> {
        // S6
        Pattern::new(regex, anchor).map_err(|error| {
            self.say(Code::NotPortable, field, format!("{error}; the match takes no request"));
            Faulty
        })
    }

    /// `None` is any path (S13).
    fn path(&mut self, regex: &str) -> Result<Option<Pattern>, Faulty> {
        if regex.is_empty() {
            return Ok(None);
        }
        let field = self.field.clone().field("pathRegex");
        let anchor = match self.settings.path_anchor {
            PathAnchor::Full => Anchor::Full,
            PathAnchor::Start => Anchor::Start,
        };
        let pattern = self.pattern(regex, anchor, field.clone())?;
        if !pattern.takes_any_suffix() {
            // S4
            let message = match self.settings.path_anchor {
                PathAnchor::Full => "the whole path must match; other implementations may take longer paths as well",
                PathAnchor::Start => "a beginning of the path matches; other implementations need the whole path to",
            };
            self.say(Code::PathAnchorDiffers, field, message);
        }
        Ok(Some(pattern))
    }

    /// `None` is any method (S8, S13).
    fn methods(&mut self, methods: &[String]) -> Result<Option<BTreeSet<String>>, Faulty> {
        if methods.is_empty() || methods.iter().any(|method| method == "*") {
            return Ok(None);
        }
        let list = self.field.clone().field("methods");
        for (index, method) in methods.iter().enumerate() {
            if !METHODS.contains(&method.as_str()) {
                let message = format!("`{method}` is no method that the API knows; it is compared as it stands");
                self.say(Code::UnknownMethod, list.clone().index(index), message);
            }
        }
        let possible: BTreeSet<String> = methods.iter().filter(|method| is_http_token(method)).cloned().collect();
        if possible.is_empty() {
            self.say(Code::Unmatchable, list, "no method of the list can stand in a request");
            return Err(Faulty);
        }
        Ok(Some(possible))
    }

    fn headers(&mut self, matching: &HTTPMatch) -> Result<Vec<HeaderMatch>, Faulty> {
        let list = self.field.clone().field("headers");
        let anchor = match self.settings.header_anchor {
            HeaderAnchor::Full => Anchor::Full,
            HeaderAnchor::Search => Anchor::Search,
        };
        let mut all = Ok(Vec::new());
        if matching.headers.lost {
            // I6
            let message = "a header filter got lost: a map without an entry, or a value that is no text";
            self.say(Code::HeadersLost, list.clone(), message);
            all = Err(Faulty);
        }
        for (name, value) in &matching.headers.filters {
            let field = list.clone().field(name.clone());
            if !is_http_token(name) {
                // S11
                self.say(Code::Unmatchable, field, format!("`{name}` is no header name"));
                all = Err(Faulty);
            } else if let Ok(value) = self.pattern(value, anchor, field) {
                // S16
                let name = name.to_ascii_lowercase();
                let header = HeaderMatch { name, value };
                // The same filter twice asks for nothing more (S19).
                if let Ok(headers) = &mut all
                    && !headers.contains(&header)
                {
                    headers.push(header);
                }
            } else {
                all = Err(Faulty);
            }
        }
        all
    }
}
