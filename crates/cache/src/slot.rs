//! One value's place, and what is found there.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use telemetry::Telemetry;
use tokio::time::Instant;

/// One value's place, and who counts what happens to it.
pub(crate) struct Slot<'a> {
    pub(crate) telemetry: &'a Telemetry,
    pub(crate) prefix: &'static str,
    pub(crate) key: String,
    pub(crate) ttl: Duration,
}

/// A value as JSON, and when its load began.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) body: Arc<str>,
    pub(crate) since: Instant,
}

/// What a look into the cache gives.
#[derive(Debug)]
pub(crate) enum Found {
    /// A value.
    Value(Loaded),
    /// None.
    Nothing,
    /// Something that isn't a value of this kind: another version of the program wrote it.
    Unreadable,
    /// No answer.
    NoAnswer,
}

/// What shows that a load was begun before nobody else's, so that it may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// This one, which stands in the value's place.
    Lease(u64),
    /// None is needed, or none was to be had: somebody else is loading, or nobody answers.
    None,
}

impl Loaded {
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.body).ok()
    }
}

impl Found {
    /// The value, if it is one of this kind.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, Self> {
        match self {
            Self::Value(loaded) => loaded.read().ok_or(Self::Unreadable),
            nothing => Err(nothing),
        }
    }
}

impl Slot<'_> {
    /// For how long a value may still be kept whose load began then.
    pub(crate) fn left(&self, loaded: &Loaded) -> Duration {
        self.ttl.saturating_sub(loaded.since.elapsed())
    }

    pub(crate) fn hit<T>(&self, value: T) -> T {
        self.telemetry.metrics().cache_request(self.prefix, "hit");
        value
    }

    /// Counts what was not found, and why.
    pub(crate) fn count(&self, found: &Found) {
        let result = match found {
            Found::Value(_) | Found::Nothing => "miss",
            Found::Unreadable | Found::NoAnswer => "error",
        };
        self.telemetry.metrics().cache_request(self.prefix, result);
    }

    pub(crate) async fn load_alone<T, E>(
        &self,
        found: &Found,
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.count(found);
        load.await
    }
}
