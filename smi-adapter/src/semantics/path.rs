//! Paths: the path to match, and its forms in proxies that rewrite paths before they match (S5).

/// Returns the path as received, and its other forms (S5).
///
/// A form is the result of applying some of the steps below to the path, in their order. There are at most 255 forms,
/// and none if no step changes the path.
pub(super) fn forms(received: &str) -> (&str, Vec<String>) {
    let path = without_query(received);
    let mut forms = vec![path.to_owned()];
    for step in STEPS {
        for index in 0..forms.len() {
            let form = forms.get(index).map(|form| step(form)).unwrap_or_default();
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms.remove(0);
    (path, forms)
}

/// The steps by which proxies rewrite a path before they match it. Each proxy applies some of them. A step precedes the
/// steps that act on its result.
const STEPS: [fn(&str) -> String; 8] = [
    slashes,
    origin_form,
    unreserved,
    upper_case,
    escaped_dots,
    dot_parameters,
    without_dot_segments,
    escaped,
];

/// Removes query and fragment, which are not matched (S5).
pub(super) fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or_default()
}

/// Replaces `\` by `/`, like browsers (S5).
fn slashes(path: &str) -> String {
    path.replace('\\', "/")
}

/// Reduces `http://host/path` to the path, like browsers (S5).
fn origin_form(path: &str) -> String {
    let Some((scheme, rest)) = path.split_once("://") else {
        return path.to_owned();
    };
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return path.to_owned();
    }
    match rest.find(['/', '\\']).and_then(|start| rest.get(start..)) {
        Some(path) => path.to_owned(),
        None => "/".to_owned(),
    }
}

/// Decodes escapes of unreserved characters once (S5, RFC 3986 section 6.2.2.2).
fn unreserved(path: &str) -> String {
    map_escapes(path, |hex, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{hex}")
        }
    })
}

/// Converts the digits of escapes to upper case (S5, RFC 3986 section 6.2.2.1).
fn upper_case(path: &str) -> String {
    map_escapes(path, |hex, _| format!("%{}", hex.to_ascii_uppercase()))
}

/// Decodes `%2e` in segments that then are dot segments, like browsers (S5). Other escapes stay.
fn escaped_dots(path: &str) -> String {
    map_segments(path, |segment| {
        let (name, parameters) = segment.split_at(segment.find(';').unwrap_or(segment.len()));
        let plain = name.replace("%2e", ".").replace("%2E", ".");
        if is_dots(&plain) {
            plain + parameters
        } else {
            segment.to_owned()
        }
    })
}

/// Drops `;x` after a dot segment, so that `/foo/..;/bar` becomes `/foo/../bar` (S5).
fn dot_parameters(path: &str) -> String {
    map_segments(path, |segment| match segment.split_once(';') {
        Some((dots, _)) if is_dots(dots) => dots.to_owned(),
        _ => segment.to_owned(),
    })
}

/// Removes `.` and `..` (S5, RFC 3986 section 5.2.4).
fn without_dot_segments(path: &str) -> String {
    let Some(relative) = path.strip_prefix('/') else {
        return path.to_owned();
    };
    let mut kept = Vec::new();
    let mut ends_in_dots = false;
    for segment in relative.split('/') {
        ends_in_dots = is_dots(segment);
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    if ends_in_dots {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}

/// Escapes characters that a path must not contain, like browsers (S5).
fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '"' => out.push_str("%22"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '^' => out.push_str("%5E"),
            '`' => out.push_str("%60"),
            '{' => out.push_str("%7B"),
            '|' => out.push_str("%7C"),
            '}' => out.push_str("%7D"),
            _ => out.push(c),
        }
    }
    out
}

fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

fn map_segments(path: &str, rewrite: impl Fn(&str) -> String) -> String {
    path.split('/').map(rewrite).collect::<Vec<_>>().join("/")
}

/// Rewrites every escape, given its two digits and its value. A `%` that does not begin an escape stays.
fn map_escapes(path: &str, rewrite: impl Fn(&str, u8) -> String) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let hex = after
            .get(..2)
            .filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some((hex, byte)) = hex.and_then(|hex| Some((hex, u8::from_str_radix(hex, 16).ok()?))) {
            out.push_str(&rewrite(hex, byte));
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push('%');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}
