//! What may be forgotten at any time: losing the cache costs time, never correctness.
//!
//! Values are kept as JSON, so that they may as well live in another process. Those who ask for the same key
//! at the same time share one load.

mod flights;
mod memory;

pub use memory::MemoryCache;

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use telemetry::Telemetry;

use crate::flights::{Boarding, Ticket};

/// Where values are kept, chosen once where the service is wired; clones are the same cache.
#[derive(Clone, Debug)]
pub enum Cache {
    /// In this process.
    Memory(MemoryCache),
}

/// One value's place, and who counts what happens to it.
struct Slot<'a> {
    telemetry: &'a Telemetry,
    prefix: &'static str,
    key: String,
    ttl: Duration,
}

impl Cache {
    /// A cache in this process.
    pub fn memory() -> Self {
        Self::Memory(MemoryCache::default())
    }

    /// The value under `prefix:key`, or what `load` gives, which is then kept for `ttl`.
    ///
    /// `prefix` is one of few words and names the cache in metrics. Who finds that somebody is loading waits
    /// for that load; if it fails, they load for themselves. To keep that there is nothing, load an `Option`.
    ///
    /// # Errors
    /// Those of `load`, which are not kept.
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
        if let Some(value) = self.find(&slot).await {
            return Ok(value);
        }
        let Self::Memory(memory) = self;
        match memory.flights.board(&slot.key) {
            Boarding::Leads(ticket) => self.lead(&slot, ticket, load).await,
            Boarding::Follows(mut landing) => {
                // The leader never speaks: it lands by dropping its end.
                let _ = landing.changed().await;
                self.follow(&slot, load).await
            }
        }
    }

    /// Forgets a value; one that is being loaded right now is not kept.
    pub async fn forget(&self, prefix: &'static str, key: &str) {
        let Self::Memory(memory) = self;
        memory.forget(&format!("{prefix}:{key}")).await;
    }

    async fn find<T: DeserializeOwned>(&self, slot: &Slot<'_>) -> Option<T> {
        let Self::Memory(memory) = self;
        let body = memory.get(&slot.key).await?;
        // A value that another version wrote is no value.
        let read = serde_json::from_slice(&body);
        slot.count(if read.is_ok() { "hit" } else { "error" });
        read.ok()
    }

    async fn lead<T, E>(
        &self,
        slot: &Slot<'_>,
        ticket: Ticket,
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
    {
        // Another leader may have landed between the look and the boarding.
        if let Some(value) = self.find(slot).await {
            return Ok(value);
        }
        slot.count("miss");
        let value = load.await?;
        let Self::Memory(memory) = self;
        match serde_json::to_vec(&value) {
            Ok(body) => memory.keep(slot, body, &ticket).await,
            Err(_) => slot.count("error"),
        }
        Ok(value)
    }

    async fn follow<T, E>(&self, slot: &Slot<'_>, load: impl Future<Output = Result<T, E>>) -> Result<T, E>
    where
        T: DeserializeOwned,
    {
        if let Some(value) = self.find(slot).await {
            return Ok(value);
        }
        slot.count("miss");
        load.await
    }
}

impl Slot<'_> {
    fn count(&self, result: &'static str) {
        self.telemetry.metrics().cache_request(self.prefix, result);
    }
}
