//! The cache in this process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache as Moka;

use crate::Slot;
use crate::flights::{Flights, Ticket};

/// How many bytes of keys and values are kept; the least used go first.
const CAPACITY_BYTES: u64 = 32 * 1_024 * 1_024;

/// Values in this process; clones are the same cache.
#[derive(Clone, Debug)]
pub struct MemoryCache {
    values: Moka<String, Kept>,
    pub(crate) flights: Flights,
}

#[derive(Clone, Debug)]
struct Kept {
    body: Arc<[u8]>,
    ttl: Duration,
}

impl Default for MemoryCache {
    fn default() -> Self {
        let values = Moka::builder()
            .max_capacity(CAPACITY_BYTES)
            .weigher(|key: &String, kept: &Kept| weight(key, kept))
            .expire_after(PerValue)
            .build();
        Self { values, flights: Flights::default() }
    }
}

impl MemoryCache {
    pub(crate) async fn get(&self, key: &str) -> Option<Arc<[u8]>> {
        self.values.get(key).await.map(|kept| kept.body)
    }

    pub(crate) async fn keep(&self, slot: &Slot<'_>, body: Vec<u8>, ticket: &Ticket) {
        self.values.insert(slot.key.clone(), Kept { body: body.into(), ttl: slot.ttl }).await;
        // Asked after the insertion: a `forget` that comes later removes the value itself.
        if ticket.is_forgotten() {
            self.values.invalidate(&slot.key).await;
        }
    }

    pub(crate) async fn forget(&self, key: &str) {
        self.flights.forget(key);
        self.values.invalidate(key).await;
    }
}

fn weight(key: &str, kept: &Kept) -> u32 {
    u32::try_from(key.len() + kept.body.len()).unwrap_or(u32::MAX)
}

/// Each value brings its own time to live.
struct PerValue;

impl Expiry<String, Kept> for PerValue {
    fn expire_after_create(&self, _: &String, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.ttl)
    }

    fn expire_after_update(
        &self,
        _: &String,
        kept: &Kept,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.ttl)
    }
}
