//! Mutants whose output is invalid, whatever its meaning.

use super::How::{Blind, Covered, Documents, Stale, Translate, Whole};
use super::{Law, Mutant, documents};
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::engine::Edit;
use smi_adapter::manifest::Manifest;
use smi_adapter::model::Policy;
use smi_adapter::object::{Kind, ObjectRef};
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "it panics on three splits of one root",
        Law::Total,
        Translate(|policy, translate| {
            if let Policy::Route(route) = policy {
                assert!(route.splits().len() < 3, "too many splits");
            }
            translate(policy)
        }),
    ),
    Mutant::new(
        "a list is in the order of a HashMap",
        Law::Deterministic,
        Whole(|whole| {
            let numbers: HashSet<u8> = (0..8).collect();
            annotate(&mut whole.manifests, &format!("{numbers:?}"));
        }),
    ),
    Mutant::new(
        "of an object that comes twice the first one counts",
        Law::OrderFree,
        Documents(documents::first_of_two),
    ),
    Mutant::new(
        "a split or target is dropped silently",
        Law::Honest,
        Whole(|whole| {
            let sources = whole.manifests.iter().flat_map(|manifest| &manifest.sources);
            let policies =
                sources.filter(|source| source.kind == Kind::TrafficSplit || source.kind == Kind::TrafficTarget);
            if let Some(gone) = policies.max().cloned() {
                whole.manifests.retain(|manifest| !manifest.sources.contains(&gone));
                whole.diagnostics.retain(|diagnostic| diagnostic.object != gone);
            }
        }),
    ),
    Mutant::new(
        "diagnostics of the mesh are dropped",
        Law::Faithful,
        Translate(|policy, translate| {
            let mut translation = translate(policy);
            translation.diagnostics.clear();
            translation
        }),
    ),
    Mutant::new(
        "every split is reported as rounded",
        Law::Sound,
        Translate(|policy, translate| {
            let mut translation = translate(policy);
            if let Policy::Route(route) = policy {
                for split in route.splits() {
                    let object = ObjectRef::split(split.key().clone());
                    let (code, field) = (Code::WeightRounded, "spec.backends".into());
                    translation.report(Diagnostic::new(code, object, field, "shares are rounded"));
                }
            }
            translation
        }),
    ),
    Mutant::new(
        "a kind that is not listed",
        Law::DeclaredKinds,
        Whole(|whole| {
            for manifest in &mut whole.manifests {
                manifest.object.kind = Kind::new(&["example.com", "v1", "Other", "others"]);
            }
        }),
    ),
    Mutant::new(
        "everything is written into one namespace",
        Law::DeclaredKinds,
        Whole(|whole| {
            for manifest in &mut whole.manifests {
                manifest.object.metadata.namespace = Some("mesh-system".into());
            }
        }),
    ),
    Mutant::new(
        "names are not cut",
        Law::ValidNames,
        Whole(|whole| {
            for name in whole
                .manifests
                .iter_mut()
                .filter_map(|manifest| manifest.object.metadata.name.as_mut())
            {
                *name = format!("smi-adapter-{name}-{name}");
            }
        }),
    ),
    Mutant::new(
        "one name for all policies",
        Law::ValidNames,
        Whole(|whole| {
            for manifest in &mut whole.manifests {
                manifest.object.metadata.name = Some("smi".into());
            }
        }),
    ),
    Mutant::new(
        "names depend on the content of the object",
        Law::StableNames,
        Whole(|whole| {
            for manifest in &mut whole.manifests {
                let length = manifest.object.spec.to_string().len();
                let name = format!("{}-{length}", manifest.object.key().name);
                manifest.object.metadata.name = Some(name);
            }
        }),
    ),
    Mutant::new(
        "objects know of other policies",
        Law::Local,
        Whole(|whole| {
            let count = whole.manifests.len().to_string();
            annotate(&mut whole.manifests, &count);
        }),
    ),
    Mutant::new(
        "an annotation is larger than an API server takes",
        Law::WithinLimits,
        Whole(|whole| {
            annotate(&mut whole.manifests, &"x".repeat(300_000));
        }),
    ),
    Mutant::new(
        "what changes with every plan is written",
        Law::Converges,
        Whole(count_calls),
    ),
    Mutant::new("workloads that are not listed are absent", Law::Converges, Covered),
    Mutant::new("every plan writes", Law::Idempotent, Whole(count_calls)),
    Mutant::new("edits of others are not seen", Law::Repairs, Blind),
    Mutant::new("what was written is not found again", Law::CleanDelete, Blind),
    Mutant::new("it does not see what others own", Law::TwoOwners, Blind),
    Mutant::new("what was there before stays", Law::HistoryFree, Blind),
    Mutant::new(
        "the engine does not notice that an object is gone",
        Law::Incremental,
        Stale(|edit| matches!(edit, Edit::Gone(_))),
    ),
    Mutant::new(
        "the engine does not notice that others delete its objects",
        Law::Incremental,
        Stale(|edit| matches!(edit, Edit::NativeGone(_))),
    ),
    Mutant::new(
        "the oldest version is passed over",
        Law::VersionFree,
        Documents(documents::old_version),
    ),
];

fn annotate(manifests: &mut [Manifest], text: &str) {
    for manifest in manifests {
        let annotation = BTreeMap::from([("mutant".to_owned(), text.to_owned())]);
        manifest
            .object
            .metadata
            .annotations
            .get_or_insert_default()
            .extend(annotation);
    }
}

fn count_calls(whole: &mut smi_adapter::adapter::Translation) {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let calls = CALLS.fetch_add(1, Ordering::Relaxed).to_string();
    annotate(&mut whole.manifests, &calls);
}
