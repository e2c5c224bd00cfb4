//! Conversions of traffic targets and identity bindings to older versions.

use super::{Lossy, downwards};
use crate::access::{IdentityBinding, Subject, TargetSpec, TrafficTarget, v1alpha1, v1alpha2, v1alpha3, v1alpha4};
use crate::path::FieldPath;
use crate::version::Version;

downwards! {
    TrafficTarget:
    V1Alpha2 v1alpha2::TrafficTarget,
    V1Alpha3 v1alpha3::TrafficTarget,
    V1Alpha4 v1alpha4::TrafficTarget
}

downwards! { IdentityBinding: V1Alpha4 v1alpha4::IdentityBinding }

impl TryFrom<TrafficTarget> for v1alpha1::TrafficTarget {
    type Error = Lossy;

    fn try_from(hub: TrafficTarget) -> Result<Self, Lossy> {
        let hub = hub.expressed_in(Version::V1Alpha1)?;
        let spec = hub.spec.unwrap_or_default();
        Ok(Self {
            metadata: hub.metadata,
            destination: spec.destination,
            sources: spec.sources,
            specs: spec.rules,
        })
    }
}

const GROUP: &str = "access.smi-spec.io";

impl TrafficTarget {
    /// Converts the target to the vocabulary of `version`.
    fn expressed_in(mut self, version: Version) -> Result<Self, Lossy> {
        let (place, rules) = self.places();
        if let Some(spec) = &mut self.spec {
            Lossy::check("TrafficTarget", version, lost(spec, (place.path(), rules), version))?;
            if version < Version::V1Alpha4 {
                for subject in spec.destination.iter_mut().chain(&mut spec.sources) {
                    subject.group.clear();
                }
            }
        }
        Ok(self)
    }
}

/// Returns the fields that version `to` cannot express, as paths in the version that the target was read in.
fn lost(spec: &TargetSpec, (root, rules): (FieldPath, &'static str), to: Version) -> Vec<FieldPath> {
    let destination = spec.destination.iter().map(|subject| {
        let path = root.clone().field("destination");
        (path, subject)
    });
    let sources = spec.sources.iter().enumerate().map(|(index, subject)| {
        let path = root.clone().field("sources").index(index);
        (path, subject)
    });
    let mut lost = Vec::new();
    for (path, subject) in destination.chain(sources) {
        let Subject { group, kind, port, .. } = subject;
        if to < Version::V1Alpha4 && !group.is_empty() && group != GROUP {
            lost.push(path.clone().field("group"));
        }
        if to < Version::V1Alpha4 && kind == "IdentityBinding" {
            lost.push(path.clone().field("kind"));
        }
        if to > Version::V1Alpha2 && port.is_some() {
            lost.push(path.field("port"));
        }
    }
    if to < Version::V1Alpha3 {
        let udp = spec
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.kind == "UDPRoute");
        lost.extend(udp.map(|(index, _)| root.clone().field(rules).index(index).field("kind")));
    }
    lost
}

impl IdentityBinding {
    /// Returns the binding unchanged, because the kind has only one version.
    #[expect(clippy::unnecessary_wraps, reason = "the same method of other kinds can fail")]
    fn expressed_in(self, _: Version) -> Result<Self, Lossy> {
        Ok(self)
    }
}
