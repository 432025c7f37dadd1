//! What supervisors ask: is it alive, is it ready, what is it.

use actions::Readiness;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use std::collections::BTreeMap;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::app::Web;
use crate::server::{ServeError, serve_routes};

/// What a process tells of itself.
#[derive(Clone, Debug)]
pub struct Health {
    /// Its checks.
    pub readiness: Readiness,
    /// Version and source revision.
    pub version: String,
    /// Once cancelled it is not ready any more.
    pub stop: CancellationToken,
}

impl FromRef<Web> for Health {
    fn from_ref(web: &Web) -> Self {
        Self {
            readiness: web.readiness().clone(),
            version: web.config().version.clone(),
            stop: web.stop().clone(),
        }
    }
}

/// Answers supervisors on a listener of its own, for a process without a dashboard, until its `stop` is cancelled.
///
/// # Errors
/// When the listener is not one.
pub async fn serve_health(listener: TcpListener, health: Health) -> Result<(), ServeError> {
    let stop = health.stop.clone();
    let routes = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/version", get(version));
    serve_routes(listener, routes.with_state(health), stop).await
}

/// Whether the service can do its work.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadinessReport {
    /// Every check is well.
    ready: bool,
    /// The checks, by name.
    checks: Vec<CheckReport>,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckReport {
    /// What is checked.
    name: &'static str,
    /// What is wrong; absent when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<String>,
    /// What is wrong and keeps nobody from the work; absent when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

/// What is running.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionReport {
    /// Version and source revision.
    version: String,
}

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "operation",
    responses((status = 200, body = String, description = "It is alive")))]
pub(crate) async fn livez() -> &'static str {
    "alive\n"
}

/// Every loop turns, every connection stands.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, body = ReadinessReport, description = "It is ready"),
              (status = 503, body = ReadinessReport, description = "It is not, and why")))]
pub(crate) async fn readyz(State(health): State<Health>) -> (StatusCode, Json<ReadinessReport>) {
    let warnings: BTreeMap<_, _> = health.readiness.warnings().into_iter().collect();
    let check = |(name, result): (&'static str, Result<(), String>)| {
        let wrong = result.err();
        let warning = warnings.get(name).filter(|_| wrong.is_none()).cloned();
        CheckReport { name, wrong, warning }
    };
    let checks: Vec<_> = health.readiness.report().into_iter().map(check).collect();
    let ready = checks.iter().all(|check| check.wrong.is_none()) && !health.stop.is_cancelled();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadinessReport { ready, checks }))
}

/// What is running.
#[utoipa::path(get, path = "/version", tag = "operation", responses((status = 200, body = VersionReport)))]
pub(crate) async fn version(State(health): State<Health>) -> Json<VersionReport> {
    Json(VersionReport { version: health.version })
}
