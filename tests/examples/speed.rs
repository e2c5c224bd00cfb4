//! The speed of the controller on a real API server, beside the raw write rate of the same server:
//! `cargo run --release --package smi-tests --example speed -- 10000`.

#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a measurement that fails must fail, and its counts are small"
)]

use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use smi_adapter::settings::{Enforcement, Scope, Settings};
use smi_adapter_istio::Istio;
use smi_controller::Controller;
use smi_tests::apiserver::{ApiServer, Failure, Faults, api, native_crds, smi_crds};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const WORKERS: usize = 16;
const EDITS: usize = 300;
/// The number of splits that break at once.
const BREAKING: usize = 1000;

#[tokio::main]
async fn main() {
    let count: usize = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(1000);
    let Some(server) = ApiServer::start().await else { return };
    let crds = [native_crds(&Istio::default()), smi_crds()].concat();
    server.install(&crds).await.expect("the CRDs are valid");
    let client = server.client();
    for namespace in ["shop", "raw"] {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        server
            .raw()
            .create(&namespace, "")
            .await
            .expect("the namespace is valid");
    }

    let json_bytes = fill(&server, count).await;
    let before = memory();
    let controller = Controller::new(client.clone(), Istio::default())
        .settings(settings_for("shop"))
        .parallel_writes(WORKERS);
    let handle = controller.handle();
    let (cpu, started) = (cpu_time(), Instant::now());
    tokio::spawn(controller.run(std::future::pending()));
    assert!(
        handle
            .wait_for(|state| state.is_ready && state.outstanding == count)
            .await
    );
    println!("{count} splits: all lists after {:.1?}", started.elapsed());
    let writing = Instant::now();
    assert!(handle.wait_for(|state| state.outstanding == 0).await);
    let rate = count as f64 / writing.elapsed().as_secs_f64();
    let used = cpu_time().saturating_sub(cpu);
    let after = memory();

    // The same objects, written by as many workers that do nothing else.
    let written = api(client.clone(), "networking.istio.io/v1", "VirtualService", Some("shop"));
    let written = written
        .list(&ListParams::default())
        .await
        .expect("routes are listed")
        .items;
    let copies: Vec<Value> = written
        .iter()
        .map(|route| {
            let name = route.metadata.name.as_deref().unwrap_or_default();
            // For hosts of their own, or the routes would be in conflict.
            let spec = route.data.get("spec").map(Value::to_string).unwrap_or_default();
            let spec = serde_json::from_str::<Value>(&spec.replace(".shop.", ".raw.")).expect("it is JSON");
            object("networking.istio.io/v1", "VirtualService", "raw", name, &spec)
        })
        .collect();
    let raw = Instant::now();
    create_all(&server, &copies).await;
    let raw = count as f64 / raw.elapsed().as_secs_f64();
    println!(
        "{rate:.0} writes a second; raw: {raw:.0}; ratio {:.2}; CPU of this process {used:.1?}",
        rate / raw
    );
    println!(
        "memory: {} MB more for {} MB of JSON ({:.1} kB a split)",
        (after - before) >> 20,
        json_bytes >> 20,
        (after - before) as f64 / count as f64 / 1024.0
    );

    let idle = cpu_time();
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!(
        "idle: {:.1} % of a CPU",
        cpu_time().saturating_sub(idle).as_secs_f64() * 10.0
    );

    many_break(&server, &client, count.min(BREAKING)).await;
    let requests = Faults::new(0, 0);
    one_object_is_reverted(&client, &server.client_through(&requests), &requests).await;
    report(
        "edit to written, alone",
        latencies(&client, count, Duration::from_millis(50), 0).await,
    );
    report(
        "edit to written, beside 100 edits a second",
        latencies(&client, count, Duration::from_millis(50), 100).await,
    );
}

/// Returns settings without access control, for one namespace.
fn settings_for(namespace: &str) -> Settings {
    let mut settings = Settings::default();
    settings.enforcement = Enforcement::Off;
    settings.scope = Scope::Namespaces([namespace.to_owned()].into());
    settings
}

/// Creates splits and the services that they refer to, and returns the size of their JSON.
async fn fill(server: &ApiServer, count: usize) -> usize {
    let service = |name: String| {
        object(
            "v1",
            "Service",
            "shop",
            &name,
            &json!({"ports": [{"name": "http", "port": 80}]}),
        )
    };
    let mut services: Vec<Value> = (0..count).map(|index| service(format!("web-{index}"))).collect();
    services.extend(["v1", "v2", "v3"].map(|name| service(name.to_owned())));
    create_all(server, &services).await;
    let splits: Vec<Value> = (0..count)
        .map(|index| {
            let second = if index < BREAKING { "v3" } else { "v2" };
            let spec = json!({"service": format!("web-{index}"), "backends": [
                {"service": "v1", "weight": 90}, {"service": second, "weight": 10}]});
            object(
                "split.smi-spec.io/v1alpha4",
                "TrafficSplit",
                "shop",
                &format!("canary-{index}"),
                &spec,
            )
        })
        .collect();
    create_all(server, &splits).await;
    splits
        .iter()
        .chain(&services)
        .map(|object| object.to_string().len())
        .sum()
}

/// Deletes a service that many splits refer to, creates it again, and counts what that causes.
async fn many_break(server: &ApiServer, client: &Client, count: usize) {
    let events = api(client.clone(), "events.k8s.io/v1", "Event", Some("shop"));
    let services = api(client.clone(), "v1", "Service", Some("shop"));
    let started = Instant::now();
    services
        .delete("v3", &DeleteParams::default())
        .await
        .expect("the service exists");
    let until = async |expected: usize| {
        let mut found = 0;
        while found < expected {
            // A list of so many takes the server's time.
            tokio::time::sleep(Duration::from_secs(2)).await;
            found = events
                .list(&ListParams::default())
                .await
                .expect("events are listed")
                .items
                .len();
        }
    };
    until(count).await;
    let broken = started.elapsed();
    let service = object(
        "v1",
        "Service",
        "shop",
        "v3",
        &json!({"ports": [{"name": "http", "port": 80}]}),
    );
    create_all(server, &[service]).await;
    until(2 * count).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let found = events
        .list(&ListParams::default())
        .await
        .expect("events are listed")
        .items
        .len();
    println!("{count} splits break and are mended: {found} Events; the first half after {broken:.1?}");
}

/// Changes a route every second, and counts the requests of a controller of its own, which repairs it.
async fn one_object_is_reverted(client: &Client, counted: &Client, requests: &Faults) {
    for (api_version, kind, namespace, name, spec) in [
        ("v1", "Namespace", "", "reverted", json!({})),
        ("v1", "Service", "reverted", "web", json!({"ports": [{"port": 80}]})),
        (
            "split.smi-spec.io/v1alpha4",
            "TrafficSplit",
            "reverted",
            "web",
            json!({"service": "web", "backends": [{"service": "web", "weight": 1}]}),
        ),
    ] {
        let namespace = (!namespace.is_empty()).then_some(namespace);
        let objects = api(client.clone(), api_version, kind, namespace);
        let object: DynamicObject =
            serde_json::from_value(object(api_version, kind, namespace.unwrap_or_default(), name, &spec))
                .expect("it is an object");
        objects
            .create(&PostParams::default(), &object)
            .await
            .expect("the object is valid and new");
    }
    let controller = Controller::new(counted.clone(), Istio::default()).settings(settings_for("reverted"));
    let handle = controller.handle();
    let task = tokio::spawn(controller.run(std::future::pending()));
    handle.wait_for(|state| state.is_ready && state.outstanding == 0).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let routes = api(
        client.clone(),
        "networking.istio.io/v1",
        "VirtualService",
        Some("reverted"),
    );
    let before = requests.counts();
    let (mut changed, started) = (0, Instant::now());
    while started.elapsed() < Duration::from_secs(120) {
        let patch = Patch::Merge(json!({"spec": {"http": []}}));
        let route = routes
            .list(&ListParams::default())
            .await
            .expect("routes are listed")
            .items
            .remove(0);
        let name = route.metadata.name.unwrap_or_default();
        routes
            .patch(&name, &PatchParams::default(), &patch)
            .await
            .expect("the patch is valid");
        changed += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    let after = requests.counts();
    let a_minute = after.iter().map(|(what, count)| {
        let count = count - before.get(what).copied().unwrap_or_default();
        format!("{what} {:.1}", count as f64 / minutes)
    });
    let a_minute: Vec<String> = a_minute.collect();
    println!(
        "{changed} changes in {minutes:.1} minutes; requests a minute: {}",
        a_minute.join(", ")
    );
    task.abort();
}

/// Edits splits one after another, beside others, and returns the times until the routes have changed.
async fn latencies(client: &Client, count: usize, pause: Duration, others: u32) -> Vec<Duration> {
    let routes = api(client.clone(), "networking.istio.io/v1", "VirtualService", Some("shop"));
    let splits = api(
        client.clone(),
        "split.smi-spec.io/v1alpha4",
        "TrafficSplit",
        Some("shop"),
    );
    let listed = routes
        .list(&ListParams::default().limit(1))
        .await
        .expect("routes are listed");
    let version = listed.metadata.resource_version.unwrap_or_default();
    let edited: Arc<Mutex<BTreeMap<String, Instant>>> = Arc::default();
    let times: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let (seen, done) = (Arc::clone(&edited), Arc::clone(&times));
    let watch = tokio::spawn(async move {
        let events = routes
            .watch(&WatchParams::default(), &version)
            .await
            .expect("routes are watched");
        let mut events = pin!(events);
        while let Some(Ok(event)) = events.next().await {
            let WatchEvent::Modified(route) = event else { continue };
            let name = route.metadata.name.unwrap_or_default();
            if let Some(started) = seen.lock().expect("no panic").remove(&name) {
                done.lock().expect("no panic").push(started.elapsed());
            }
        }
    });
    let load = tokio::spawn({
        let splits = splits.clone();
        async move {
            let mut index = 0;
            if others == 0 {
                return;
            }
            loop {
                // The upper half, so that the measured ones are edited only once.
                let name = format!("canary-{}", count / 2 + index % (count / 2));
                edit(&splits, &name, index).await;
                index += 1;
                tokio::time::sleep(Duration::from_secs(1) / others).await;
            }
        }
    });
    for index in 0..EDITS.min(count / 2) {
        let started = Instant::now();
        edited.lock().expect("no panic").insert(format!("web-{index}"), started);
        edit(
            &splits,
            &format!("canary-{index}"),
            usize::try_from(others).unwrap_or_default() + index,
        )
        .await;
        tokio::time::sleep(pause).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    load.abort();
    watch.abort();
    let times = times.lock().expect("no panic").clone();
    println!("{} of {} edits seen", times.len(), EDITS.min(count / 2));
    times
}

async fn edit(splits: &Api<DynamicObject>, name: &str, seed: usize) {
    let weight = 11 + seed % 70;
    let patch =
        json!({"spec": {"backends": [{"service": "v1", "weight": 100 - weight}, {"service": "v2", "weight": weight}]}});
    let patched = splits.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
    patched.expect("the patch is valid");
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    println!("{what}: p50 {:.1?}, p99 {:.1?}", at(50), at(99));
}

fn object(api_version: &str, kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

async fn create_all(server: &ApiServer, objects: &[Value]) {
    let raw = server.raw();
    let created = stream::iter(objects).map(async |object| raw.create(object, "").await.map(drop));
    let created: Result<Vec<()>, Failure> = created.buffer_unordered(WORKERS).try_collect().await;
    created.expect("the objects are valid and new");
}

/// Returns the memory of this process in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() << 10
}

/// Returns the CPU time of this process.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = [11, 12].map(|index| {
        fields
            .get(index)
            .and_then(|ticks| ticks.parse::<u64>().ok())
            .unwrap_or_default()
    });
    Duration::from_millis(ticks.iter().sum::<u64>() * 10)
}
