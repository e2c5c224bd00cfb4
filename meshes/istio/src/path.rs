//! Path normalisation, before routes are matched.
//!
//! Istio configures Envoy to normalise paths, but neither to merge slashes nor to decode escaped slashes. Escapes of
//! unreserved characters are decoded, and all other escapes stay unchanged. Some raw characters are escaped. `\` becomes
//! `/`. Dot segments are resolved. The query is separated, and a fragment is removed.

use super::not_modelled;
use smi_conformance::NotModelledError;

/// The result of normalising a request target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Normal {
    /// The path, and the query after the `?`.
    Path(String, Option<String>),
    /// The proxy answers with this status.
    Rejected(u16),
}

/// Normalises a request target in origin form.
pub(super) fn normalise(target: &str) -> Result<Normal, NotModelledError> {
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        // A proxy rejects it with 400 if it parses the traffic as HTTP, but the inspector may not recognise it as HTTP.
        return not_modelled("a path with raw blanks, control characters or characters that are not ASCII");
    }
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    if path.is_empty() {
        return Ok(Normal::Path("/".to_owned(), query));
    }
    if !path.starts_with('/') {
        return not_modelled("a request target that is not a path");
    }
    Ok(match canonical(path.as_bytes())? {
        Some(path) => Normal::Path(path, query),
        None => Normal::Rejected(400),
    })
}

/// Returns the canonical path, or `None` if it contains an escaped NUL.
fn canonical(path: &[u8]) -> Result<Option<String>, NotModelledError> {
    let mut output = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(after_dot) = dot(rest) {
            let after_slash = output.ends_with('/');
            match after_slash.then(|| segment(after_dot)).transpose()?.flatten() {
                Some((Dots::One, next)) => rest = next,
                Some((Dots::Two, next)) => {
                    back_up(&mut output);
                    rest = next;
                }
                None => {
                    output.push('.');
                    rest = after_dot;
                }
            }
            continue;
        }
        rest = tail;
        match first {
            b'\\' => output.push('/'),
            b'%' => match escaped(tail) {
                Some((0, _)) => return Ok(None),
                Some((byte, next)) => {
                    rest = next;
                    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
                        output.push(char::from(byte));
                    } else {
                        output.push('%');
                        output.extend(tail.iter().take(2).copied().map(char::from));
                    }
                }
                None => output.push('%'),
            },
            b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' => output.push_str(&uppercase_escape(first)),
            _ => output.push(char::from(first)),
        }
    }
    Ok(Some(output))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dots {
    One,
    Two,
}

/// Returns the rest of `path` after a raw or escaped dot at its start.
fn dot(path: &[u8]) -> Option<&[u8]> {
    match path {
        [b'.', rest @ ..] | [b'%', b'2', b'e' | b'E', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Returns the kind of a dot segment whose first dot has been consumed, with the rest after its slash. Returns `None` if
/// it is not a dot segment.
fn segment(after_dot: &[u8]) -> Result<Option<(Dots, &[u8])>, NotModelledError> {
    let end = |rest: &[u8]| rest.is_empty() || matches!(rest.first(), Some(b'/' | b'\\'));
    let skip = |rest| <[u8]>::split_first(rest).map_or(rest, |(_, next)| next);
    if end(after_dot) {
        return Ok(Some((Dots::One, skip(after_dot))));
    }
    let after = match dot(after_dot) {
        Some(rest) if end(rest) => return Ok(Some((Dots::Two, skip(rest)))),
        Some(rest) => rest,
        None => after_dot,
    };
    match after {
        [b';', rest @ ..] if dot(after_dot).is_some() && end(rest) => Ok(Some((Dots::Two, skip(rest)))),
        [b';', ..] => not_modelled("a dot segment with parameters"),
        _ => Ok(None),
    }
}

/// Removes the last segment, but not the slash in front of it.
fn back_up(output: &mut String) {
    let without_slash = output.strip_suffix('/').unwrap_or(output);
    let length = without_slash.rfind('/').map_or(1, |slash| slash + 1);
    output.truncate(length);
}

fn uppercase_escape(byte: u8) -> String {
    format!("%{byte:02X}")
}

/// Returns the byte encoded by two hexadecimal digits, and the rest after them.
fn escaped(after_percent: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = after_percent else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*high)? << 4 | digit(*low)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_paths() {
        for (target, path) in [
            ("", "/"),
            ("/", "/"),
            ("/foo?x=1#y", "/foo"),
            ("/foo#x?y=1", "/foo"),
            ("/%66oo%7E%2D%5f%2e", "/foo~-_."),
            ("/a%2Fb%3F%23%5C%3A%c3%a9%0a", "/a%2Fb%3F%23%5C%3A%c3%a9%0a"),
            ("/foo\\bar", "/foo/bar"),
            ("/a|^\"{}<>`", "/a%7C%5E%22%7B%7D%3C%3E%60"),
            ("/a[b]*'()!$&+,;=:@", "/a[b]*'()!$&+,;=:@"),
            ("/a%b%", "/a%b%"),
            ("/a%2", "/a%2"),
            ("/foo/..", "/"),
            ("/foo/.", "/foo/"),
            ("/./foo", "/foo"),
            ("/foo/%2E%2e/bar", "/bar"),
            ("/foo/.%2e/bar", "/bar"),
            ("/../../a", "/a"),
            ("/a/b/../../c", "/c"),
            ("/a//../b", "/a/b"),
            ("//foo", "//foo"),
            ("/foo//", "/foo//"),
            ("/foo/..;/bar", "/bar"),
            ("/foo/.a/..b/...", "/foo/.a/..b/..."),
            ("/foo/a./b", "/foo/a./b"),
            ("/foo/%252e%252e/bar", "/foo/%252e%252e/bar"),
            ("/foo/%2e%2e%2fbar", "/foo/..%2fbar"),
        ] {
            let query = target
                .split('#')
                .next()
                .unwrap()
                .split_once('?')
                .map(|(_, query)| query.to_owned());
            assert_eq!(normalise(target).unwrap(), Normal::Path(path.into(), query), "{target}");
        }
    }

    #[test]
    fn rejects_invalid_paths() {
        assert_eq!(normalise("/a%00").unwrap(), Normal::Rejected(400));
        for target in ["a", "*", "/a b", "/a\tb", "/é", "/a/.;x/b", "/a/..;x/b", "/a/.;/b"] {
            assert!(normalise(target).is_err(), "{target}");
        }
    }
}
