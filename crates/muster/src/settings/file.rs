use crate::failure::Failure;
use serde::Deserialize;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Read when no other file is named.
const DEFAULT_FILE: &str = "muster.toml";

/// What `muster.toml` may hold; the names are those of the flags. Secrets belong into the environment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FileSettings {
    pub(super) listen: Option<String>,
    pub(super) internal_listen: Option<String>,
    pub(super) internal_url: Option<String>,
    pub(super) health_listen: Option<String>,
    pub(super) practice_url: Option<String>,
    pub(super) shards: Option<String>,
    pub(super) practice: Option<String>,
    pub(super) otlp_grpc: Option<String>,
    pub(super) otlp_http: Option<String>,
    pub(super) data: Option<PathBuf>,
    pub(super) public_url: Option<String>,
    pub(super) discord_api: Option<String>,
    pub(super) log_format: Option<String>,
    pub(super) log: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) telemetry_max_bytes: Option<String>,
    pub(super) telemetry_max_age: Option<String>,
    pub(super) forward_max_bytes: Option<String>,
}

impl FileSettings {
    /// Reads the named file, or `muster.toml` where there is one.
    pub(super) fn read(named: Option<&Path>) -> Result<Self, Failure> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        let wrong = |reason: String| Failure::setting(path.display().to_string(), reason);
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| wrong(error.message().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(Self::default()),
            Err(error) if named.is_some() => {
                let reason = format!("{} can't be read: {error}", path.display());
                Err(Failure::setting("MUSTER_CONFIG", reason))
            }
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}
