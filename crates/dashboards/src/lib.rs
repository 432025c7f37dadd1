//! Grafana dashboards and alert rules, made from typed definitions.
//!
//! A query names a metric as OpenTelemetry does, between angle brackets; what Prometheus and Grafana Cloud call it is
//! worked out here, from the telemetry registry and the lists of what PostgreSQL, Redis, RabbitMQ and Alloy tell. A
//! name that nothing emits is an error, so that no panel stays empty unnoticed.
//!
//! `cargo xtask dashboards` writes the files below `deploy/grafana/`; a test fails when they are stale.

mod alerts;
mod boards;
mod grafana;
mod query;
mod series;

pub use alerts::trial::{Trial, trials};
pub use query::{UnknownMetric, expand};
pub use series::{Kind, Series, known, shown};

/// A file below `deploy/grafana/`.
#[derive(Clone, Debug)]
pub struct File {
    /// `dashboards/services.json`.
    pub path: String,
    /// The whole of it.
    pub text: String,
}

/// All files.
///
/// # Errors
/// When a query names a metric that nothing emits.
pub fn files() -> Result<Vec<File>, UnknownMetric> {
    let mut files = Vec::new();
    for board in boards::all()? {
        let path = format!("dashboards/{}.json", board.file_name());
        files.push(File { path, text: board.json() });
    }
    for group in alerts::all()? {
        files.push(File { path: format!("alerts/{}.yaml", group.name), text: group.yaml() });
    }
    Ok(files)
}

/// Every query of the dashboards that goes to Loki or Tempo.
///
/// # Errors
/// When a query beside them names a metric that nothing emits.
pub fn other_queries() -> Result<Vec<OtherQuery>, UnknownMetric> {
    Ok(boards::all()?.iter().flat_map(grafana::Dashboard::other_queries).collect())
}

/// A query of a panel that is not of Prometheus.
#[derive(Clone, Debug)]
pub enum OtherQuery {
    /// Of Loki.
    LogQl(String),
    /// Of Tempo.
    TraceQl(String),
}
