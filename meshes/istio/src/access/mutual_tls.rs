//! `PeerAuthentication`: the mode of mutual TLS for inbound connections.

use super::selection::{Selector, in_scope, read, unclear};
use super::workload::Workload;
use serde::Deserialize;
use smi_adapter::manifest::NativeObject;
use smi_conformance::NotModelledError;
use std::collections::BTreeMap;

/// The mode of mutual TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Mode {
    /// The mode of the wider scope applies.
    #[default]
    Unset,
    /// No client is asked for a certificate.
    Disable,
    /// Mutual TLS and plaintext are accepted.
    Permissive,
    /// Plaintext is rejected.
    Strict,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MutualTls {
    mode: Mode,
}

/// `PeerAuthentication`
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    selector: Selector,
    mtls: MutualTls,
    port_level_mtls: BTreeMap<String, MutualTls>,
}

/// Returns the mode of `port`, which is never [`Mode::Unset`].
///
/// The oldest object of each scope applies. The narrowest scope with a mode wins: the port of a workload, then the
/// workload, then the namespace, then the mesh.
pub(super) fn mode(
    objects: &[NativeObject],
    root: &str,
    workload: &Workload<'_>,
    port: u16,
) -> Result<Mode, NotModelledError> {
    let (mut mesh, mut namespace, mut pod) = (None, None, None);
    let mut found = in_scope(objects, ("security.istio.io", "PeerAuthentication"), root, workload)?;
    found.sort_by_key(|object| age(object));
    for object in found {
        let spec: Spec = read(object)?;
        let in_root = object.key().namespace == root;
        if spec.selector.match_labels.is_empty() {
            if !spec.port_level_mtls.is_empty() {
                return unclear(object, "ports without a selector, which the webhook rejects");
            }
            let scope = if in_root { &mut mesh } else { &mut namespace };
            scope.get_or_insert(spec);
        } else if !in_root && workload.has(&spec.selector.match_labels) {
            if spec.port_level_mtls.contains_key(&port.to_string()) && !workload.is_declared(port) {
                return unclear(object, "a port that no service declares");
            }
            pod.get_or_insert(spec);
        }
    }
    let of_port = pod.as_ref().and_then(|pod| pod.port_level_mtls.get(&port.to_string()));
    let specs = [pod.as_ref(), namespace.as_ref(), mesh.as_ref()];
    let whole = specs.into_iter().flatten().map(|spec| spec.mtls.mode);
    let mut modes = of_port.map(|port| port.mode).into_iter().chain(whole);
    Ok(modes.find(|mode| *mode != Mode::Unset).unwrap_or(Mode::Permissive))
}

/// Returns a sort key for age. An object without a creation time is created last, when it is written.
fn age(object: &NativeObject) -> impl Ord + use<> {
    let created = object.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let key = object.key();
    (created.is_none(), created, key.name, key.namespace)
}

#[cfg(test)]
mod tests;
