//! Matches of a `GRPCRoute`.

use super::fields::{Fields, Read, unmodelled};
use serde_json::Value;

/// A match of calls: a service, a method, or a method of a service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rpc {
    service: Option<String>,
    method: Option<String>,
}

impl Rpc {
    /// Reads a match of exact names.
    pub(super) fn read(value: &Value) -> Read<Self> {
        let fields = Fields::of(value, "match", &["method", "headers"])?;
        if fields
            .list("headers", usize::MAX)?
            .is_some_and(|headers| !headers.is_empty())
        {
            return unmodelled("headers of a GRPCRoute");
        }
        let Some(method) = fields.value("method") else {
            return Ok(Self {
                service: None,
                method: None,
            });
        };
        let fields = Fields::of(method, "method", &["type", "service", "method"])?;
        if fields.text("type", 0..=usize::MAX)?.is_some_and(|kind| kind != "Exact") {
            return unmodelled("a method of a GRPCRoute that is not exact");
        }
        let name = |field| match fields.text(field, 0..=1024)? {
            Some(text) if !is_name(text) => unmodelled(format!("the {field} {text:?} of a GRPCRoute")),
            text => Ok(text.map(str::to_owned)),
        };
        let (service, method) = (name("service")?, name("method")?);
        if service.is_none() && method.is_none() {
            return unmodelled("a method of a GRPCRoute without names");
        }
        Ok(Self { service, method })
    }

    /// Returns `true` if the match takes a call.
    pub(super) fn takes(&self, service: &str, method: &str) -> bool {
        self.service.as_deref().is_none_or(|wanted| wanted == service)
            && self.method.as_deref().is_none_or(|wanted| wanted == method)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn matches_equal_names_where_they_are_given() {
        for (value, expected) in [
            (json!({}), "BC BD XC"),
            (json!({"method": {"service": "a.B", "method": "C"}}), "BC"),
            (
                json!({"method": {"type": "Exact", "service": "a.B"}, "headers": []}),
                "BC BD",
            ),
            (json!({"method": {"method": "C"}}), "BC XC"),
        ] {
            let rpc = Rpc::read(&value).unwrap();
            let calls = [("BC", "a.B", "C"), ("BD", "a.B", "D"), ("XC", "a.X", "C")];
            let taken: Vec<_> = calls
                .iter()
                .filter(|(_, service, method)| rpc.takes(service, method))
                .map(|(name, ..)| *name)
                .collect();
            assert_eq!(taken.join(" "), expected, "{value}");
        }
    }

    #[test]
    fn does_not_model_other_matches() {
        for value in [
            json!({"headers": [{"name": "x", "value": "1"}]}),
            json!({"method": {"type": "RegularExpression", "service": ".*"}}),
            json!({"method": {}}),
            json!({"method": {"service": ""}}),
            json!({"method": {"service": "a/b"}}),
        ] {
            assert!(Rpc::read(&value).is_err(), "{value}");
        }
    }
}
