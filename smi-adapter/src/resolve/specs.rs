//! Route groups: the usable matches of each, and the objects that nothing refers to.

use super::view::View;
use super::{Report, violations};
use crate::diagnostic::Code;
use crate::model::ServiceRoute;
use crate::model::route::{Conditional, HeaderMatch, HttpMatch, PortRoute};
use crate::object::{Kind, ObjectKey, ObjectRef};
use crate::pattern::{Anchor, Pattern};
use crate::settings::{HeaderAnchor, PathAnchor, Settings};
use crate::snapshot::Snapshot;
use smi_types::FieldPath;
use smi_types::headers::Headers;
use smi_types::regex::Portable;
use smi_types::specs::{HTTPMatch, HTTPRouteGroup};
use smi_types::validate::{MatchPatterns, is_http_token};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The usable matches of every route group, by its key.
pub(crate) type Groups = BTreeMap<ObjectKey, Vec<Arc<HttpMatch>>>;

/// Returns the usable matches of every route group in scope.
pub(super) fn groups(view: View<'_>, report: &mut Report) -> Groups {
    let groups = view.all().groups();
    groups
        .filter_map(|(key, group)| Some((key.clone(), matches(view, key, group, report)?)))
        .collect()
}

/// Returns `true` if an object in scope can be read and has an effect only if others refer to it.
pub(crate) fn is_referable(view: View<'_>, ObjectRef { kind, key }: &ObjectRef) -> bool {
    let objects = view.all();
    match kind {
        Kind::HttpRouteGroup => objects.group(key).is_some(),
        Kind::TcpRoute => objects.tcp_route(key).is_some(),
        Kind::UdpRoute => objects.udp_route(key).is_some(),
        Kind::IdentityBinding => objects.binding(key).is_some(),
        _ => false,
    }
}

/// Returns the groups that a route refers to.
pub(crate) fn used_by(route: &ServiceRoute) -> BTreeSet<&ObjectRef> {
    let conditional = route.ports().iter().flat_map(PortRoute::conditional);
    let matches = conditional.flat_map(Conditional::matches);
    matches.map(|matching| matching.group()).collect()
}

/// Reports one of the objects that have an effect only if others refer to them.
///
/// If nothing in force refers to it, it has no effect (S9, I4). Otherwise its patterns may match other paths as a whole
/// than as a prefix (S4).
pub(crate) fn report_use(view: View<'_>, object: &ObjectRef, is_used: bool, report: &mut Report) {
    if is_used {
        if object.kind == Kind::HttpRouteGroup {
            report_anchors(view, &object.key, report);
        }
        return;
    }
    let message = "no split in force and no traffic target refers to this object, so it has no effect";
    report.add(Code::Unreferenced, object, FieldPath::root(), message);
}

/// Returns the objects in scope that have an effect only if others refer to them.
pub(crate) fn referable<'a>(snapshot: &'a Snapshot, settings: &'a Settings) -> impl Iterator<Item = ObjectRef> {
    let objects = snapshot.scoped(settings);
    let groups = objects.groups().map(|(key, _)| (Kind::HttpRouteGroup, key));
    let tcp = objects.tcp_routes().map(|(key, _)| (Kind::TcpRoute, key));
    let udp = objects.udp_routes().map(|(key, _)| (Kind::UdpRoute, key));
    let bindings = objects.bindings().map(|(key, _)| (Kind::IdentityBinding, key));
    let all = groups.chain(tcp).chain(udp).chain(bindings);
    all.map(|(kind, key)| ObjectRef::new(kind, key.clone()))
}

/// Returns the usable matches of a group, and reports its patterns whose meaning depends on the anchor (S4). Returns
/// `None` if the group counts as missing (I8).
pub(crate) fn matches(
    view: View<'_>,
    key: &ObjectKey,
    group: &HTTPRouteGroup,
    report: &mut Report,
) -> Option<Vec<Arc<HttpMatch>>> {
    let object = ObjectRef::group(key.clone());
    let list = group.matches_path();
    let (patterns, violations) = group.parse_patterns();
    report.extend(violations::of(view, &object, group.version, violations));
    let unknown = view.unknown(&object);
    if unknown.is_outside(&["matches"]) {
        return None;
    }
    let matches = group.matches().iter().zip(patterns).enumerate();
    let known = matches.filter(|(index, _)| !unknown.is_in("matches", *index));
    let usable = known.filter_map(|(index, (matching, patterns))| {
        let mut reader = Reader {
            object: &object,
            field: list.clone().index(index),
            settings: view.settings,
            report,
        };
        reader.read(matching, patterns).map(Arc::new)
    });
    Some(usable.collect())
}

/// Returns the probable reason that a pattern matches no path.
fn unmatchable(pattern: &Pattern) -> &'static str {
    let text = pattern.as_str();
    if text.contains(['?', '#']) && (text.contains("\\?") || text.contains('#') || text.contains("[?]")) {
        "paths are compared without their query and fragment"
    } else if !text.is_ascii() {
        "a path has only ASCII characters, others are percent-encoded"
    } else {
        "every path begins with `/`"
    }
}

/// Reports the patterns of a group that match other paths as a whole than as a prefix (S4).
fn report_anchors(view: View<'_>, group: &ObjectKey, report: &mut Report) {
    let message = match view.settings.path_anchor {
        PathAnchor::Full => "the pattern must match the whole path; other implementations may also match longer paths",
        PathAnchor::Start => {
            "the pattern need only match a prefix of the path; other implementations require it to match the whole path"
        }
    };
    for matching in view.matches(group).into_iter().flatten() {
        if matching.path().is_some_and(|path| !path.is_equal_for_prefixes()) {
            let field = matching.field().clone().field("pathRegex");
            report.add(Code::PathAnchorDiffers, matching.group(), field, message);
        }
    }
}

/// An error that occurs when a part of a match makes it match nothing. The part is a violation.
struct Invalid;

/// A reader of one match.
struct Reader<'a> {
    object: &'a ObjectRef,
    field: FieldPath,
    settings: &'a Settings,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn read(&mut self, matching: &HTTPMatch, patterns: MatchPatterns) -> Option<HttpMatch> {
        let path = self.path(patterns.path);
        let methods = Self::methods(&matching.methods);
        let headers = self.headers(&matching.headers, patterns.headers);
        let (Ok(path), Ok(methods), Ok(headers)) = (path, methods, headers) else {
            return None;
        };
        Some(HttpMatch {
            group: self.object.clone(),
            field: self.field.clone(),
            name: matching.name.clone(),
            path,
            methods,
            headers,
        })
    }

    /// Returns the pattern of the path; `None` stands for any path (S13).
    fn path(&mut self, portable: Option<Portable>) -> Result<Option<Pattern>, Invalid> {
        // S6
        let portable = portable.ok_or(Invalid)?;
        if portable.as_str().is_empty() {
            return Ok(None);
        }
        let anchor = match self.settings.path_anchor {
            PathAnchor::Full => Anchor::Full,
            PathAnchor::Start => Anchor::Start,
        };
        let pattern = Pattern::from_portable(portable, anchor);
        if pattern.never_matches_a_path() {
            let field = self.field.clone().field("pathRegex");
            let message = format!(
                "no path matches `{pattern}`: {}; the match matches nothing",
                unmatchable(&pattern)
            );
            self.report.add(Code::NeverMatches, self.object, field, message);
            return Err(Invalid);
        }
        Ok(Some(pattern))
    }

    /// Returns the methods; `None` stands for any method (S8, S13).
    fn methods(methods: &[String]) -> Result<Option<BTreeSet<String>>, Invalid> {
        if methods.is_empty() || methods.iter().any(|method| method == "*") {
            return Ok(None);
        }
        // S11
        let possible: BTreeSet<String> = methods.iter().filter(|method| is_http_token(method)).cloned().collect();
        if possible.is_empty() {
            Err(Invalid)
        } else {
            Ok(Some(possible))
        }
    }

    fn headers(&mut self, headers: &Headers, patterns: Vec<Option<Portable>>) -> Result<Vec<HeaderMatch>, Invalid> {
        let anchor = match self.settings.header_anchor {
            HeaderAnchor::Full => Anchor::Full,
            HeaderAnchor::Search => Anchor::Search,
        };
        // I6
        if headers.lost {
            return Err(Invalid);
        }
        let mut all = Vec::new();
        for ((name, _), portable) in headers.filters.iter().zip(patterns) {
            // S11, S6
            let portable = portable.filter(|_| is_http_token(name)).ok_or(Invalid)?;
            let value = Pattern::from_portable(portable, anchor);
            if value.never_matches_a_value() {
                let field = self.field.clone().field("headers").field(name.clone());
                let message = format!("no value of a header matches `{value}`; the match matches nothing");
                self.report.add(Code::NeverMatches, self.object, field, message);
                return Err(Invalid);
            }
            // S16
            let name = name.to_ascii_lowercase();
            let header = HeaderMatch { name, value };
            // A repeated filter restricts nothing further (S19).
            if !all.contains(&header) {
                all.push(header);
            }
        }
        Ok(all)
    }
}
