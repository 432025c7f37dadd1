//! What supervisors ask: is it alive, is it ready, what is it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Web;

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
pub(crate) async fn readyz(State(web): State<Web>) -> (StatusCode, Json<ReadinessReport>) {
    let report = web.readiness().report();
    let checks: Vec<_> =
        report.into_iter().map(|(name, result)| CheckReport { name, wrong: result.err() }).collect();
    let ready = checks.iter().all(|check| check.wrong.is_none()) && !web.stop().is_cancelled();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadinessReport { ready, checks }))
}

/// What is running.
#[utoipa::path(get, path = "/version", tag = "operation", responses((status = 200, body = VersionReport)))]
pub(crate) async fn version(State(web): State<Web>) -> Json<VersionReport> {
    Json(VersionReport { version: web.config().version.clone() })
}
