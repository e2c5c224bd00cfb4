//! Benchmarks of parsing, resolving, translating and planning, for routing and access control.
//!
//! Each is compared with its floor: the time that `serde_json` alone needs to read the same input into the same types,
//! or to write the same output.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::pattern::{Anchor, Pattern};
use smi_adapter::plan::MeshAdapterExt;
use smi_adapter::plan::Observed;
use smi_adapter::resolve::resolve;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use smi_adapter_istio::Istio;
use smi_adapter_linkerd::Linkerd;
use smi_benches::{objects, overlapping, snapshot, targets};
use smi_types::{Object, specs, split};
use std::hint::black_box;
use std::time::Duration;

const SIZES: [usize; 3] = [10, 1_000, 10_000];

/// The patterns that are most expensive to lower: large counts, many branches, and texts that are proved one by one.
const WORST: [&str; 4] = [
    "(?:[a-z]{1,30}/){8}",
    "(?i)[a-z]{0,300}",
    "/(?:a|b|c|d)(?:e|f|g|h)(?:i|j|k|l)(?:/.*)?",
    "(?:.*a){60}",
];

fn parse(criterion: &mut Criterion) {
    let objects: Vec<(bool, Vec<u8>)> = objects(1_000)
        .iter()
        .map(|object| (object["kind"] == "TrafficSplit", object.to_string().into_bytes()))
        .collect();
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements(objects.len() as u64));
    group.bench_function("object", |bencher| {
        bencher.iter(|| {
            objects
                .iter()
                .filter(|(_, json)| Object::from_json(black_box(json)).is_ok())
                .count()
        });
    });
    group.bench_function("floor", |bencher| {
        bencher.iter(|| {
            let typed = objects.iter().filter(|(is_split, json)| {
                if *is_split {
                    serde_json::from_slice::<split::v1alpha4::TrafficSplit>(black_box(json)).is_ok()
                } else {
                    serde_json::from_slice::<specs::v1alpha4::HTTPRouteGroup>(black_box(json)).is_ok()
                }
            });
            typed.count()
        });
    });
    group.finish();
}

fn route(criterion: &mut Criterion) {
    work(criterion, "route", &SIZES, snapshot);
}

fn access(criterion: &mut Criterion) {
    work(criterion, "access", &SIZES, targets);
}

/// Measures inputs that are made to be expensive.
fn worst(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("worst");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    for pattern in WORST {
        let parsed = Pattern::new(pattern, Anchor::Full);
        assert!(parsed.is_ok(), "{pattern}");
        group.bench_function(format!("lower {pattern}"), |bencher| {
            bencher.iter(|| black_box(&parsed).as_ref().ok().and_then(Pattern::lower));
        });
    }
    let settings = Settings::default();
    for size in [100, 1_000] {
        let snapshot = overlapping(size);
        group.bench_function(
            BenchmarkId::new("resolve workloads that select each other", size),
            |bencher| {
                bencher.iter(|| resolve(black_box(&snapshot), &settings).diagnostics.len());
            },
        );
    }
    group.finish();
}

fn work(criterion: &mut Criterion, name: &str, sizes: &[usize], snapshot: fn(usize) -> Snapshot) {
    let settings = Settings::default();
    let adapters: [&dyn MeshAdapter; 2] = [&Istio::default(), &Linkerd::default()];
    for size in sizes.iter().copied() {
        let snapshot = snapshot(size);
        let model = resolve(&snapshot, &settings).model;
        let mut group = criterion.benchmark_group(name);
        group
            .throughput(Throughput::Elements(size as u64))
            .sample_size(10)
            .warm_up_time(Duration::from_secs(1));
        let mut run = |name: String, work: &mut dyn FnMut() -> usize| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| bencher.iter(&mut *work));
        };
        run("resolve".into(), &mut || {
            resolve(black_box(&snapshot), &settings).diagnostics.len()
        });
        for adapter in adapters {
            let name = adapter.name();
            let planned = adapter.plan(&snapshot, &settings, &Observed::default());
            let objects: Vec<_> = planned.manifests.into_iter().map(|manifest| manifest.object).collect();
            let converged = Observed::new(name, &settings, objects.iter().cloned());
            let again = adapter.plan(&snapshot, &settings, &converged);
            assert_eq!(again.plan.actions, [], "the plan converges");

            run(format!("translate {name}"), &mut || {
                let policies = model.policies().map(|(_, policy)| policy);
                policies
                    .map(|policy| adapter.translate(black_box(policy)).manifests.len())
                    .sum()
            });
            run(format!("floor {name}, serialise the output"), &mut || {
                let written = objects.iter().filter_map(|object| {
                    let whole = (&object.metadata, &object.spec);
                    serde_json::to_vec(black_box(&whole)).ok()
                });
                written.map(|json| json.len()).sum()
            });
            run(format!("plan {name}, all new"), &mut || {
                adapter
                    .plan(black_box(&snapshot), &settings, &Observed::default())
                    .plan
                    .actions
                    .len()
            });
            run(format!("plan {name}, nothing to do"), &mut || {
                adapter
                    .plan(black_box(&snapshot), &settings, &converged)
                    .plan
                    .actions
                    .len()
            });
        }
        group.finish();
    }
}

criterion_group!(benches, parse, route, access, worst);
criterion_main!(benches);
