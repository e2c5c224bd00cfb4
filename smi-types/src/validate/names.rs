//! Syntax of the names of objects, labels, headers and workloads.

/// Returns `true` if `name` is a DNS label, the form of the names of services and namespaces: at most 63 of
/// `a-z 0-9 -`, without a hyphen at either end.
#[must_use]
pub fn is_dns_label(name: &str) -> bool {
    name.len() <= 63 && is_label(name)
}

/// Returns `true` if `name` is a DNS subdomain, the form of most object names: labels joined by dots, at most 253
/// characters. API servers do not limit the length of a single label.
#[must_use]
pub fn is_dns_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Returns `true` if `text` is an HTTP token, the form of methods and header names.
#[must_use]
pub fn is_http_token(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(inner)
}

/// Returns `true` if `name` is a host name that DNS allows, where every label is limited to 63 characters.
pub(super) fn is_host(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_dns_label)
}

/// Returns `true` if `key` is the key of a label: a name, optionally preceded by a domain and a slash.
pub(super) fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((domain, name)) => is_dns_subdomain(domain) && is_qualified(name),
        None => is_qualified(key),
    }
}

pub(super) fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_qualified(value)
}

/// Returns `true` if `id` is the SPIFFE ID of a workload, with or without `spiffe://` (D19): a trust domain and a path,
/// without any character that a mesh could read as a wildcard.
#[must_use]
pub fn is_spiffe_id(id: &str) -> bool {
    let id = id.strip_prefix("spiffe://").unwrap_or(id);
    let Some((domain, path)) = id.split_once('/') else {
        // A trust domain alone does not identify a workload.
        return false;
    };
    let in_domain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    let in_path = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(in_path);
    (1..=255).contains(&domain.len())
        && domain.bytes().all(in_domain)
        && path.split('/').all(is_segment)
        && "spiffe://".len() + id.len() <= 2048
}

fn is_label(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty() && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
}

fn is_qualified(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let has_valid_ends = |name: &str| !name.starts_with(['-', '.', '_']) && !name.ends_with(['-', '.', '_']);
    (1..=63).contains(&name.len()) && name.bytes().all(inner) && has_valid_ends(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_valid: fn(&str) -> bool, valid: &[&str], invalid: &[&str]) {
        for name in valid {
            assert!(is_valid(name), "{name}");
        }
        for name in invalid {
            assert!(!is_valid(name), "{name}");
        }
    }

    #[test]
    fn recognises_names_of_objects() {
        let (label, long) = (&*"a".repeat(63), &*"a".repeat(64));
        let (name, too_long) = (&*"a".repeat(253), &*"a".repeat(254));
        let bad = ["", "-a", "a-", "A", "a_b", "é", "a b"];
        check(
            is_dns_label,
            &["a", "a-b", "1", label],
            &[&bad[..], &[long, "a.b"]].concat(),
        );
        let dots = [".", "a.", ".a", "a..b", "a.-b", too_long];
        check(
            is_dns_subdomain,
            &["a", "a.b-c.1", long, name],
            &[&bad[..], &dots].concat(),
        );
        check(
            is_host,
            &["a", "a.b", label],
            &[&bad[..], &dots, &[long, name]].concat(),
        );
    }

    #[test]
    fn recognises_labels() {
        let (name, long) = (&*"a".repeat(63), &*"a".repeat(64));
        check(
            is_label_key,
            &["app", "App_1.x-y", "example.com/app", name],
            &["", "/", "a/", "/a", "a/b/c", "-a", "a-", "a b", "A/b", "é", long],
        );
        check(
            is_label_value,
            &["", "v1", "A_b.c", name],
            &["-a", "a.", "a/b", "é", long],
        );
    }

    #[test]
    fn recognises_http_tokens() {
        check(
            is_http_token,
            &["x-a", "GET", "*", "a.b_c"],
            &["", ":method", "x a", "é", "a:b"],
        );
    }

    #[test]
    fn recognises_spiffe_ids() {
        // D19
        let domain = "d".repeat(255);
        let (long, too_long) = (
            format!("{domain}/{}", "p".repeat(1783)),
            format!("{domain}/{}", "p".repeat(1784)),
        );
        let long_domain = format!("d{domain}/p");
        check(
            is_spiffe_id,
            &[
                "cluster.local/ns/a/sa/b",
                "spiffe://cluster.local/ns/a/sa/b",
                "a_b-1/X..Y",
                &long,
            ],
            &[
                "",
                "web",
                "spiffe://web",
                "spiffe:///a",
                "/a",
                "a/",
                "a//b",
                "a/./b",
                "a/../b",
                "A/b",
                "a/b%20",
                "a/b ",
                "http://a/b",
                "SPIFFE://a/b",
                "a:80/b",
                "u@a/b",
                "a/b?c",
                "a/b#c",
                "a/é",
                &too_long,
                &long_domain,
            ],
        );
    }
}
