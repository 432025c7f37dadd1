//! Whether the cache's server can do its work, for those who ask whether a process can do its own.

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, SetExpiry, SetOptions};

use crate::Cache;
use crate::check::info::Info;
use crate::redis::RedisCache;

/// Written to see whether anything can be; gone by itself.
const KEY: &str = "muster:health";
const KEPT_MILLIS: u64 = 1_000;

/// What is wrong with the cache's server, in a sentence that may be shown to anybody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It can't be used at the moment, of which the cache has written a line.
    #[error("Redis at {server} is away: {reason}")]
    Away {
        /// Host, port and database.
        server: String,
        /// Why, in a few words.
        reason: String,
    },
    /// It lacks what Muster needs.
    #[error("{version} at {server} is too old: Muster needs {needed}")]
    TooOld {
        /// Host, port and database.
        server: String,
        /// What it calls itself.
        version: String,
        /// What would do.
        needed: String,
    },
}

impl Cache {
    /// Whether the server can do its work; where there is none, all is well. It is asked in no span, and left alone for
    /// a while after it did not answer.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn health(&self) -> Result<(), Trouble> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(redis) => redis.health().await,
        }
    }
}

impl RedisCache {
    async fn health(&self) -> Result<(), Trouble> {
        let link = self.link();
        let server = link.place().to_string();
        // A connection that served and was closed is replaced by the next who asks.
        let asked = match link.probe(probe).await {
            Err(_) => link.probe(probe).await,
            well => well,
        };
        match asked {
            Err(reason) => Err(Trouble::Away { server, reason: reason.into_owned() }),
            Ok(Some((version, needed))) => Err(Trouble::TooOld { server, version, needed }),
            Ok(None) => Ok(()),
        }
    }
}

/// Writes something, since a server may answer and take nothing. Gives the version of one that is too old and what is
/// needed; who may not ask for it is told of it by the doctor.
async fn probe(mut redis: MultiplexedConnection) -> RedisResult<Option<(String, String)>> {
    let options = SetOptions::default().with_expiration(SetExpiry::PX(KEPT_MILLIS));
    Cmd::set_options(KEY, "", options).exec_async(&mut redis).await?;
    let Ok(info) = Info::ask_version(&mut redis).await else { return Ok(None) };
    let (name, version) = info.server();
    Ok(info.needs().map(|needed| (format!("{name} {version}"), needed)))
}
