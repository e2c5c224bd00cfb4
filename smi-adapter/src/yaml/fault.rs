//! Messages about text that cannot be parsed: in words for its author, with one line number, that of the file.

use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::granit_parser::ErrorKind;
use serde_saphyr::{Error, ExternalMessageSource, UserMessageFormatter};
use std::borrow::Cow;

/// Returns a message about an error in the YAML of a document, which has `before` lines before it.
pub(super) fn of_yaml(error: &Error, document: &str, before: usize) -> String {
    let location = error.location();
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let Some((line, column)) = location.map(|place| (number(place.line()), number(place.column()))) else {
        return words(error, "").into_owned();
    };
    let text = document.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let at = text.char_indices().nth(column.saturating_sub(1));
    let at = at.and_then(|(start, _)| text.get(start..)).unwrap_or_default();
    let words = words(error, at);
    let hint = if text.contains("{{") {
        "; the line looks like a template, which must be rendered first"
    } else if matches!(error.without_snippet(), Error::DuplicateMappingKey { .. }) && begins_object(text) {
        "; if another object begins here, the line `---` is missing before it"
    } else {
        ""
    };
    format!("line {}: {words}{hint}", before.saturating_add(line))
}

/// Returns a message about an error in a JSON text, which has `before` lines before it.
pub(super) fn of_json(error: &serde_json::Error, before: usize) -> String {
    let text = error.to_string();
    let words = if error.is_eof() {
        "the text ends in the middle of a JSON value"
    } else {
        without_place(&text)
    };
    format!("line {}: invalid JSON: {words}", before + error.line())
}

/// Returns `true` for a line with a field that every object has once.
fn begins_object(line: &str) -> bool {
    ["apiVersion:", "kind:", "metadata:"]
        .iter()
        .any(|field| line.starts_with(field))
}

/// Returns the error in words. `at` is the rest of the line at its position.
fn words(error: &Error, at: &str) -> Cow<'static, str> {
    match error.without_snippet() {
        Error::AliasError { error, .. } => words(error, at),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key `{key}` is in one mapping twice: API servers use its last value, strict tools reject it; delete one of the two").into()
        }
        Error::DuplicateMappingKey { key: None, .. } => {
            "a key is in one mapping twice: API servers use its last value, strict tools reject it; delete one of the two"
                .into()
        }
        Error::UnknownAnchor { .. } => format!(
            "the alias `{}` has no anchor before it in this document; if it is a text, quote it",
            first_word(at)
        )
        .into(),
        Error::RecursiveReferencesRequireWeakTypes { .. } => "an alias is part of the value that it refers to".into(),
        Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => ALIASES.into(),
        Error::Unexpected {
            expected: "string scalar",
            ..
        } => "a key must be a text, not a mapping or list".into(),
        Error::Budget { breach, .. } => limit(breach).into(),
        Error::MultipleDocuments { .. } => AFTER_END.into(),
        Error::MergeValueNotMapOrSeqOfMaps { .. } => "the value of `<<` must be a mapping or a list of mappings".into(),
        Error::NonFiniteFloat { value, .. } => {
            format!("`{value}` is not a number that JSON has; if it is a text, quote it").into()
        }
        Error::UnsupportedTag { tag, .. } => format!("the tag `{tag}` is not supported; remove it").into(),
        Error::ExternalMessage { source, msg, .. } => match &**source {
            ExternalMessageSource::Parser(error) => {
                syntax(error.kind()).unwrap_or_else(|| first_line(msg).to_owned().into())
            }
            _ => first_line(msg).to_owned().into(),
        },
        other => {
            let text = other.render_with_formatter(&UserMessageFormatter);
            without_place(first_line(&text)).to_owned().into()
        }
    }
}

const ALIASES: &str = "the aliases of this document expand to too much; write their values out";
const AFTER_END: &str =
    "the document ends before this line; if another object begins here, add the line `---` before it";
const COLON: &str =
    "a `:` is not expected here; check the indentation and the brackets before it, and quote a text that contains `: `";
const DEPTH: &str = "the values are nested too deeply";
const INDENTATION: &str = "the indentation does not match the lines above";
const QUOTE: &str = "a quote is not closed";
const TAB: &str = "there is a tab where only spaces are allowed, such as in an indentation";

/// Returns the limit of the reader that a document exceeds.
fn limit(breach: &BudgetBreach) -> &'static str {
    match breach {
        BudgetBreach::Depth { .. } => DEPTH,
        BudgetBreach::SequenceUnbalanced => "a list or mapping is not closed",
        BudgetBreach::Documents { .. } => AFTER_END,
        // Without aliases, the limits exceed what a text of its length can contain.
        _ => ALIASES,
    }
}

/// Returns a syntax error in words; `None` for one that is rare.
fn syntax(kind: &ErrorKind) -> Option<Cow<'static, str>> {
    use ErrorKind as Kind;
    let words = match kind {
        Kind::UnclosedFlowCollection { open } => return Some(format!("a `{open}` is not closed").into()),
        Kind::MismatchedFlowCollectionEnd { open, close } => {
            return Some(format!("a `{open}` is closed by a `{close}`").into());
        }
        Kind::UnexpectedCharacter { character } => return Some(unexpected(*character).into()),
        Kind::MisplacedFlowCollectionEnd => "a closing bracket has no opening one",
        Kind::ExpectedFlowSequenceSeparator => "a `,` or `]` is missing in a list in brackets",
        Kind::ExpectedFlowMappingSeparator => "a `,` or `}` is missing in a mapping in braces",
        Kind::UnexpectedEofFlowSequence => "a `[` is not closed",
        Kind::UnexpectedEofFlowMapping | Kind::UnexpectedEofImplicitFlowMapping => "a `{` is not closed",
        Kind::UnclosedQuotedScalar | Kind::DocumentIndicatorInQuotedScalar => QUOTE,
        Kind::InvalidTrailingSingleQuotedScalar => {
            "a text goes on after its closing quote; within single quotes, `'` is written as `''`"
        }
        Kind::InvalidTrailingDoubleQuotedScalar => {
            "a text goes on after its closing quote; within double quotes, `\"` is written as `\\\"`"
        }
        Kind::UnknownQuotedScalarEscape | Kind::InvalidQuotedScalarHexEscape => {
            "there is no such escape in double quotes; write `\\` as `\\\\`, or use single quotes"
        }
        Kind::InvalidBlockScalarHeader => {
            "the text after a `|` or `>` begins on the next line; if the `|` or `>` is part of a text, quote it"
        }
        Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabAtBlockScalarStart
        | Kind::TabInIndentation
        | Kind::TabInPlainScalar => TAB,
        Kind::InvalidIndentation
        | Kind::InvalidBlockScalarIndent
        | Kind::InvalidQuotedScalarIndent
        | Kind::InvalidFlowScalarIndent
        | Kind::ExpectedBlockMappingKey
        | Kind::ExpectedBlockSequenceEntry => INDENTATION,
        Kind::BlockSequenceEntryNotAllowed | Kind::BlockEntryInFlowCollection => {
            "a `-` is not expected here; check the indentation"
        }
        Kind::MappingValueNotAllowed | Kind::MappingKeyNotAllowed | Kind::InvalidColonPlacement => COLON,
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey => "a `:` is missing after a key",
        Kind::ExpectedNodeContent => "a value is missing",
        Kind::MissingAnchorOrAliasName => "a `*` or `&` has no name; if it is a text, quote it",
        Kind::ExpectedDocumentStart | Kind::InvalidDocumentEnd => AFTER_END,
        Kind::RecursionLimitExceeded => DEPTH,
        _ => return None,
    };
    Some(words.into())
}

fn unexpected(character: char) -> String {
    match character {
        '`' => "a value cannot begin with a backtick; quote it".to_owned(),
        c if c.is_control() => format!("the character `{}` is not allowed", c.escape_default()),
        c => format!("a value cannot begin with `{c}`; quote it"),
    }
}

/// Returns the text up to the first character that ends an alias.
fn first_word(text: &str) -> &str {
    let end = |c: char| c.is_whitespace() || ",[]{}".contains(c);
    text.split(end).next().unwrap_or_default()
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

/// Removes the position that a library appends to its message.
fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message)
}

#[cfg(test)]
mod tests;
