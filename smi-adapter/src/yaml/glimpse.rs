//! The objects that a broken document shows, read without a parser.
//!
//! An author should learn which object is broken, and a traffic target enforces its namespace even if nothing else of it
//! can be read (A2).

mod flow;

use crate::object::{Kind, ObjectKey, ObjectRef, UNKNOWN_NAME, is_dns_label, is_dns_subdomain};
use std::collections::BTreeSet;

/// Returns the SMI objects in a document that cannot be parsed, as far as their kind can be read. There are several if the
/// line between two documents is missing.
pub(super) fn glimpse(document: &str, default_namespace: &str) -> BTreeSet<ObjectRef> {
    let text = document.strip_prefix("---").unwrap_or(document);
    let mut heads = Heads::default();
    if is_flow(text) {
        flow::read(text, &mut |path, value| match path {
            [] => heads.next(),
            [Some(field)] => heads.set(Field::of_object(field), value),
            [Some("metadata"), Some(field)] => heads.set(Field::of_metadata(field), value),
            _ => {}
        });
    } else {
        block(text, &mut heads);
    }
    heads.next();
    heads
        .all
        .iter()
        .filter_map(|head| head.object(default_namespace))
        .collect()
}

/// A field that identifies an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    ApiVersion,
    Kind,
    Namespace,
    Name,
}

impl Field {
    fn of_object(key: &str) -> Option<Self> {
        match key {
            "apiVersion" => Some(Self::ApiVersion),
            "kind" => Some(Self::Kind),
            _ => None,
        }
    }

    fn of_metadata(key: &str) -> Option<Self> {
        match key {
            "namespace" => Some(Self::Namespace),
            "name" => Some(Self::Name),
            _ => None,
        }
    }
}

/// The fields that identify an object, as far as they can be read.
#[derive(Default)]
struct Head<'t>(Vec<(Field, &'t str)>);

impl<'t> Head<'t> {
    fn get(&self, field: Field) -> Option<&'t str> {
        let fields = self.0.iter();
        fields
            .filter(|(known, _)| *known == field)
            .map(|(_, value)| *value)
            .next()
    }

    /// Returns the object, if it is of an SMI kind.
    fn object(&self, default_namespace: &str) -> Option<ObjectRef> {
        let kind = self.get(Field::Kind)?;
        let kind = Kind::SMI.into_iter().find(|known| known.name() == kind)?;
        let group = self
            .get(Field::ApiVersion)
            .map(|text| text.split_once('/').unwrap_or(("", text)).0);
        // Other APIs have kinds of these names, too.
        if group.is_some_and(|group| group != kind.group() && (group.is_empty() || is_dns_subdomain(group))) {
            return None;
        }
        let namespace = self.get(Field::Namespace).filter(|text| is_dns_label(text));
        let name = self.get(Field::Name).filter(|text| is_dns_subdomain(text));
        let key = ObjectKey::new(namespace.unwrap_or(default_namespace), name.unwrap_or(UNKNOWN_NAME));
        Some(ObjectRef::new(kind, key))
    }
}

/// The heads of the objects in a document.
#[derive(Default)]
struct Heads<'t> {
    all: Vec<Head<'t>>,
    last: Head<'t>,
}

impl<'t> Heads<'t> {
    /// Sets a field of the current object. A field that it has already belongs to another object.
    fn set(&mut self, field: Option<Field>, value: &'t str) {
        let Some(field) = field else { return };
        if self.last.get(field).is_some() {
            self.next();
        }
        self.last.0.push((field, value));
    }

    /// Begins another object.
    fn next(&mut self) {
        self.all.push(std::mem::take(&mut self.last));
    }
}

/// Returns `true` if a document begins with a brace. Two braces are those of a template.
fn is_flow(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| is_content(line));
    lines
        .next()
        .is_some_and(|line| line.starts_with('{') && !line.starts_with("{{"))
}

fn is_content(line: &str) -> bool {
    !line.is_empty() && !line.starts_with(['#', '%'])
}

/// The lines that belong to the metadata of an object in block style.
#[derive(Clone, Copy)]
enum Below {
    /// The line belongs to another field.
    Other,
    /// The first line of the metadata follows.
    Metadata,
    /// The metadata have fields with this indentation.
    Fields(usize),
}

/// Reads a document in block style, line by line.
fn block<'t>(text: &'t str, heads: &mut Heads<'t>) {
    let mut base = None;
    let mut below = Below::Other;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let end = offset + line.len();
        let content = line.trim();
        let indentation = line.len() - line.trim_start().len();
        let start = std::mem::replace(&mut offset, end);
        if !is_content(content) {
            continue;
        }
        let is_top = indentation <= *base.get_or_insert(indentation);
        let entry = entry(content);
        let field = entry.and_then(|(key, _)| Field::of_metadata(key));
        below = match (is_top, below) {
            // The indentation of the metadata is lost.
            (true, Below::Metadata) if field.is_some() => Below::Metadata,
            (true, _) => Below::Other,
            (false, Below::Metadata) => Below::Fields(indentation),
            (false, below) => below,
        };
        let Some((key, value)) = entry else { continue };
        if is_top && key == "metadata" {
            below = Below::Metadata;
            let flow = text.get(start..).filter(|_| value.starts_with('{'));
            if let Some(flow) = flow.and_then(|flow| flow.get(flow.find('{')?..)) {
                metadata(indented(flow, indentation), heads);
                below = Below::Other;
            }
        } else if is_top && matches!(below, Below::Other) {
            set(heads, Field::of_object(key), value);
        } else if is_top || matches!(below, Below::Fields(fields) if fields == indentation) {
            set(heads, field, value);
        }
    }
}

fn set<'t>(heads: &mut Heads<'t>, field: Option<Field>, value: &'t str) {
    if let Some(value) = scalar(value) {
        heads.set(field, value);
    }
}

/// Reads metadata in flow style.
fn metadata<'t>(text: &'t str, heads: &mut Heads<'t>) {
    flow::read(text, &mut |path, value| {
        if let [Some(field)] = path {
            heads.set(Field::of_metadata(field), value);
        }
    });
}

/// Returns the first line of a text, and all that follow with a deeper indentation.
fn indented(text: &str, indentation: usize) -> &str {
    let is_deeper = |line: &str| line.trim().is_empty() || line.len() - line.trim_start().len() > indentation;
    let lines = text.split_inclusive('\n').enumerate();
    let length = lines
        .take_while(|(index, line)| *index == 0 || is_deeper(line))
        .map(|(_, line)| line.len());
    text.get(..length.sum()).unwrap_or_default()
}

/// Splits a line into its key and value. The space between them may be missing.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let key = key.trim().trim_matches(['"', '\'']);
    Some((key, value.trim()))
}

/// Returns the text of a scalar on one line, whose closing quote may be missing.
fn scalar(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|first| ['"', '\''].contains(first));
    let text = match quote {
        Some(quote) => value.get(1..)?.split(quote).next()?,
        None => value.split(" #").next()?,
    };
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
