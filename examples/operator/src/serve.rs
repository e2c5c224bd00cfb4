//! The probes and metrics, and the output of a dry run.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use smi_controller::Handle;
use smi_controller::prometheus_client::encoding::text::encode;
use smi_controller::prometheus_client::registry::Registry;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The content type of [`encode`].
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers `/livez`, `/readyz` and `/metrics`.
pub(crate) async fn serve(listener: TcpListener, handle: Handle, registry: Registry) {
    let live = handle.clone();
    let registry = Arc::new(registry);
    let routes = Router::new()
        .route(
            "/livez",
            get(async move || status(live.live(), "no progress".to_owned())),
        )
        .route(
            "/readyz",
            get(async move || status(handle.ready(), handle.readiness().stale.join("\n"))),
        )
        .route("/metrics", get(async move || metrics(&registry)));
    if let Err(error) = axum::serve(listener, routes).await {
        tracing::error!(%error, "probes are not answered");
    }
}

fn metrics(registry: &Registry) -> Response {
    let mut text = String::new();
    match encode(&mut text, registry) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn status(is_ok: bool, reason: String) -> (StatusCode, String) {
    if is_ok {
        return (StatusCode::OK, "ok".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, reason)
}

/// Prints the actions that are outstanding, whenever they have changed.
pub(crate) async fn print(handle: Handle) {
    let mut former = None;
    while handle.wait_for(|state| state.is_ready).await {
        let plan = handle.plan().await;
        if plan != former {
            for action in plan.iter().flatten() {
                println!("{} ({})", verb(action), action.object());
            }
            println!("{} actions are outstanding", plan.as_ref().map_or(0, Vec::len));
            former = plan;
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

fn verb(action: &smi_adapter::plan::Action) -> &'static str {
    match action {
        smi_adapter::plan::Action::Create(_) => "create",
        smi_adapter::plan::Action::Replace(_) => "replace",
        smi_adapter::plan::Action::Delete(_) => "delete",
    }
}
