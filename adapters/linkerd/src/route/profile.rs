//! Translation of splits to the overrides of a `ServiceProfile`, in the format of the SMI extension of Linkerd.

use super::{Translator, rounded};
use crate::Linkerd;
use crate::native::{DstOverride, ServiceProfile};
use smi_adapter::diagnostic::{Code, Diagnostic, PortSet};
use smi_adapter::manifest::Stage;
use smi_adapter::model::route::{Backend, PortRoute, PortSplit};
use smi_adapter::object::{ObjectKey, ObjectRef};
use smi_adapter::weights::bounded;
use std::collections::{BTreeMap, BTreeSet};

/// The largest sum of weights. The proxy multiplies weights by 10,000 and adds them in 32 bits; on overflow it crashes.
const MAX_WEIGHT: u32 = 1_000;

/// Translates the root to one profile. A profile has neither matches nor ports, so the split without matches must be
/// the same on every port.
pub(super) fn translate(translator: &mut Translator<'_>, linkerd: &Linkerd, root: &ObjectKey) {
    let mut ports: Vec<&PortRoute> = translator.route.ports().iter().collect();
    ports.retain(|port| !translator.is_ignored(linkerd, port));
    let conditional = ports.iter().flat_map(|port| {
        let splits = port.conditional().iter();
        splits.map(|conditional| (conditional.split(), port.port()))
    });
    let message = "a ServiceProfile has no matches, so the split is not in force in this mode";
    leave_out(translator, conditional, message);
    let splits: Vec<&PortSplit> = ports.iter().filter_map(|port| port.default()).collect();
    let Some(split) = splits.first().copied() else {
        return;
    };
    // Ports without a split in force also count: a profile applies to every port of the root.
    let all_ports = translator.route.service().tcp_ports().iter();
    let seen = all_ports.filter(|port| !linkerd.ignored_ports.contains(port));
    if splits.len() != seen.count() || splits.iter().any(|other| *other != split) {
        return all_left_out(translator, &ports);
    }
    let exact: Vec<u128> = split.backends().iter().map(Backend::weight).collect();
    if exact.len() > MAX_WEIGHT as usize {
        return all_left_out(translator, &ports);
    }
    let weights = bounded(&exact, MAX_WEIGHT);
    if let Some(error) = weights.error {
        let message =
            format!("weights are rounded to the range that Linkerd supports; no share is off by more than {error}");
        translator.translation.report(rounded(split, error, message));
    }
    let domain = translator.route.cluster_domain();
    let host = |service: &str| format!("{service}.{}.svc.{domain}", root.namespace);
    let overrides = split.backends().iter().zip(weights.weights);
    let spec = ServiceProfile {
        dst_overrides: overrides
            .map(|(backend, weight)| DstOverride {
                authority: host(backend.service()),
                weight: weight.to_string(),
            })
            .collect(),
    };
    // The mesh looks a profile up by this name, so the adapter cannot choose another one.
    let name = host(&root.name);
    translator
        .translation
        .emit(translator.policy, Stage::Route, &name, &spec);
}

/// Reports every split without matches as not in force.
fn all_left_out(translator: &mut Translator<'_>, ports: &[&PortRoute]) {
    let defaults = ports
        .iter()
        .filter_map(|port| port.default().map(|split| (split, port.port())));
    let message = "a ServiceProfile splits every port in the same way, and this split differs between ports, so it is not in force";
    leave_out(translator, defaults, message);
}

/// Reports each split once, with the ports on which it is not in force.
fn leave_out<'a>(translator: &mut Translator<'_>, splits: impl Iterator<Item = (&'a PortSplit, u16)>, message: &str) {
    let mut ports: BTreeMap<&ObjectKey, BTreeSet<u16>> = BTreeMap::new();
    for (split, port) in splits {
        ports.entry(split.key()).or_default().insert(port);
    }
    for (split, ports) in ports {
        let object = ObjectRef::split(split.clone());
        let disabled = Diagnostic::new(Code::Inexpressible, object, "spec.service".into(), message);
        translator.translation.report(disabled.on_ports(PortSet::Only(ports)));
    }
}
