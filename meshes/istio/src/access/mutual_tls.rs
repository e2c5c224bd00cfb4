//! `PeerAuthentication`: whether clients have to present a certificate.

use super::selection::{Selector, in_scope, read, unclear};
use super::workload::Workload;
use serde::Deserialize;
use smi_adapter::manifest::NativeObject;
use smi_conformance::NotModelled;
use std::collections::BTreeMap;

/// What the sidecar asks of its clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Mode {
    /// What the wider scope says.
    #[default]
    Unset,
    /// Nobody is asked for a certificate.
    Disable,
    /// Both are taken.
    Permissive,
    /// Plaintext is refused.
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

/// The mode of `port`: never [`Mode::Unset`].
///
/// The oldest object of each scope counts, and the narrowest scope that says something: the port of a
/// workload, the workload, the namespace, the mesh.
pub(super) fn mode(
    objects: &[NativeObject],
    root: &str,
    workload: &Workload<'_>,
    port: u16,
) -> Result<Mode, NotModelled> {
    let (mut mesh, mut namespace, mut pod) = (None, None, None);
    let mut found = in_scope(objects, ("security.istio.io", "PeerAuthentication"), root, workload)?;
    found.sort_by_key(|object| age(object));
    for object in found {
        let spec: Spec = read(object)?;
        let in_root = object.key().namespace == root;
        if spec.selector.match_labels.is_empty() {
            if !spec.port_level_mtls.is_empty() {
                return unclear(object, "ports without a selector, which the webhook refuses");
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
    let whole = [pod.as_ref(), namespace.as_ref(), mesh.as_ref()];
    let whole = whole.into_iter().flatten().map(|spec| spec.mtls.mode);
    let mut said = of_port.map(|port| port.mode).into_iter().chain(whole);
    Ok(said.find(|mode| *mode != Mode::Unset).unwrap_or(Mode::Permissive))
}

/// What has no time yet will be stamped when it is written, after all that are there.
fn age(object: &NativeObject) -> impl Ord + use<> {
    let created = object.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let key = object.key();
    (created.is_none(), created, key.name, key.namespace)
}

#[cfg(test)]
mod tests;
