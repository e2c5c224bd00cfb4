//! Which hosts a route is for.

use super::fields::{Fields, Read, unmodelled};
use serde_json::Value;
use smi_adapter::object::is_dns_subdomain;
use smi_adapter::probe::Request;
use smi_conformance::NotModelled;

/// The hosts that a route is for: all if it names none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    /// Reads the `hostnames` of a spec.
    pub(super) fn read(spec: Fields<'_>) -> Read<Self> {
        let hostname = |value: &Value| match value.as_str() {
            Some(name) if is_dns_subdomain(name.strip_prefix("*.").unwrap_or(name)) => Ok(name.to_owned()),
            _ => unmodelled("an odd host name"),
        };
        let names = spec.list("hostnames", 16)?.unwrap_or_default();
        Ok(Self(names.iter().map(hostname).collect::<Read<_>>()?))
    }

    /// Whether every request is for one of them.
    pub(super) fn are_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `request` is for one of them, by its line `host` without port and case.
    pub(super) fn have(&self, request: &Request) -> Result<bool, NotModelled> {
        if self.are_all() {
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
            return Err(NotModelled(format!("the host {line}")));
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

    fn have(hosts: &Value, lines: &[&str]) -> Result<bool, NotModelled> {
        let spec = json!({ "hostnames": hosts });
        let hosts = Hosts::read(Fields::of(&spec, "spec", &["hostnames"]).unwrap()).unwrap();
        hosts.have(&Request {
            method: "GET".into(),
            path: "/".into(),
            headers: lines.iter().map(|line| ("Host".into(), (*line).into())).collect(),
        })
    }

    #[test]
    fn hosts_are_names_or_all_below_one() {
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
            assert_eq!(have(&hosts, &[line]), Ok(expected), "{line}");
        }
        assert_eq!(have(&hosts, &[]), Ok(false));
        assert_eq!(have(&json!([]), &["x", "y"]), Ok(true));
    }

    #[test]
    fn odd_hosts_are_not_guessed() {
        for lines in [&["api.d", "api.d"][..], &["[::1]:80"], &["a b"], &[""]] {
            assert!(have(&json!(["api.d"]), lines).is_err(), "{lines:?}");
        }
        for odd in [json!(["a:80"]), json!(["*"]), json!([1])] {
            let spec = json!({ "hostnames": odd });
            assert!(
                Hosts::read(Fields::of(&spec, "spec", &["hostnames"]).unwrap()).is_err(),
                "{spec}"
            );
        }
    }
}
