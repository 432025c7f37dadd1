use crate::{system_now, until, whole_microseconds};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tokio::sync::watch;

/// A clock that runs beside the machine's at an offset, or stands still; whoever holds a clone may move it.
///
/// It lets a newcomer see tomorrow's reminder today, and a test see it at once.
#[derive(Clone, Debug)]
pub struct PracticeClock {
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Running { offset: SignedDuration },
    Stopped { at: Timestamp },
}

impl State {
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
        Self::with(State::Running { offset: SignedDuration::ZERO })
    }

    /// Stands still at `at`.
    pub fn stopped_at(at: Timestamp) -> Self {
        Self::with(State::Stopped { at: whole_microseconds(at) })
    }

    fn with(state: State) -> Self {
        Self { state: Arc::new(watch::Sender::new(state)) }
    }

    /// What this clock shows.
    pub fn now(&self) -> Timestamp {
        self.state.borrow().now()
    }

    /// Whether it moves by itself.
    pub fn is_running(&self) -> bool {
        matches!(*self.state.borrow(), State::Running { .. })
    }

    /// How far it is ahead of the machine's clock.
    pub fn offset(&self) -> SignedDuration {
        match *self.state.borrow() {
            State::Running { offset } => offset,
            State::Stopped { at } => at.duration_since(system_now()),
        }
    }

    /// Lets it run at `offset` ahead of the machine's clock.
    pub fn set_offset(&self, offset: SignedDuration) {
        self.state.send_replace(State::Running { offset });
    }

    /// Moves it by `step` and wakes every sleeper whose time has come.
    pub fn advance(&self, step: SignedDuration) {
        self.state.send_modify(|state| match state {
            State::Running { offset } => *offset = offset.saturating_add(step),
            State::Stopped { at } => *at = at.saturating_add(step).unwrap_or(Timestamp::MAX),
        });
    }

    /// Stops it where it is.
    pub fn stop(&self) {
        self.state.send_modify(|state| *state = State::Stopped { at: state.now() });
    }

    /// Lets it run on from where it is.
    pub fn resume(&self) {
        self.state.send_modify(|state| {
            *state = State::Running { offset: state.now().duration_since(system_now()) };
        });
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
                    State::Running { .. } => tokio::time::sleep(until(now, at)).await,
                    State::Stopped { .. } => std::future::pending().await,
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
