use super::Userland;
use crate::failure::Failure;
use std::path::PathBuf;

/// Where servers are started, and whose.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Each has a folder of its own in it.
    pub(super) folder: PathBuf,
    pub(super) userland: Userland,
    /// The program that keeps values: Redis, or what speaks as it does.
    pub(super) redis: &'static str,
}

/// Which servers, as somebody wants them on the command line.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct Choice {
    /// Servers of another release of Debian, such as trixie (RabbitMQ 4.0, PostgreSQL 17, Redis 8): fetched once,
    /// below target/, and not installed. Only as root
    #[arg(long, value_name = "RELEASE")]
    debian: Option<String>,
    /// Valkey in the place of Redis
    #[arg(long, requires = "debian")]
    valkey: bool,
}

impl Choice {
    /// These servers in a folder.
    ///
    /// # Errors
    /// When their programs can't be had.
    pub(crate) fn site(&self, folder: PathBuf) -> Result<Site, Failure> {
        let userland = Userland::of(self.debian.as_deref())?;
        let redis = if self.valkey { "valkey-server" } else { "redis-server" };
        Ok(Site { folder, userland, redis })
    }
}
