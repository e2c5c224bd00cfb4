//! Host names of routes.

use super::fields::{Fields, Read, unmodelled};
use serde_json::Value;
use smi_adapter::object::is_dns_subdomain;
use smi_adapter::query::Request;
use smi_conformance::NotModelledError;

/// The hosts of a route: all hosts if it has no host names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    /// Reads the `hostnames` of a spec.
    pub(super) fn read(spec: Fields<'_>) -> Read<Self> {
        let hostname = |value: &Value| match value.as_str() {
            Some(name) if is_dns_subdomain(name.strip_prefix("*.").unwrap_or(name)) => Ok(name.to_owned()),
            _ => unmodelled("an invalid host name"),
        };
        let names = spec.list("hostnames", 16)?.unwrap_or_default();
        Ok(Self(names.iter().map(hostname).collect::<Read<_>>()?))
    }

    /// Returns `true` if the route is for all hosts.
    pub(super) fn accept_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `true` if `request` is for one of the hosts. The header `host` decides, without its port and case.
    pub(super) fn accept(&self, request: &Request) -> Result<bool, NotModelledError> {
        if self.accept_all() {
            return Ok(true);
        }
        let mut lines = request
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"));
        let (Some((_, line)), more) = (lines.next(), lines.next()) else {
            return Ok(false);
        };
        let host = line
            .split_once(':')
            .map_or(&**line, |(host, _)| host)
            .to_ascii_lowercase();
        if more.is_some() || !is_dns_subdomain(&host) {
            return Err(NotModelledError(format!("the host {line}")));
        }
        let is_it = |name: &String| match name.strip_prefix('*') {
            Some(suffix) => host.ends_with(suffix),
            None => *name == host,
        };
        Ok(self.0.iter().any(is_it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn accept(hosts: &Value, lines: &[&str]) -> Result<bool, NotModelledError> {
        let spec = json!({ "hostnames": hosts });
        let hosts = Hosts::read(Fields::of(&spec, "spec", &["hostnames"]).unwrap()).unwrap();
        hosts.accept(&Request {
            method: "GET".into(),
            path: "/".into(),
            headers: lines.iter().map(|line| ("Host".into(), (*line).into())).collect(),
        })
    }

    #[test]
    fn accepts_names_and_wildcards() {
        let hosts = json!(["api.d", "*.example.com"]);
        for (line, expected) in [
            ("api.d", true),
            ("API.D:8080", true),
            ("x.example.com", true),
            ("y.x.example.com", true),
            ("example.com", false),
            ("xexample.com", false),
            ("x.api.d", false),
        ] {
            assert_eq!(accept(&hosts, &[line]), Ok(expected), "{line}");
        }
        assert_eq!(accept(&hosts, &[]), Ok(false));
        assert_eq!(accept(&json!([]), &["x", "y"]), Ok(true));
    }

    #[test]
    fn does_not_model_invalid_hosts() {
        for lines in [&["api.d", "api.d"][..], &["[::1]:80"], &["a b"], &[""]] {
            assert!(accept(&json!(["api.d"]), lines).is_err(), "{lines:?}");
        }
        for unusual in [json!(["a:80"]), json!(["*"]), json!([1])] {
            let spec = json!({ "hostnames": unusual });
            assert!(
                Hosts::read(Fields::of(&spec, "spec", &["hostnames"]).unwrap()).is_err(),
                "{spec}"
            );
        }
    }
}
