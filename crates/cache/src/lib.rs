//! What may be forgotten at any time: losing the cache costs time, never correctness.
//!
//! Values are kept as JSON, in this process or in Redis, where every process sees them. Those of one process who
//! ask for the same key at the same time share one load; those of several processes each have one of their own,
//! and the first is kept: waiting for a load elsewhere would mean waiting for a process that may be gone.
//!
//! [`Limiter`] and [`Windows`] are what must hold here: they share out the calls that one bot token may make.

mod check;
mod flights;
mod health;
mod limiter;
mod memory;
mod redis;
mod slot;
mod window;

pub use check::{Finding, check};
pub use health::Trouble;
pub use limiter::{Call, Grant, Limiter, Outcome, Pause, Permission, Quota};
pub use memory::MemoryCache;
pub use redis::{RedisCache, RedisConfigError};
pub use window::{Allowance, Place, Windows};

use std::future::Future;
use std::time::Duration;

use clock::Chance;
use serde::Serialize;
use serde::de::DeserializeOwned;
use telemetry::{Secret, Telemetry};
use tokio::time::Instant;

use crate::flights::{Boarding, Flights, Ticket};
use crate::slot::{Found, Loaded, Slot, Stamp};

/// Where values are kept, chosen once where the service is wired; clones are the same cache.
#[derive(Clone, Debug)]
pub enum Cache {
    /// In this process.
    Memory(MemoryCache),
    /// In Redis or Valkey, for all processes.
    Redis(RedisCache),
}

impl Cache {
    /// A cache in this process.
    pub fn memory() -> Self {
        Self::Memory(MemoryCache::default())
    }

    /// A cache in the Redis or Valkey at `url` (`redis://[user:password@]host:port/database`, `rediss://` for
    /// TLS). Nothing is sent before the first value is asked for: a server that is away keeps nobody from
    /// starting.
    ///
    /// # Errors
    /// When the address makes no sense.
    pub fn redis(url: &Secret<String>, chance: Chance) -> Result<Self, RedisConfigError> {
        RedisCache::at(url, chance).map(Self::Redis)
    }

    /// The limiter called `name`, shared by all processes that use the same Redis; none where nothing is
    /// shared.
    pub fn limiter(&self, name: &str, quota: Quota) -> Option<Limiter> {
        match self {
            Self::Memory(_) => None,
            Self::Redis(redis) => Some(redis.limiter(name, quota)),
        }
    }

    /// The windows called `name`, of all processes that use the same Redis; of this process where nothing is
    /// shared.
    pub fn windows(&self, name: &str, allowance: Allowance) -> Windows {
        match self {
            Self::Memory(_) => Windows::of_this_process(allowance),
            Self::Redis(redis) => redis.windows(name, allowance),
        }
    }

    /// The value under `prefix:key`, or what `load` gives, which is then kept for `ttl`, counted from the
    /// beginning of the load.
    ///
    /// `prefix` is one of few words and names the cache in spans and metrics. Who finds that somebody is loading
    /// waits for that load; if it fails, they load for themselves. To keep that there is nothing, load an
    /// `Option`.
    ///
    /// # Errors
    /// Those of `load`, which are not kept. A cache that fails is none: the value is loaded.
    #[expect(clippy::too_many_arguments, reason = "a caller gives five; the receiver is counted too")]
    pub async fn get_or_load<T, E>(
        &self,
        telemetry: &Telemetry,
        prefix: &'static str,
        key: &str,
        ttl: Duration,
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
    {
        let slot = Slot { telemetry, prefix, key: format!("{prefix}:{key}"), ttl };
        let found = match self.find(&slot).await.read() {
            Ok(value) => return Ok(slot.hit(value)),
            Err(found) => found,
        };
        match self.flights().board(&slot.key) {
            Boarding::Leads(ticket) => self.lead(&slot, (ticket, found), load).await,
            Boarding::Follows(landing) => match landing.wait().await.and_then(|loaded| loaded.read()) {
                Some(value) => Ok(slot.hit(value)),
                None => slot.load_alone(&found, load).await,
            },
        }
    }

    async fn lead<T, E>(
        &self,
        slot: &Slot<'_>,
        (ticket, found): (Ticket, Found),
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
    {
        // Another leader may have landed between the look and the boarding.
        let stamp = match self.begin(slot, &found).await {
            Ok(stamp) => stamp,
            Err(loaded) => match loaded.read() {
                Some(value) => {
                    ticket.land(loaded);
                    return Ok(slot.hit(value));
                }
                None => Stamp::None,
            },
        };
        slot.count(&found);
        let since = Instant::now();
        let value = match load.await {
            Ok(value) => value,
            Err(error) => {
                self.give_up(slot, stamp).await;
                return Err(error);
            }
        };
        if let Ok(body) = serde_json::to_string(&value) {
            let loaded = Loaded { body: body.into(), since };
            self.keep(slot, &loaded, stamp).await;
            ticket.land(loaded);
        }
        Ok(value)
    }

    async fn find(&self, slot: &Slot<'_>) -> Found {
        match self {
            Self::Memory(memory) => memory.find(slot).await,
            Self::Redis(redis) => redis.find(slot).await,
        }
    }

    /// The right to keep what is loaded, or what somebody has kept in the meantime.
    async fn begin(&self, slot: &Slot<'_>, found: &Found) -> Result<Stamp, Loaded> {
        match self {
            Self::Memory(memory) => memory.begin(slot, found).await,
            Self::Redis(redis) => redis.begin(slot, found).await,
        }
    }

    async fn keep(&self, slot: &Slot<'_>, loaded: &Loaded, stamp: Stamp) {
        match self {
            Self::Memory(memory) => memory.keep(slot, loaded).await,
            Self::Redis(redis) => redis.keep(slot, loaded, stamp).await,
        }
    }

    async fn give_up(&self, slot: &Slot<'_>, stamp: Stamp) {
        if let Self::Redis(redis) = self {
            redis.give_up(slot, stamp).await;
        }
    }

    fn flights(&self) -> &Flights {
        match self {
            Self::Memory(memory) => &memory.flights,
            Self::Redis(redis) => redis.flights(),
        }
    }
}
