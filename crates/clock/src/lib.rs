//! Time, ids and chance as values, so that every decision that depends on them can be repeated.
//!
//! This is the only crate that asks the machine what time it is or for random bytes; `clippy.toml`
//! refuses the shortcuts everywhere else.

mod chance;
mod practice;

pub use chance::Chance;
pub use practice::{NoSetting, PracticeClock, PracticeSetting};

use jiff::Timestamp;
use std::time::Duration;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// The practice clock, which a person or a script can stop and move forward.
    Practice(PracticeClock),
}

impl Clock {
    /// The current instant, cut to microseconds (the precision that both databases keep).
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => system_now(),
            Self::Practice(clock) => clock.now(),
        }
    }

    /// Sleeps until `at`; returns at once when that is past. Wakes early when a practice clock is moved there.
    pub async fn sleep_until(&self, at: Timestamp) {
        match self {
            Self::System => tokio::time::sleep(until(system_now(), at)).await,
            Self::Practice(clock) => clock.sleep_until(at).await,
        }
    }

    /// Sleeps for `duration` on this clock.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + duration).await;
    }
}

/// The time from `now` to `at`, zero when it is past.
fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn system_now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    let now = Timestamp::now();
    whole_microseconds(now)
}

/// Cuts an instant to microseconds, the precision that both databases keep.
pub fn whole_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
