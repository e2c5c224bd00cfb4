//! Scalars in flow style, which includes JSON, read without a parser.

/// Calls `found` with the path and text of every scalar, except keys. A path has the key of each open bracket, if it is
/// known. Where a mapping or list begins that is not in another one, it is called with an empty path.
pub(super) fn read<'t>(text: &'t str, found: &mut dyn FnMut(&[Option<&'t str>], &'t str)) {
    let mut path: Vec<Option<&str>> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(length(rest, first));
        rest = after.trim_start();
        match first {
            '{' | '[' => {
                if path.is_empty() {
                    found(&path, "");
                }
                path.push(None);
            }
            '}' | ']' => _ = path.pop(),
            ',' => set(&mut path, None),
            ':' | '#' => {}
            _ if rest.starts_with(':') => set(&mut path, Some(unquoted(token))),
            _ if path.is_empty() => {}
            _ => found(&path, unquoted(token)),
        }
    }
}

fn set<'t>(path: &mut [Option<&'t str>], key: Option<&'t str>) {
    if let Some(last) = path.last_mut() {
        *last = key;
    }
}

/// Returns the length of the token that a text begins with. A quoted text ends with its line at the latest, so that a
/// missing quote affects no other line.
fn length(text: &str, first: char) -> usize {
    let line = || text.find('\n').unwrap_or(text.len());
    match first {
        '{' | '}' | '[' | ']' | ',' | ':' => 1,
        '#' => line(),
        '"' | '\'' => closing(text, first).unwrap_or_else(line),
        _ => plain(text),
    }
}

/// Returns the length of a quoted text with its quotes, if it ends on the same line.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return Some(index + 1);
        }
        if c == '\n' {
            return None;
        }
        is_escaped = c == '\\' && quote == '"' && !is_escaped;
    }
    None
}

/// Returns the length of a text without quotes, which is not zero.
fn plain(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    let mut before = None;
    while let Some((index, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let ends_key = c == ':' && next.is_none_or(|next| next.is_whitespace() || "\"'{[".contains(next));
        let begins_comment = c == '#' && before.is_some_and(char::is_whitespace);
        if "{}[],\n".contains(c) || ends_key || begins_comment {
            return index;
        }
        before = Some(c);
    }
    text.len()
}

/// Returns a scalar without quotes and spaces around it.
fn unquoted(token: &str) -> &str {
    let quoted = ['"', '\''].into_iter().find_map(|quote| token.strip_prefix(quote));
    quoted.map_or(token, |text| text.trim_end_matches(['"', '\''])).trim()
}
