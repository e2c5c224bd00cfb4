//! Path templates: `{*}` matches a segment, and `{**}` matches the rest of the path.

use super::super::pattern::Pattern;
use super::not_modelled;
use smi_conformance::NotModelledError;

/// Characters that Envoy's templates accept in a segment, in addition to the slash: all but `*`, `[` and `]`.
const CHARACTERS: &str = r"a-zA-Z0-9._~%!$&'()+,;:@=\-";

/// Returns `true` if `path`, a path of a policy, is a template.
pub(super) fn is_template(path: &str) -> bool {
    path.contains("{*}") || path.contains("{**}")
}

/// Returns `true` if the normalised `path` matches `template`.
pub(super) fn matches(template: &str, path: &str) -> Result<bool, NotModelledError> {
    let Some(inner) = template.strip_prefix('/') else {
        return not_modelled(format!("the template `{template}`, which does not begin with a slash"));
    };
    let (inner, end) = match inner.strip_suffix('/') {
        Some(inner) => (inner, "/"),
        None => (inner, ""),
    };
    let mut regex = String::new();
    let mut had_rest = false;
    for segment in inner.split('/') {
        regex.push('/');
        match segment {
            "{*}" | "{**}" if had_rest => {
                return not_modelled(format!("the template `{template}`: `{{**}}` is not its last operator"));
            }
            "{*}" => regex.extend(["[", CHARACTERS, "]+"]),
            "{**}" => {
                had_rest = true;
                regex.extend(["[", CHARACTERS, "/]*"]);
            }
            literal if !literal.is_empty() && literal.bytes().all(is_literal) => {
                regex.push_str(&regex::escape(literal));
            }
            _ => return not_modelled(format!("the template `{template}`, which the webhook rejects")),
        }
    }
    regex.push_str(end);
    Pattern::Regex(regex).matches(path, false)
}

fn is_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()+,;:@=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_match_segments() {
        for (template, yes, no) in [
            (
                "/a/{*}",
                &["/a/b", "/a/%2F-._~!$&'()+,;:@="][..],
                &["/a", "/a/", "/a/b/c", "/a/b/", "/a/[b]", "/a/*"][..],
            ),
            (
                "/a/{**}",
                &["/a/", "/a/b", "/a/b/c", "/a//"],
                &["/a", "/ab", "/a/[b]", "/a/*", "/A/b"],
            ),
            ("/{*}/b.c", &["/a/b.c"], &["/a/bxc", "//b.c", "/a/b.c/"]),
            ("/{*}/", &["/a/"], &["/a"]),
            ("/{**}/b", &["/a/c/b", "//b"], &["/b", "/a/c"]),
        ] {
            for path in yes {
                assert_eq!(matches(template, path), Ok(true), "{template} {path}");
            }
            for path in no {
                assert_eq!(matches(template, path), Ok(false), "{template} {path}");
            }
        }
    }

    #[test]
    fn rejects_templates_that_the_webhook_rejects() {
        for template in ["{*}", "/{**}/{*}", "/a{*}", "/a//{*}", "/é/{*}", "/*/{*}", "/{a}/{*}"] {
            assert!(matches(template, "/a/b").is_err(), "{template}");
        }
        assert!(is_template("/a{**}") && is_template("/{*}/a") && !is_template("/{a}"));
    }
}
