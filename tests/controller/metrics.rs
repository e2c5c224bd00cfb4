//! The metrics of a controller.

use super::place::{Place, Run, in_place};
use kube::api::DeleteParams;
use smi_controller::prometheus_client::encoding::text::encode;
use smi_controller::prometheus_client::registry::Registry;
use std::collections::BTreeMap;

/// Returns the samples of a registry by name and labels, without the buckets of histograms.
fn samples(registry: &Registry) -> BTreeMap<String, String> {
    let mut text = String::new();
    encode(&mut text, registry).expect("metrics are text");
    let samples = text.lines().filter_map(|line| line.rsplit_once(' '));
    let samples = samples.filter(|(name, _)| !name.starts_with('#') && !name.contains("_bucket"));
    samples
        .filter_map(|(name, value)| Some((name.strip_prefix("smi_controller_")?.to_owned(), value.to_owned())))
        .collect()
}

/// Waits until a registry has these samples.
async fn until_samples(place: &Place, registry: &Registry, expected: &[(&str, &str)]) {
    let is_there = async || {
        let samples = samples(registry);
        let different = expected
            .iter()
            .filter(|(name, value)| samples.get(*name).is_none_or(|it| it != value));
        let different: Vec<_> = different.collect();
        println!("metrics that differ: {different:?}");
        different.is_empty()
    };
    place.until("the metrics", is_there).await;
}

#[test]
fn metrics_follow_the_work() {
    in_place("metrics", async |place| {
        let mut registry = Registry::default();
        let run = Run::start(place.controller().metrics(&mut registry));
        place.until_ready(&run).await;
        place.split("canary", &[90, 10]).await;
        place.until_shares(&[90, 10]).await;
        place.shift(&[50, 50]).await;
        place.until_shares(&[50, 50]).await;
        place.delete_service("web-v2").await;
        let split = r#"{resource="trafficsplits.split.smi-spec.io"}"#;
        let written = |verb: &str| {
            format!(r#"writes_total{{resource="virtualservices.networking.istio.io",verb="{verb}",outcome="written"}}"#)
        };
        let expected = [
            ("leader", "1"),
            ("ready", "1"),
            ("outstanding_writes", "0"),
            ("policies", "1"),
            (&format!("objects{split}"), "1"),
            (r#"diagnostics{code="BackendMissing"}"#, "1"),
            (&written("create"), "1"),
            // The new weights, and the route without the backend that is gone.
            (&written("update"), "2"),
            ("write_duration_seconds_count", "3"),
            // The missing service is no edit of the split.
            ("edit_to_written_seconds_count", "2"),
            (&format!("lists_total{split}"), "1"),
            (r#"reports_total{report="event",outcome="sent"}"#, "1"),
        ];
        until_samples(&place, &registry, &expected).await;

        place.service("web-v2").await;
        place.splits().delete("canary", &DeleteParams::default()).await.unwrap();
        let expected = [
            ("policies", "0"),
            (&format!("objects{split}"), "0"),
            (r#"diagnostics{code="BackendMissing"}"#, "0"),
            (&written("delete"), "1"),
            ("edit_to_written_seconds_count", "2"),
        ];
        until_samples(&place, &registry, &expected).await;
        run.stop().await;
    });
}
