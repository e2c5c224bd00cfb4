//! Identities of clients, from the name in the certificate: `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`.
//!
//! Policies contain it without the scheme. A client without a certificate matches nothing, so every negation holds for
//! it.

use super::super::pattern::Pattern;
use super::not_modelled;
use super::text::Text;
use smi_conformance::NotModelledError;

/// The scheme of names.
pub(super) const SCHEME: &str = "spiffe://";

/// Returns `true` if `name` matches the principal `value` of a policy.
pub(super) fn is_principal(value: &str, name: &str) -> Result<bool, NotModelledError> {
    if value.starts_with(SCHEME) {
        return not_modelled(format!("the principal `{value}`, written with its scheme"));
    }
    let without_scheme = name.strip_prefix(SCHEME);
    match Text::new(value)? {
        Text::Anything => Ok(!name.is_empty()),
        Text::Suffix(suffix) => match without_scheme {
            Some(rest) => has_suffix(rest, suffix),
            None => Ok(false),
        },
        form => Ok(without_scheme.is_some_and(|rest| form.matches(rest))),
    }
}

/// Returns `true` if `name` ends with `suffix`. istiod writes the suffix into a regular expression, so the answer is
/// modelled only if it does not depend on quoting.
fn has_suffix(name: &str, suffix: &str) -> Result<bool, NotModelledError> {
    if suffix.contains(['\\', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$']) {
        return not_modelled(format!("the principal `*{suffix}`"));
    }
    let unquoted = Pattern::Regex(format!(".*{suffix}")).matches(name, false)?;
    if unquoted != name.ends_with(suffix) {
        return not_modelled(format!("the principal `*{suffix}`, whose dots may be wildcards"));
    }
    Ok(unquoted)
}

/// Returns `true` if `name` is in the namespace `value`, in which each `*` is a wildcard.
pub(super) fn is_of_namespace(value: &str, name: &str) -> Result<bool, NotModelledError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*');
    if value.is_empty() || !value.bytes().all(plain) {
        return not_modelled(format!("the namespace `{value}`"));
    }
    let value = value.replace('*', ".*");
    Pattern::Regex(format!(".*/ns/{value}/.*")).matches(name, false)
}

/// Returns `true` if `name` is the service account `value` in any trust domain. A policy in `namespace` can omit its own
/// namespace.
pub(super) fn is_service_account(value: &str, namespace: &str, name: &str) -> Result<bool, NotModelledError> {
    let (namespace, account) = value.split_once('/').unwrap_or((namespace, value));
    if namespace.is_empty() || account.is_empty() || account.contains(['/', '*']) || namespace.contains('*') {
        return not_modelled(format!("the service account `{value}`"));
    }
    let (namespace, account) = (regex::escape(namespace), regex::escape(account));
    Pattern::Regex(format!("{SCHEME}.+/ns/{namespace}/(.+/|)sa/{account}(/.+)?")).matches(name, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "spiffe://td/ns/c/sa/web";

    #[test]
    fn principals_have_no_scheme() {
        for (value, answer) in [
            ("td/ns/c/sa/web", true),
            ("td/ns/c/sa/we", false),
            ("td/ns/c/*", true),
            ("d/ns/c/*", false),
            ("*/sa/web", true),
            ("*/ns/d/sa/web", false),
            ("*web", true),
            ("*", true),
            ("*iffe://td/ns/c/sa/web", false),
        ] {
            assert_eq!(is_principal(value, WEB), Ok(answer), "{value}");
        }
        for name in ["", "web", "td/ns/c/sa/web"] {
            assert_eq!(is_principal("td/ns/c/sa/web", name), Ok(false), "{name}");
        }
        assert_eq!(is_principal("*", ""), Ok(false));
        assert!(is_principal(WEB, WEB).is_err());
        assert!(is_principal("*(a)", WEB).is_err());
        assert!(is_principal("*/sa/w.b", WEB).is_err(), "matches only without quoting");
        assert_eq!(is_principal("*/sa/a.b", WEB), Ok(false));
    }

    #[test]
    fn namespaces_have_wildcards_anywhere() {
        for (value, answer) in [
            ("c", true),
            ("*", true),
            ("C", false),
            ("c*", true),
            ("*d", false),
            ("d", false),
        ] {
            assert_eq!(is_of_namespace(value, WEB), Ok(answer), "{value}");
        }
        assert_eq!(is_of_namespace("a*c", "spiffe://td/ns/abc/sa/web"), Ok(true));
        assert_eq!(is_of_namespace("c", "spiffe://td/ns/c"), Ok(false));
        for value in ["", "a.b", "a|b"] {
            assert!(is_of_namespace(value, WEB).is_err(), "{value}");
        }
    }

    #[test]
    fn service_accounts_match_in_any_trust_domain() {
        for (value, namespace, answer) in [
            ("c/web", "d", true),
            ("web", "c", true),
            ("web", "d", false),
            ("c/we", "d", false),
            ("c/w.b", "d", false),
        ] {
            assert_eq!(
                is_service_account(value, namespace, WEB),
                Ok(answer),
                "{value} {namespace}"
            );
        }
        let is_web = |name: &str| is_service_account("c/web", "d", name);
        assert_eq!(is_web("spiffe://other/ns/c/sa/web"), Ok(true));
        assert_eq!(is_web("spiffe://td/ns/c/x/sa/web/y"), Ok(true));
        assert_eq!(is_web("spiffe://td/ns/c/sa/web2"), Ok(false));
        for value in ["", "/web", "c/", "c/*", "c/a/b"] {
            assert!(is_service_account(value, "d", WEB).is_err(), "{value}");
        }
    }
}
