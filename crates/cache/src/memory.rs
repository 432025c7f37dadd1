//! The cache in this process.

use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache as Moka;

use crate::flights::Flights;
use crate::slot::{Found, Loaded, Slot, Stamp};

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
    loaded: Loaded,
    /// What was left of its time when it was kept.
    left: Duration,
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
    pub(crate) async fn find(&self, slot: &Slot<'_>) -> Found {
        match self.values.get(&slot.key).await {
            Some(kept) => Found::Value(kept.loaded),
            None => Found::Nothing,
        }
    }

    pub(crate) async fn begin(&self, slot: &Slot<'_>, found: &Found) -> Result<Stamp, Loaded> {
        if matches!(found, Found::Unreadable) {
            return Ok(Stamp::None);
        }
        match self.find(slot).await {
            Found::Value(loaded) => Err(loaded),
            _ => Ok(Stamp::None),
        }
    }

    pub(crate) async fn keep(&self, slot: &Slot<'_>, loaded: &Loaded) {
        let kept = Kept { loaded: loaded.clone(), left: slot.left(loaded) };
        self.values.insert(slot.key.clone(), kept).await;
    }
}

fn weight(key: &str, kept: &Kept) -> u32 {
    u32::try_from(key.len() + kept.loaded.body.len()).unwrap_or(u32::MAX)
}

/// Each value brings its own time to live.
struct PerValue;

impl Expiry<String, Kept> for PerValue {
    fn expire_after_create(&self, _: &String, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.left)
    }

    fn expire_after_update(
        &self,
        _: &String,
        kept: &Kept,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.left)
    }
}
