//! Division of a text into documents, and their values.

use super::fault;
use serde_json::Value;
use serde_saphyr::Options;

/// Returns the first line of each document that is not blank, from 1, and its values: one value, or a sequence of JSON
/// values. An error affects only its own document.
pub(super) fn documents(text: &str) -> impl Iterator<Item = (usize, Vec<Result<Value, Broken<'_>>>)> {
    chunks(text.strip_prefix('\u{feff}').unwrap_or(text))
        .into_iter()
        .filter(|chunk| !is_blank(chunk.text))
        .map(|chunk| (chunk.line + blank_lines(chunk.text) + 1, values(&chunk)))
}

/// A part of a text that cannot be parsed.
pub(super) struct Broken<'t> {
    /// The rest of the document from there on.
    pub(super) text: &'t str,
    /// The error.
    pub(super) message: String,
}

/// The text of one document.
struct Chunk<'t> {
    text: &'t str,
    /// The number of lines before it.
    line: usize,
}

/// Splits a text at the lines that begin with a document marker. A marker ends a document at any position, even within
/// a quoted or block scalar. So this function needs no parser, and works even if a parser would fail.
fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let is = |marker: &str| {
            let rest = line.strip_prefix(marker);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
        };
        let (begins, ends) = (is("---"), is("..."));
        if begins || ends {
            let text = text.get(start..offset).unwrap_or_default();
            chunks.push(Chunk { text, line: start_line });
            (start, start_line) = (offset, number);
        }
        offset += line.len();
        if ends {
            (start, start_line) = (offset, number + 1);
        }
    }
    let text = text.get(start..).unwrap_or_default();
    chunks.push(Chunk { text, line: start_line });
    chunks
}

/// Returns `true` if a document contains only markers, directives and comments.
fn is_blank(text: &str) -> bool {
    text.lines().all(is_blank_line)
}

/// Returns the number of lines before the content of a document.
fn blank_lines(text: &str) -> usize {
    text.lines().take_while(|line| is_blank_line(line)).count()
}

fn is_blank_line(line: &str) -> bool {
    let line = line.strip_prefix("---").unwrap_or(line).trim();
    line.is_empty() || line.starts_with(['#', '%'])
}

fn values<'t>(chunk: &Chunk<'t>) -> Vec<Result<Value, Broken<'t>>> {
    let text = chunk.text.strip_prefix("---").unwrap_or(chunk.text);
    if text.trim_start().starts_with('{') {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let mut values = Vec::new();
        let mut read = 0;
        while let Some(value) = stream.next() {
            match value {
                Ok(value) => values.push(Ok(value)),
                // YAML can begin with a brace, too.
                Err(_) if values.is_empty() => return vec![yaml(chunk)],
                Err(error) => values.push(Err(Broken {
                    text: text.get(read..).unwrap_or_default(),
                    message: fault::of_json(&error, chunk.line),
                })),
            }
            read = stream.byte_offset();
        }
        return values;
    }
    vec![yaml(chunk)]
}

/// Reads one document, with work and memory proportional to its length.
fn yaml<'t>(chunk: &Chunk<'t>) -> Result<Value, Broken<'t>> {
    let length = chunk.text.len() + 1000;
    let options = serde_saphyr::options! {
        legacy_octal_numbers: true,
        budget: serde_saphyr::budget! {
            max_events: length,
            max_nodes: length,
            max_total_scalar_bytes: length,
        },
    };
    serde_saphyr::from_str_with_options(chunk.text, bounded(options)).map_err(|error| Broken {
        text: chunk.text,
        message: fault::of_yaml(&error, chunk.text, chunk.line),
    })
}

/// Limits the expansion of aliases.
fn bounded(mut options: Options) -> Options {
    options.alias_limits.max_total_replayed_events = 10_000;
    options
}
