//! The probes, and the output of a dry run.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use smi_controller::Handle;
use tokio::net::TcpListener;

/// Answers `/livez` and `/readyz`.
pub(crate) async fn serve(listener: TcpListener, handle: Handle) {
    let live = handle.clone();
    let probes = Router::new()
        .route(
            "/livez",
            get(async move || status(live.live(), "no progress".to_owned())),
        )
        .route(
            "/readyz",
            get(async move || status(handle.ready(), handle.readiness().stale.join("\n"))),
        );
    if let Err(error) = axum::serve(listener, probes).await {
        tracing::error!(%error, "probes are not answered");
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
