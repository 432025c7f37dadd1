//! What is known of each connection, and the pauses between attempts.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::{BrokerError, Health};

/// First pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause while a broker is away: it is found within five seconds of its return.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Longest pause while somebody has to mend something.
const LONGEST_PATIENCE: Duration = Duration::from_secs(30);

/// How each connection of a bus is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    next: u64,
    healths: BTreeMap<u64, Health>,
}

/// One connection's place among them; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Watched {
    connections: Connections,
    number: u64,
    what: String,
}

impl Connections {
    pub(crate) fn add(&self, what: impl Into<String>) -> Watched {
        let number = self.with(|known| {
            known.next += 1;
            known.healths.insert(known.next, Health::Connecting);
            known.next
        });
        Watched { connections: self.clone(), number, what: what.into() }
    }

    /// The worst of all.
    pub(crate) fn worst(&self) -> Health {
        self.with(|known| known.healths.values().cloned().fold(Health::Up, Health::worse))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watched {
    pub(crate) fn health(&self) -> Health {
        self.connections.with(|known| known.healths.get(&self.number).cloned().unwrap_or_default())
    }

    /// Notes how it is; an outage is one line when it begins and one when it ends.
    pub(crate) fn set(&self, health: Health) {
        self.tell(&self.health(), &health);
        self.connections.with(|known| known.healths.insert(self.number, health));
    }

    fn tell(&self, before: &Health, now: &Health) {
        let what = self.what.as_str();
        match (before, now) {
            (Health::Down(_) | Health::Blocked(_), Health::Up) => {
                tracing::info!(name: "bus.back", { connection = what }, "RabbitMQ is back.");
            }
            (Health::Connecting, Health::Up) => {
                tracing::info!(name: "bus.connected", { connection = what }, "RabbitMQ is connected.");
            }
            (_, Health::Blocked(reason)) => {
                tracing::warn!(
                    name: "bus.blocked",
                    { connection = what, reason = %reason },
                    "RabbitMQ takes no messages; they stay in the outbox until it does."
                );
            }
            (_, Health::Down(error)) if !is_same_outage(before, error) => warn_of(what, error),
            _ => {}
        }
    }
}

/// Whether a line about it has been written already.
fn is_same_outage(before: &Health, error: &BrokerError) -> bool {
    matches!(before, Health::Down(known)
        if known.error_type() == error.error_type() || !known.needs_somebody() && !error.needs_somebody())
}

fn warn_of(what: &str, error: &BrokerError) {
    let mend = error.mend();
    if error.needs_somebody() {
        tracing::error!(
            name: "bus.refused",
            { connection = what, error.r#type = error.error_type(), mend },
            "{error}."
        );
    } else {
        tracing::warn!(name: "bus.away", { connection = what, error.r#type = error.error_type(), mend }, "{error}.");
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.connections.with(|known| known.healths.remove(&self.number));
    }
}

/// How long to wait before the next attempt.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    pub(crate) fn after(&mut self, error: &BrokerError) -> Duration {
        let pause = self.0;
        let longest = if error.needs_somebody() { LONGEST_PATIENCE } else { LONGEST_PAUSE };
        self.0 = (pause * 2).min(longest);
        with_jitter(pause.min(longest))
    }
}

/// Between half of it and all of it, so that many services don't come back at once.
fn with_jitter(pause: Duration) -> Duration {
    // Each state is seeded by chance.
    let chance = RandomState::new().hash_one(()) >> 32;
    pause / 2 + (pause / 2).mul_f64(f64::from(u32::try_from(chance).unwrap_or(0)) / f64::from(u32::MAX))
}
