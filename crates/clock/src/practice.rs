use crate::{system_now, until, whole_microseconds};
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use tokio::sync::watch;

/// A clock that runs beside the machine's at an offset, or stands still; whoever holds a clone may move it.
///
/// It lets a newcomer see tomorrow's reminder today, and a test see it at once.
#[derive(Clone, Debug)]
pub struct PracticeClock {
    state: Arc<watch::Sender<PracticeSetting>>,
}

/// How a practice clock is set. As text, `running PT2H` or `stopped 2026-11-22T12:00:00Z`, it tells another
/// process, whose clock follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PracticeSetting {
    /// It runs so far ahead of the machine's clock.
    Running {
        /// Negative when it is behind.
        offset: SignedDuration,
    },
    /// It stands still.
    Stopped {
        /// What it shows.
        at: Timestamp,
    },
}

impl fmt::Display for PracticeSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running { offset } => write!(f, "running {offset}"),
            Self::Stopped { at } => write!(f, "stopped {at}"),
        }
    }
}

/// The text is no setting of a practice clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither `running` with an offset nor `stopped` with an instant")]
pub struct NoSetting;

impl FromStr for PracticeSetting {
    type Err = NoSetting;

    fn from_str(text: &str) -> Result<Self, NoSetting> {
        match text.split_once(' ').ok_or(NoSetting)? {
            ("running", offset) => Ok(Self::Running { offset: offset.parse().map_err(|_| NoSetting)? }),
            ("stopped", at) => Ok(Self::Stopped { at: at.parse().map_err(|_| NoSetting)? }),
            _ => Err(NoSetting),
        }
    }
}

impl PracticeSetting {
    fn now(self) -> Timestamp {
        match self {
            Self::Running { offset } => system_now().saturating_add(offset).unwrap_or(Timestamp::MAX),
            Self::Stopped { at } => at,
        }
    }
}

impl PracticeClock {
    /// Runs with the machine's clock until it is moved.
    pub fn running() -> Self {
        Self::with(PracticeSetting::Running { offset: SignedDuration::ZERO })
    }

    /// Stands still at `at`.
    pub fn stopped_at(at: Timestamp) -> Self {
        Self::with(PracticeSetting::Stopped { at: whole_microseconds(at) })
    }

    fn with(state: PracticeSetting) -> Self {
        Self { state: Arc::new(watch::Sender::new(state)) }
    }

    /// What this clock shows.
    pub fn now(&self) -> Timestamp {
        self.state.borrow().now()
    }

    /// Whether it moves by itself.
    pub fn is_running(&self) -> bool {
        matches!(*self.state.borrow(), PracticeSetting::Running { .. })
    }

    /// Moves it by `step` and wakes every sleeper whose time has come.
    pub fn advance(&self, step: SignedDuration) {
        self.state.send_modify(|state| match state {
            PracticeSetting::Running { offset } => *offset = offset.saturating_add(step),
            PracticeSetting::Stopped { at } => *at = at.saturating_add(step).unwrap_or(Timestamp::MAX),
        });
    }

    /// Stops it where it is.
    pub fn stop(&self) {
        self.state.send_modify(|state| *state = PracticeSetting::Stopped { at: state.now() });
    }

    /// Lets it run on from where it is.
    pub fn resume(&self) {
        self.state.send_modify(|state| {
            *state = PracticeSetting::Running { offset: state.now().duration_since(system_now()) };
        });
    }

    /// How it is set.
    pub fn setting(&self) -> PracticeSetting {
        *self.state.borrow()
    }

    /// Sets it, and wakes every sleeper whose time has come.
    pub fn set(&self, setting: PracticeSetting) {
        self.state.send_replace(setting);
    }

    /// Waits until it is set otherwise than `known`, and says how.
    pub async fn set_otherwise_than(&self, known: PracticeSetting) -> PracticeSetting {
        let mut moved = self.state.subscribe();
        // The sender lives as long as `self`.
        moved.wait_for(|setting| *setting != known).await.map_or(known, |setting| *setting)
    }

    /// Sleeps until it shows `at` or later.
    pub async fn sleep_until(&self, at: Timestamp) {
        let mut moved = self.state.subscribe();
        loop {
            let state = *moved.borrow_and_update();
            let now = state.now();
            if now >= at {
                return;
            }
            let passing = async {
                match state {
                    PracticeSetting::Running { .. } => tokio::time::sleep(until(now, at)).await,
                    PracticeSetting::Stopped { .. } => std::future::pending().await,
                }
            };
            tokio::select! {
                () = passing => {}
                // The sender lives as long as `self`, so this only ever reports a move.
                _ = moved.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    #[test]
    fn it_stands_still_until_it_is_moved() {
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let clock = PracticeClock::stopped_at(noon);
        assert_eq!(clock.now(), noon);
        clock.advance(HOUR);
        assert_eq!(clock.now(), noon + HOUR);
        assert!(!clock.is_running());
    }

    #[tokio::test]
    async fn another_clock_follows_what_it_is_told() {
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let (told, follower) = (PracticeClock::running(), PracticeClock::running());
        let known = told.setting();
        told.stop();
        told.set(PracticeSetting::Stopped { at: noon });
        let text = told.set_otherwise_than(known).await.to_string();
        assert_eq!(text, "stopped 2026-11-22T12:00:00Z");
        follower.set(text.parse().unwrap());
        assert_eq!(follower.now(), noon);
        follower.set("running PT1H30.000001S".parse().unwrap());
        assert_eq!(follower.setting().to_string(), "running PT1H30.000001S");
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for text in ["", "running", "running fast", "stopped noon", "paused PT0S"] {
            assert_eq!(text.parse::<PracticeSetting>(), Err(NoSetting), "{text}");
        }
    }

    #[test]
    fn it_runs_on_from_where_it_was_stopped() {
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let clock = PracticeClock::stopped_at(noon);
        clock.resume();
        assert!(clock.is_running());
        assert!(clock.now() >= noon && clock.now() < noon + HOUR);
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved_to_its_time() {
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let clock = PracticeClock::stopped_at(noon);
        let sleeper = {
            let clock = clock.clone();
            async move {
                clock.sleep_until(noon + HOUR).await;
                clock.now()
            }
        };
        let mover = async {
            clock.advance(HOUR / 2);
            tokio::task::yield_now().await;
            clock.advance(HOUR / 2);
        };
        let (woken, ()) = tokio::join!(sleeper, mover);
        assert_eq!(woken, noon + HOUR);
    }
}
