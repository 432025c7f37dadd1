//! What can go wrong when telemetry is set up or flushed.

/// Why telemetry could not be set up, flushed or shut down.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// A variable holds a value that cannot be used.
    #[error("{variable}: {reason}")]
    Variable {
        /// The environment variable or configuration key.
        variable: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// The filter of log lines cannot be read.
    #[error("log filter \"{filter}\": {reason}")]
    LogFilter {
        /// The filter as it was given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The exporter could not be built.
    #[error("telemetry exporter: {0}")]
    Exporter(String),
    /// The operating system refused a thread or a runtime.
    #[error("telemetry threads: {0}")]
    Threads(#[from] std::io::Error),
    /// Not everything was delivered.
    #[error("telemetry flush: {0}")]
    Flush(String),
}

impl TelemetryError {
    pub(crate) fn variable(variable: &str, reason: impl Into<String>) -> Self {
        Self::Variable { variable: variable.to_owned(), reason: reason.into() }
    }
}
