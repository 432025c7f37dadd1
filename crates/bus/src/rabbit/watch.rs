//! What is known of each connection, and the pauses between attempts.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::{BrokerError, Health};

/// First pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause while a broker is away: it is found within five seconds of its return.
const LONGEST_PAUSE: Duration = Duration::from_millis(1_500);
/// Longest pause while somebody has to mend something.
const LONGEST_PATIENCE: Duration = Duration::from_secs(30);

/// How each connection of a bus is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    next: u64,
    healths: BTreeMap<u64, Health>,
    /// What was last said of them all.
    told: Option<Health>,
}

impl Known {
    fn worst(&self) -> Health {
        self.healths.values().cloned().fold(Health::Up, Health::worse)
    }
}

/// One connection's place among them; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Watched {
    connections: Connections,
    number: u64,
}

impl Connections {
    pub(crate) fn add(&self) -> Watched {
        let number = self.with(|known| {
            known.next += 1;
            known.healths.insert(known.next, Health::Connecting);
            known.next
        });
        Watched { connections: self.clone(), number }
    }

    /// The worst of all.
    pub(crate) fn worst(&self) -> Health {
        self.with(|known| known.worst())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watched {
    pub(crate) fn health(&self) -> Health {
        self.connections.with(|known| known.healths.get(&self.number).cloned().unwrap_or_default())
    }

    /// Notes how it is; an outage is one line when it begins and one when it ends, however many connections it takes.
    pub(crate) fn set(&self, health: Health) {
        let change = self.connections.with(|known| {
            known.healths.insert(self.number, health);
            let now = known.worst();
            let is_news = !matches!(now, Health::Connecting) && !is_same(known.told.as_ref(), &now);
            is_news.then(|| (known.told.replace(now.clone()), now))
        });
        if let Some((before, now)) = change {
            tell(before.as_ref(), &now);
        }
    }
}

/// Whether a line about it has been written already: what the network says of an outage changes while it lasts.
fn is_same(told: Option<&Health>, now: &Health) -> bool {
    match (told, now) {
        (Some(Health::Down(told)), Health::Down(now)) => {
            told.error_type() == now.error_type() || !told.needs_somebody() && !now.needs_somebody()
        }
        (told, now) => told == Some(now),
    }
}

fn tell(before: Option<&Health>, now: &Health) {
    match now {
        Health::Up if before.is_none() => tracing::info!(name: "bus.connected", "RabbitMQ is connected."),
        Health::Up => tracing::info!(name: "bus.back", "RabbitMQ is back."),
        Health::Blocked(reason) => tracing::warn!(
            name: "bus.blocked",
            { reason = %reason },
            "RabbitMQ takes no messages; they stay in the outbox until it does."
        ),
        Health::Down(error) if error.needs_somebody() => tracing::error!(
            name: "bus.refused",
            { error.r#type = error.error_type() },
            "{error}. To mend it: {}.",
            error.mend()
        ),
        Health::Down(error) => tracing::warn!(
            name: "bus.away",
            { error.r#type = error.error_type() },
            "{error}. Events stay in the outbox; Muster goes on trying."
        ),
        Health::Connecting | Health::Closed => {}
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
        let longest = if error.may_pass() { LONGEST_PAUSE } else { LONGEST_PATIENCE };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_asked_after_often_and_a_refusal_seldom() {
        let outage = BrokerError::Unreachable { server: String::new(), reason: String::new() };
        let refusal = BrokerError::NoVhost { server: String::new(), vhost: String::new() };

        for (error, longest) in [(outage, LONGEST_PAUSE), (refusal, LONGEST_PATIENCE)] {
            let mut backoff = Backoff::new();
            let pauses: Vec<_> = (0..20).map(|_| backoff.after(&error)).collect();
            assert!(pauses[0] <= FIRST_PAUSE);
            assert!(pauses.iter().all(|pause| *pause <= longest));
            assert!(pauses[19] >= longest / 2, "{error}: {pauses:?}");
        }
    }
}
