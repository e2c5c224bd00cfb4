//! Laws about the shape of native objects: sources, kinds, names and sizes.

use super::{Asks, Fault, Known, Subject, Tally, hold, plan};
use crate::Case;
use crate::edits::is;
use crate::extremes::{multiply, rename};
use crate::world::NAMESPACES;
use serde_json::Value;
use smi_adapter::adapter::{Feature, Support};
use smi_adapter::diagnostic::Effect;
use smi_adapter::manifest::{NativeObject, Stage};
use smi_adapter::model::access::Granted;
use smi_adapter::model::{Policy, PolicyKey};
use smi_adapter::object::{Kind, ObjectKey, ObjectRef, UNKNOWN_NAME, is_dns_label, is_dns_subdomain};
use smi_adapter::plan::Planned;
use smi_adapter::settings::Scope;
use std::collections::BTreeSet;

/// The classes that [`within_limits`] must have tried.
pub(super) const EXTREMES: &[&str] = &[
    "many backends",
    "many matches",
    "many header filters",
    "long patterns",
    "many splits",
    "many targets",
    "many sources",
];

/// The maximum length of a name that an adapter chooses, and of the value of a label.
const NAME: usize = 63;
/// The maximum size of all annotations of an object, in bytes.
const ANNOTATIONS: usize = 262_144;
/// The maximum size of an object, in bytes of JSON.
const OBJECT: usize = 1_500_000;
/// The maximum size of a spec, in bytes of JSON.
const SPEC: usize = 1_000_000;

pub(super) fn honest(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let planned = plan(subject, case, &case.documents, tally)?;
    let sources: BTreeSet<&ObjectRef> = planned
        .manifests
        .iter()
        .flat_map(|manifest| &manifest.sources)
        .collect();
    let reported: BTreeSet<&ObjectRef> = planned
        .diagnostics
        .iter()
        .map(|diagnostic| &diagnostic.object)
        .collect();
    let is_reported = |object: &ObjectRef| reported.iter().any(|reported| is_meant(reported, object));
    let known = Known::of(&case.snapshot(), &case.settings);
    for diagnostic in planned.diagnostics.iter().filter(|it| !known.contains(it)) {
        *tally.deviations.entry(diagnostic.code.to_string()).or_default() += 1;
    }
    for document in &case.documents {
        let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = Some(text("/metadata/name")).filter(|name| !name.is_empty());
        let key = ObjectKey::new(text("/metadata/namespace"), name.unwrap_or(UNKNOWN_NAME));
        let Some(kind) = Kind::SMI.into_iter().find(|kind| is(document, kind.name())) else {
            continue;
        };
        let object = ObjectRef::new(kind, key);
        let in_scope = case.settings.scope.contains(&object.key.namespace);
        let is_source = sources.contains(&object);
        hold!(
            !in_scope || is_source || is_reported(&object),
            "{object} is dropped silently: it is not a source of any native object, and there is no diagnostic on it"
        );
        hold!(
            !in_scope || accounted(&planned, &object),
            "{object} is dropped silently: no native object puts a part of it in force, and no diagnostic on it says that \
             a part is not in force"
        );
        let silent_split = in_scope && !is_source && object.kind == Kind::TrafficSplit;
        tally.coverage.note_if(silent_split, "a split without native objects");
    }
    for (_, policy) in planned.model.policies() {
        if let Policy::Baseline(baseline) = policy {
            let namespace = ObjectRef::namespace(baseline.namespace());
            unsupported(subject, &[Feature::DenyByDefault], &namespace, &reported)?;
        }
    }
    for manifest in &planned.manifests {
        let asks = if manifest.policy.is_access() {
            Asks::Access
        } else {
            Asks::Routing
        };
        hold!(
            asks.is_supported(subject.adapter),
            "{} is written for `{}`, but the adapter declares that it does not support such policies",
            manifest.object.reference(),
            manifest.policy
        );
    }
    for access in planned.model.accesses() {
        for grant in access.grants() {
            let feature = match grant.traffic() {
                Granted::Tcp => Feature::TcpAccess,
                Granted::Http(_) => Feature::HttpAccess,
                Granted::Udp => Feature::UdpAccess,
            };
            tally.coverage.note("a grant in force");
            unsupported(
                subject,
                &[feature],
                &ObjectRef::target(grant.target().clone()),
                &reported,
            )?;
        }
    }
    for route in planned.model.routes() {
        for port in route.ports() {
            for conditional in port.conditional() {
                tally.coverage.note("a split with matches in force");
                let split = ObjectRef::split(conditional.split().key().clone());
                unsupported(subject, &[Feature::ConditionalSplit], &split, &reported)?;
            }
            if let Some(default) = port.default() {
                let split = ObjectRef::split(default.key().clone());
                unsupported(subject, &[Feature::HttpSplit, Feature::TcpSplit], &split, &reported)?;
            }
        }
    }
    Ok(())
}

/// Returns `true` if a diagnostic is about an object. The object may be written in another API group than it is meant for,
/// which its diagnostic names.
fn is_meant(reported: &ObjectRef, object: &ObjectRef) -> bool {
    reported.key == object.key && reported.kind.name() == object.kind.name()
}

/// Returns `true` if a native object puts some part of a split or a target in force, or a diagnostic on it says that some part
/// is not. Other objects have no effect of their own.
fn accounted(planned: &Planned, object: &ObjectRef) -> bool {
    let stage = match object.kind {
        Kind::TrafficSplit => Stage::Route,
        Kind::TrafficTarget => Stage::Grant,
        _ => return true,
    };
    let mut own = planned.manifests.iter().filter(|manifest| manifest.stage == stage);
    let mut diagnostics = planned.diagnostics.iter().filter(|it| is_meant(&it.object, object));
    own.any(|manifest| manifest.sources.contains(object))
        || diagnostics.any(|diagnostic| diagnostic.code.effect() != Effect::InForce)
}

/// Checks that an object in force is reported if the adapter does not support its features at all.
fn unsupported(
    subject: &Subject<'_>,
    features: &[Feature],
    object: &ObjectRef,
    reported: &BTreeSet<&ObjectRef>,
) -> Result<(), Box<Fault>> {
    for feature in features {
        if let Support::None(why) = subject.adapter.support(*feature) {
            hold!(
                reported.contains(object),
                "{feature:?} is not supported ({why}), but there is no diagnostic on {object}"
            );
        }
    }
    Ok(())
}

pub(super) fn declared_kinds(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let name = subject.adapter.name();
    hold!(
        is_dns_label(name),
        "the adapter's name `{name}` is not a valid DNS label"
    );
    declared(subject, case, tally)?;
    // Few worlds have a scope of their own.
    for namespace in NAMESPACES {
        let mut scoped = case.clone();
        scoped.settings.scope = Scope::Namespaces([namespace.to_owned()].into());
        declared(subject, &scoped, tally)?;
    }
    Ok(())
}

fn declared(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let planned = plan(subject, case, &case.documents, tally)?;
    let scoped = case.settings.scope != Scope::All && !planned.manifests.is_empty();
    tally.coverage.note_if(scoped, "world with a scope");
    let kinds = subject.adapter.kinds();
    for manifest in &planned.manifests {
        let object = manifest.object.reference();
        hold!(
            kinds.contains(&object.kind),
            "{object} has a kind that the adapter does not list"
        );
        let namespace = manifest.policy.namespace();
        hold!(
            object.key.namespace == namespace,
            "{object} is outside the namespace `{namespace}` of its policy"
        );
        hold!(case.settings.scope.contains(namespace), "{object} is out of scope");
        hold!(
            planned.model.policy(&manifest.policy).is_some(),
            "{object} belongs to a policy that does not exist"
        );
    }
    Ok(())
}

pub(super) fn valid_names(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let mut dice = case.dice();
    let renamed = rename(&case.documents, &mut dice);
    for documents in [&case.documents, &renamed] {
        let planned = plan(subject, case, documents, tally)?;
        let mut names = BTreeSet::new();
        for manifest in &planned.manifests {
            let object = manifest.object.reference();
            let name = &object.key.name;
            hold!(
                is_dns_subdomain(name),
                "{object} has a name that is not a valid DNS subdomain"
            );
            // The adapter does not choose the host that clients call, by which some meshes find objects.
            let is_host = match &manifest.policy {
                PolicyKey::Route(root) => {
                    *name == format!("{}.{}.svc.{}", root.name, root.namespace, case.settings.cluster_domain)
                }
                _ => false,
            };
            hold!(
                name.len() <= NAME || is_host,
                "{object} has a name that is longer than {NAME} characters"
            );
            hold!(
                names.insert(object.clone()),
                "{object} is written twice: two objects have the same name"
            );
        }
    }
    Ok(())
}

pub(super) fn within_limits(subject: &Subject<'_>, case: &Case, tally: &mut Tally) -> Result<(), Box<Fault>> {
    let mut dice = case.dice();
    let (class, many) = multiply(&case.documents, &mut dice);
    let planned = plan(subject, case, &many, tally)?;
    // An adapter that cannot express the policies writes nothing, which is within every limit.
    let has_policies = planned.model.policies().next().is_some();
    tally.coverage.note_if(has_policies, class);
    for manifest in &planned.manifests {
        let object = &manifest.object;
        general(object)?;
        (subject.limits)(object).map_err(|why| format!("{}: {why}", object.reference()))?;
    }
    Ok(())
}

/// Checks the limits of objects of every kind.
fn general(object: &NativeObject) -> Result<(), Box<Fault>> {
    let name = object.reference();
    for (label, value) in object.metadata.labels.iter().flatten() {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let edges = [value.bytes().next(), value.bytes().last()];
        let alphanumeric_edges = edges.into_iter().flatten().all(|b| b.is_ascii_alphanumeric());
        hold!(
            value.len() <= NAME && value.bytes().all(inner) && alphanumeric_edges,
            "{name} has the label `{label}` with the value `{value}`, which API servers reject"
        );
    }
    let annotations = object.metadata.annotations.iter().flatten();
    let size: usize = annotations.map(|(name, value)| name.len() + value.len()).sum();
    hold!(
        size <= ANNOTATIONS,
        "{name} has {size} bytes of annotations; API servers accept {ANNOTATIONS}"
    );
    let spec = object.spec.to_string().len();
    hold!(
        spec <= SPEC,
        "{name} has a spec of {spec} bytes; at most {SPEC} bytes are safe"
    );
    let all = object.to_value().to_string().len();
    hold!(
        all <= OBJECT,
        "{name} has {all} bytes; API servers store about {OBJECT}"
    );
    Ok(())
}
