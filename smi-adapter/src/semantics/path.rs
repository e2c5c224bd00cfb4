//! S5: the path that is matched, and what becomes of it in proxies that rewrite before they match.

/// S5: the path as received, and its other forms.
///
/// A form is what some of the steps below make of the path, done in their order: at most 255, and none for
/// a path that no step changes.
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

/// What proxies do before they match, each of them any subset. Each step comes before those that act on
/// what it makes.
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

/// S5: query and fragment are not matched.
fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or_default()
}

/// S5, as browsers: `\` is `/`.
fn slashes(path: &str) -> String {
    path.replace('\\', "/")
}

/// S5, as browsers: of `http://host/path` the path.
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

/// S5, RFC 3986 section 6.2.2.2: escapes of unreserved characters are decoded, once.
fn unreserved(path: &str) -> String {
    map_escapes(path, |hex, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{hex}")
        }
    })
}

/// S5, RFC 3986 section 6.2.2.1: the digits of escapes in upper case.
fn upper_case(path: &str) -> String {
    map_escapes(path, |hex, _| format!("%{}", hex.to_ascii_uppercase()))
}

/// S5, as browsers: a segment that is a dot segment once `%2e` is decoded is one; other escapes stay.
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

/// S5: `;x` after a dot segment is dropped, so that `/foo/..;/bar` is `/foo/../bar`.
fn dot_parameters(path: &str) -> String {
    map_segments(path, |segment| match segment.split_once(';') {
        Some((dots, _)) if is_dots(dots) => dots.to_owned(),
        _ => segment.to_owned(),
    })
}

/// S5, RFC 3986 section 5.2.4: `.` and `..` are removed.
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

/// S5, as browsers: characters that no path may hold are escaped.
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

/// Rewrites every escape, given its two digits and its value. A `%` that begins no escape stays.
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
