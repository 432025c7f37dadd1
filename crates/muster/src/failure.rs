use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why the program can't do what it was started for: one line, and an exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A setting is wrong; the line names it.
    #[error("{variable}: {reason}")]
    Setting { variable: String, reason: String },
    #[error("nobody in the practice guild is called {name:?}; there are {known}")]
    NobodyCalled { name: String, known: String },
    #[error("{address} ({variable}) can't be listened on: {reason}")]
    Listen { address: SocketAddr, variable: &'static str, reason: std::io::Error },
    #[error("the data folder {0} is in use by another process")]
    FolderInUse(PathBuf),
    #[error("the data folder {0} can't be used: {1}")]
    Folder(PathBuf, std::io::Error),
    #[error(transparent)]
    Open(#[from] store::OpenError),
    #[error("the database can't be brought up to date: {0}")]
    Migrate(String),
    #[error("{0} migrations of the database are pending; run muster migrate")]
    Pending(usize),
    #[error("the store failed: {}; muster doctor says more", crate::wiring::root(.0))]
    Store(#[from] store::StoreError),
    #[error(transparent)]
    Collector(#[from] collector::StartError),
    #[error(transparent)]
    Practice(#[from] practice::StartError),
    #[error(transparent)]
    Discord(#[from] discord::RestConfigError),
    #[error("telemetry: {0}")]
    Telemetry(telemetry::TelemetryError),
    #[error("the operating system refused: {0}")]
    System(#[from] std::io::Error),
    #[error(transparent)]
    Transfer(#[from] store::TransferError),
    #[error("{0}")]
    Broker(#[from] bus::BrokerError),
    #[error(transparent)]
    Redrive(#[from] bus::RedriveError),
    #[error("nothing that was given up has the id {0}")]
    NothingDead(uuid::Uuid),
    #[error("there is no dead letter {0}")]
    NoDeadLetter(uuid::Uuid),
    #[error("{0} stopped by itself: {1}")]
    ServiceDied(&'static str, String),
    #[error("the services did not stop in time")]
    SlowStop,
    #[error("TLS could not be set up")]
    Tls,
}

/// The configuration is wrong.
const EXIT_USAGE: u8 = 2;
/// Anything else.
const EXIT_FAILURE: u8 = 1;

impl Failure {
    pub(crate) fn setting(variable: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Setting { variable: variable.into(), reason: reason.into() }
    }

    /// Whether a server was away that may come: nobody has to mend anything before the same works.
    pub(crate) const fn may_pass(&self) -> bool {
        match self {
            Self::Open(error) => error.is_transient(),
            Self::Store(error) => matches!(error, store::StoreError::Unavailable(_)),
            _ => false,
        }
    }

    /// Says it in one line on stderr.
    #[expect(clippy::print_stderr, reason = "the program's last word")]
    pub(crate) fn report(&self) -> ExitCode {
        let line = self.to_string().replace(['\n', '\r'], " ");
        eprintln!("muster: {line}");
        match self {
            Self::Setting { .. } | Self::NobodyCalled { .. } => ExitCode::from(EXIT_USAGE),
            _ => ExitCode::from(EXIT_FAILURE),
        }
    }
}

impl From<telemetry::TelemetryError> for Failure {
    fn from(error: telemetry::TelemetryError) -> Self {
        match error {
            telemetry::TelemetryError::Variable { variable, reason } => Self::Setting { variable, reason },
            telemetry::TelemetryError::LogFilter { filter, reason } => {
                Self::setting("MUSTER_LOG", format!("{filter:?} is no log filter: {reason}"))
            }
            other => Self::Telemetry(other),
        }
    }
}
