//! The cache in Redis.

mod held;
pub(crate) mod link;
pub(crate) mod place;

pub use place::RedisConfigError;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, ExistenceCheck, RedisResult, Script, ScriptInvocation, SetExpiry, SetOptions};
use clock::Chance;
use telemetry::{Secret, Span, attr};
use tokio::time::Instant;

use crate::flights::Flights;
use crate::limiter::{Limiter, Quota};
use crate::slot::{Found, Loaded, Slot, Stamp};
use crate::window::{Allowance, Windows};
use link::{Link, NoAnswer, Operation};

/// How long a lease stands for a load. A load that takes longer is not kept, and after one that never came back
/// nothing is kept for so long.
const LEASE_MILLIS: u64 = 5_000;

/// Values in Redis or Valkey; clones are the same cache.
#[derive(Clone, Debug)]
pub struct RedisCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    link: Arc<Link>,
    flights: Flights,
    chance: Chance,
    scripts: Scripts,
}

/// What must happen in one step on the server.
#[derive(Debug)]
struct Scripts {
    keep: Script,
    give_up: Script,
}

impl RedisCache {
    pub(crate) fn at(url: &Secret<String>, chance: Chance) -> Result<Self, RedisConfigError> {
        let scripts = Scripts {
            keep: Script::new(include_str!("keep.lua")),
            give_up: Script::new(include_str!("give_up.lua")),
        };
        let link = Arc::new(Link::to(url, chance.clone())?);
        Ok(Self(Arc::new(Inner { link, flights: Flights::default(), chance, scripts })))
    }

    pub(crate) fn flights(&self) -> &Flights {
        &self.0.flights
    }

    pub(crate) fn link(&self) -> &Link {
        &self.0.link
    }

    pub(crate) fn limiter(&self, name: &str, quota: Quota) -> Limiter {
        Limiter::new(Arc::clone(&self.0.link), self.0.chance.clone(), (name, quota))
    }

    pub(crate) fn windows(&self, name: &str, allowance: Allowance) -> Windows {
        Windows::of_all(Arc::clone(&self.0.link), &self.0.chance, (name, allowance))
    }

    pub(crate) async fn find(&self, slot: &Slot<'_>) -> Found {
        let key = key_of(slot);
        let look = |mut redis| async move {
            let mut both = ::redis::pipe();
            both.get(&key).pttl(&key);
            both.query_async::<(Option<Vec<u8>>, i64)>(&mut redis).await
        };
        let Ok(((body, left_millis), span)) = self.ask(slot, "GET", look).await else {
            return Found::NoAnswer;
        };
        let found = body.map_or(Found::Nothing, |body| held::read(&body, left_millis));
        span.set(attr::cache_hit(matches!(found, Found::Value(_))));
        found
    }

    pub(crate) async fn begin(&self, slot: &Slot<'_>, found: &Found) -> Result<Stamp, Loaded> {
        if matches!(found, Found::NoAnswer) {
            return Ok(Stamp::None);
        }
        let overwrites = matches!(found, Found::Unreadable);
        let lease = u64::from_be_bytes(self.0.chance.bytes());
        let mut options = SetOptions::default().with_expiration(SetExpiry::PX(LEASE_MILLIS)).get(true);
        if !overwrites {
            options = options.conditional_set(ExistenceCheck::NX);
        }
        let set = Cmd::set_options(key_of(slot), held::lease(lease), options);
        let reserve = |mut redis| async move { set.query_async::<Option<Vec<u8>>>(&mut redis).await };
        match self.ask(slot, "SET", reserve).await {
            Ok((Some(body), _)) if !overwrites => match held::read(&body, i64::MAX) {
                Found::Value(loaded) => Err(loaded),
                _ => Ok(Stamp::None),
            },
            Ok(_) => Ok(Stamp::Lease(lease)),
            Err(NoAnswer) => Ok(Stamp::None),
        }
    }

    /// Keeps what was loaded, if its lease stands still where the value belongs: whoever flushed the server has
    /// removed it.
    pub(crate) async fn keep(&self, slot: &Slot<'_>, loaded: &Loaded, stamp: Stamp) {
        let Stamp::Lease(lease) = stamp else { return };
        let left = slot.left(loaded);
        if left < Duration::from_millis(1) {
            return self.give_up(slot, stamp).await;
        }
        let mut call = self.0.scripts.keep.key(key_of(slot));
        call.arg(held::lease(lease)).arg(held::kept(&loaded.body, slot.ttl)).arg(millis(left));
        let _ = self.run(slot, call).await;
    }

    /// Takes the lease back, so that the next load is kept.
    pub(crate) async fn give_up(&self, slot: &Slot<'_>, stamp: Stamp) {
        let Stamp::Lease(lease) = stamp else { return };
        let mut call = self.0.scripts.give_up.key(key_of(slot));
        call.arg(held::lease(lease));
        let _ = self.run(slot, call).await;
    }

    async fn run(&self, slot: &Slot<'_>, call: ScriptInvocation<'_>) -> Result<bool, NoAnswer> {
        let run = |mut redis| async move { call.invoke_async(&mut redis).await };
        self.ask(slot, "EVALSHA", run).await.map(|(is_done, _)| is_done)
    }

    async fn ask<T, F>(
        &self,
        slot: &Slot<'_>,
        operation: &'static str,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<(T, Span), NoAnswer>
    where
        F: Future<Output = RedisResult<T>>,
    {
        self.0.link.ask(slot.telemetry, Operation { name: operation, prefix: slot.prefix }, ask).await
    }
}

fn key_of(slot: &Slot<'_>) -> String {
    format!("muster:cache:{}", slot.key)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The instant `ago` before now, as far back as this machine's clock goes.
fn before_now(ago: Duration) -> Instant {
    let now = Instant::now();
    now.checked_sub(ago).unwrap_or(now)
}
