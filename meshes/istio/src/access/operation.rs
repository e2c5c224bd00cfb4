//! `Operation`: requirements on the request or connection.

use super::context::Context;
use super::logic::{all, listed};
use super::{header, not_modelled, template, text};
use serde::Deserialize;
use smi_conformance::NotModelledError;

/// `Operation`. An empty list requires nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Operation {
    hosts: Vec<String>,
    not_hosts: Vec<String>,
    ports: Vec<String>,
    not_ports: Vec<String>,
    methods: Vec<String>,
    not_methods: Vec<String>,
    paths: Vec<String>,
    not_paths: Vec<String>,
}

impl Operation {
    fn about_requests(&self) -> [&Vec<String>; 6] {
        [
            &self.hosts,
            &self.not_hosts,
            &self.methods,
            &self.not_methods,
            &self.paths,
            &self.not_paths,
        ]
    }

    pub(super) fn is_about_requests(&self) -> bool {
        self.about_requests().iter().any(|list| !list.is_empty())
    }

    pub(super) fn check(&self) -> Result<(), NotModelledError> {
        let lists = || self.about_requests().into_iter().chain([&self.ports, &self.not_ports]);
        if lists().all(Vec::is_empty) {
            return not_modelled("an empty operation, which the webhook rejects");
        }
        if lists().flatten().any(String::is_empty) {
            return not_modelled("an empty value, which the webhook rejects");
        }
        let mut paths = self.paths.iter().chain(&self.not_paths);
        if let Some(path) = paths.find(|path| !template::is_template(path) && path.contains(['{', '}'])) {
            return not_modelled(format!("the path `{path}`, which the webhook rejects"));
        }
        Ok(())
    }

    pub(super) fn matches(&self, context: &Context<'_>) -> Result<bool, NotModelledError> {
        let ports = listed(&self.ports, &self.not_ports, |value| is_port(context, value));
        let Some(parsed) = context.request else {
            return ports;
        };
        all([
            ports,
            listed(&self.methods, &self.not_methods, |value| {
                text::is(value, &parsed.method)
            }),
            listed(&self.paths, &self.not_paths, |value| is_path(value, &parsed.path)),
            listed(&self.hosts, &self.not_hosts, |value| {
                header::is_host(context, parsed, value)
            }),
        ])
    }
}

/// Returns `true` if `value` is the destination port of the pod.
pub(super) fn is_port(context: &Context<'_>, value: &str) -> Result<bool, NotModelledError> {
    match value.parse::<u16>() {
        Ok(port) if value.bytes().all(|byte| byte.is_ascii_digit()) => Ok(port == context.port),
        _ => not_modelled(format!("the port `{value}`")),
    }
}

/// Returns `true` if the normalised path matches `value`.
fn is_path(value: &str, path: &str) -> Result<bool, NotModelledError> {
    if template::is_template(value) {
        template::matches(value, path)
    } else {
        text::is(value, path)
    }
}

#[cfg(test)]
mod tests;
