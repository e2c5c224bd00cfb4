//! Prints what the library costs, as ratios to the floor within one run, which depend little on the machine.
//!
//! The floor of an object is `serde_json` alone: it reads the same JSON bytes into the same types, and writes the same
//! native JSON bytes. All times are CPU times of this thread, and the two sides take turns. Run it with
//! `cargo bench --package smi-benches --bench ratios`; `-- --large` measures growth up to 100,000.

use cpu_time::ThreadTime;
use serde_json::Value;
use smi_adapter::adapter::MeshAdapter;
use smi_adapter::engine::Engine;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectRef;
use smi_adapter::plan::{MeshAdapterExt, Observed, Planned};
use smi_adapter::resolve::resolve;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::Snapshot;
use smi_adapter_istio::Istio;
use smi_adapter_linkerd::Linkerd;
use smi_benches::{Tree, feed, guarded, mixed, services, snapshot, split as split_of, target, targets, workload};
use smi_types::{Object, access, specs, split};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::hint::black_box;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let (rounds, sizes): (usize, &[usize]) = match (has("--test"), has("--large")) {
        (true, _) => (1, &[10, 20]),
        (false, false) => (200, &[1_000, 10_000]),
        (false, true) => (200, &[1_000, 10_000, 100_000]),
    };
    let adapters: [&dyn MeshAdapter; 2] = [&Istio::default(), &Linkerd::default()];
    for adapter in adapters {
        for backends in [2, 5] {
            let mut shop = Snapshot::default();
            shop.extend(services(0, backends));
            let name = format!("split with {backends} backends, {}", adapter.name());
            whole_path(&name, adapter, &shop, &[split_of(0, backends)], rounds);
        }
        for patterns in [1, 12] {
            let name = format!("target with {patterns} patterns, {}", adapter.name());
            whole_path(&name, adapter, &workload(), &guarded(patterns), rounds);
        }
    }
    for size in sizes.iter().copied() {
        for adapter in adapters {
            edits(adapter, size, rounds);
        }
    }
    for (name, make) in [
        ("splits", snapshot as fn(usize) -> Snapshot),
        ("targets", targets),
        ("mixed", mixed),
    ] {
        for adapter in adapters {
            growth(name, adapter, make, sizes);
        }
    }
    memory(sizes.first().copied().unwrap_or(1));
}

/// Prints the cost of some objects from their JSON bytes to the JSON bytes of native objects.
fn whole_path(name: &str, adapter: &dyn MeshAdapter, rest: &Snapshot, objects: &[Value], rounds: usize) {
    let settings = Settings::default();
    let inputs: Vec<Vec<u8>> = objects.iter().map(|object| object.to_string().into_bytes()).collect();
    let mut snapshot = rest.clone();
    let mut ours = || {
        for input in &inputs {
            snapshot.extend([Object::from_json(black_box(input))]);
        }
        let planned = adapter.plan(&snapshot, &settings, &Observed::default());
        let manifests = planned.manifests.iter();
        manifests
            .filter_map(|manifest| manifest.object.to_json().ok())
            .map(|json| json.len())
            .sum::<usize>()
    };
    let written = ours();
    let mut snapshot = rest.clone();
    snapshot.extend(inputs.iter().map(|input| Object::from_json(input)));
    let planned = adapter.plan(&snapshot, &settings, &Observed::default());
    let outputs: Vec<Tree> = planned
        .manifests
        .iter()
        .map(|manifest| manifest.object.to_value().into())
        .collect();
    let floor = || {
        let read = inputs
            .iter()
            .zip(objects)
            .filter(|(input, object)| match object["kind"].as_str() {
                Some("TrafficSplit") => reads::<split::v1alpha4::TrafficSplit>(input),
                Some("TrafficTarget") => reads::<access::v1alpha3::TrafficTarget>(input),
                _ => reads::<specs::v1alpha4::HTTPRouteGroup>(input),
            });
        let read = read.count();
        let written = outputs
            .iter()
            .filter_map(|output| serde_json::to_vec(black_box(output)).ok());
        (read, written.map(|json| json.len()).sum::<usize>())
    };
    assert_eq!(floor(), (objects.len(), written), "the floor reads and writes the same");
    let region = Region::new(ALLOCATOR);
    ours();
    let used = region.change();
    let (mut times, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        times.push(time(|| (0..20).map(|_| ours()).sum::<usize>()));
        floors.push(time(|| (0..20).map(|_| floor().1).sum::<usize>()));
    }
    let (ours, floor) = (median(&mut times) / 20, median(&mut floors) / 20);
    println!(
        "{name}: {:.1} × floor ({:.1} µs, floor {:.1} µs), {} allocations, {} bytes",
        ratio(ours, floor),
        ours.as_secs_f64() * 1e6,
        floor.as_secs_f64() * 1e6,
        used.allocations,
        used.bytes_allocated
    );
}

fn reads<T: serde::de::DeserializeOwned>(json: &[u8]) -> bool {
    serde_json::from_slice::<T>(black_box(json)).is_ok()
}

/// Prints the time of each stage for clusters of growing size, and the exponent of its growth.
fn growth(name: &str, adapter: &dyn MeshAdapter, make: fn(usize) -> Snapshot, sizes: &[usize]) {
    let settings = Settings::default();
    let mut before: Option<(usize, Vec<Duration>)> = None;
    for size in sizes.iter().copied() {
        let snapshot = make(size);
        let planned = adapter.plan(&snapshot, &settings, &Observed::default());
        let live = planned.manifests.iter().map(|manifest| manifest.object.clone());
        let converged = Observed::new(adapter.name(), &settings, live);
        let stages: [(&str, &dyn Fn() -> usize); 4] = [
            ("resolve", &|| resolve(&snapshot, &settings).diagnostics.len()),
            ("plan, all new", &|| {
                adapter
                    .plan(&snapshot, &settings, &Observed::default())
                    .plan
                    .actions
                    .len()
            }),
            ("plan, nothing to do", &|| {
                adapter.plan(&snapshot, &settings, &converged).plan.actions.len()
            }),
            ("status of all", &|| status_of_all(&planned, &snapshot)),
        ];
        let mut times = Vec::new();
        for (stage, run) in stages {
            let mut runs: Vec<Duration> = (0..3).map(|_| time(run)).collect();
            let took = median(&mut runs);
            let exponent = before.as_ref().and_then(|(smaller, earlier)| {
                let factor = ratio(took, *earlier.get(times.len())?);
                let growth = float(size) / float(*smaller);
                Some(format!(", n^{:.2}", factor.ln() / growth.ln()))
            });
            println!(
                "{name}, {size}, {}, {stage}: {:.1} ms{}",
                adapter.name(),
                took.as_secs_f64() * 1e3,
                exponent.unwrap_or_default()
            );
            times.push(took);
        }
        before = Some((size, times));
    }
}

fn status_of_all(planned: &Planned, snapshot: &Snapshot) -> usize {
    let splits = snapshot.splits().map(|(key, _)| ObjectRef::split(key.clone()));
    let targets = snapshot.targets().map(|(key, _)| ObjectRef::target(key.clone()));
    let all = splits.chain(targets).map(|object| planned.status(&object));
    all.map(|status| status.diagnostics.len() + status.shares.len()).sum()
}

/// Prints the time from the JSON bytes of one edited object to the actions of an engine, beside that of a whole plan.
fn edits(adapter: &dyn MeshAdapter, size: usize, rounds: usize) {
    let settings = Settings::default();
    let snapshot = mixed(size);
    let mut engine = Engine::new(adapter, settings.clone());
    let first = time(|| {
        feed(&mut engine, &snapshot);
        engine.plan()
    });
    let live: Vec<NativeObject> = engine.manifests().into_iter().map(|manifest| manifest.object).collect();
    for object in &live {
        engine.edit(object.clone());
    }
    assert_eq!(engine.plan().actions, [], "the plan converges");
    let converged = Observed::new(adapter.name(), &settings, live);
    let whole = time(|| adapter.plan(&snapshot, &settings, &converged));
    let name = format!("mixed, {size}, {}", adapter.name());
    println!(
        "{name}, engine, all new: {:.1} ms; plan, nothing to do: {:.1} ms",
        first.as_secs_f64() * 1e3,
        whole.as_secs_f64() * 1e3
    );
    let mut nothing: Vec<Duration> = (0..rounds).map(|_| time(|| engine.plan())).collect();
    println!(
        "{name}, engine, nothing to do: {:.2} µs",
        median(&mut nothing).as_secs_f64() * 1e6
    );
    let namespace = "ns-7";
    for (edited, change) in [
        ("split", [split_of(7, 2), split_of(7, 1)]),
        (
            "target",
            [target("web-7-v1", namespace, 2), target("web-7-v1", namespace, 1)],
        ),
    ] {
        let versions = change.map(|object| object.to_string().into_bytes());
        let mut times = Vec::new();
        for round in 0..rounds {
            let next = versions.get((round + 1) % 2).map_or(&[][..], Vec::as_slice);
            let mut actions = 0;
            times.push(time(|| {
                engine.edit(Object::from_json(black_box(next)));
                actions = engine.plan().actions.len();
            }));
            assert_eq!(actions > 0, round % 2 == 0, "every second edit restores what is live");
        }
        let took = median(&mut times);
        println!(
            "{name}, engine, edit of a {edited}: {:.1} µs, 1/{:.0} of a plan",
            took.as_secs_f64() * 1e6,
            ratio(whole, took)
        );
    }
}

/// Prints the memory that splits take in a snapshot and in a plan, as ratios to their JSON bytes.
fn memory(splits: usize) {
    let settings = Settings::default();
    let inputs: Vec<Vec<u8>> = (0..splits)
        .map(|index| split_of(index, 2).to_string().into_bytes())
        .collect();
    let json: usize = inputs.iter().map(Vec::len).sum();
    let held = |region: &Region<'_, System>| {
        let change = region.change();
        float(change.bytes_allocated - change.bytes_deallocated) / float(json)
    };
    let region = Region::new(ALLOCATOR);
    let mut snapshot = Snapshot::default();
    snapshot.extend(inputs.iter().map(|input| Object::from_json(input)));
    println!("memory of a snapshot of {splits} splits: {:.1} × JSON", held(&region));
    for index in 0..splits {
        snapshot.extend(services(index, 2));
    }
    let istio = Istio::default();
    let region = Region::new(ALLOCATOR);
    let planned = istio.plan(&snapshot, &settings, &Observed::default());
    println!("memory of a plan of {splits} splits: {:.1} × JSON", held(&region));
    let took = time(|| drop(planned));
    let region = Region::new(ALLOCATOR);
    let mut engine = Engine::new(&istio, settings);
    feed(&mut engine, &snapshot);
    println!(
        "memory of the snapshot of an engine, with 3 services per split: {:.1} × JSON",
        held(&region)
    );
    engine.plan();
    println!(
        "memory of the engine, with pending actions: {:.1} × JSON",
        held(&region)
    );
    for manifest in engine.manifests() {
        engine.edit(read_back(&manifest.object));
    }
    engine.plan();
    println!("memory of the engine, converged: {:.1} × JSON", held(&region));
    println!("dropping this plan: {:.1} ms", took.as_secs_f64() * 1e3);
}

/// Returns an object as an API server returns it: with its spec as a value.
fn read_back(object: &NativeObject) -> NativeObject {
    NativeObject {
        spec: object
            .to_value()
            .get_mut("spec")
            .map(Value::take)
            .unwrap_or_default()
            .into(),
        ..object.clone()
    }
}

fn time<T>(run: impl FnOnce() -> T) -> Duration {
    let start = ThreadTime::now();
    black_box(run());
    start.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
