//! How many DMs with new people may be opened; Discord takes a bot that opens many for spam (40003).

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// New DMs in a window.
const OPENED_MAX: usize = 10;
const WINDOW: Duration = Duration::from_mins(1);
/// How long none is opened after Discord has complained.
const BREAK: Duration = Duration::from_mins(5);

/// The budget of new DMs.
#[derive(Debug, Default)]
pub(crate) struct NewDms {
    opened: VecDeque<Instant>,
    broken_until: Option<Instant>,
}

impl NewDms {
    /// Takes one from the budget, or tells how long there is none.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(until) = self.broken_until.filter(|until| *until > now) {
            return Err(until - now);
        }
        while self.opened.front().is_some_and(|first| *first + WINDOW <= now) {
            self.opened.pop_front();
        }
        if let Some(first) = self.opened.front().filter(|_| self.opened.len() >= OPENED_MAX) {
            return Err(*first + WINDOW - now);
        }
        self.opened.push_back(now);
        Ok(())
    }

    /// Discord has complained.
    pub(crate) fn trip(&mut self, now: Instant) -> Duration {
        self.broken_until = Some(now + BREAK);
        BREAK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_minute() {
        let (mut dms, now) = (NewDms::default(), Instant::now());
        assert!((0..10).all(|_| dms.take(now).is_ok()));
        assert_eq!(dms.take(now + Duration::from_secs(10)), Err(Duration::from_secs(50)));
        assert_eq!(dms.take(now + WINDOW), Ok(()));
    }

    #[test]
    fn none_after_a_complaint() {
        let (mut dms, now) = (NewDms::default(), Instant::now());
        let pause = dms.trip(now);
        assert_eq!(dms.take(now), Err(pause));
        assert_eq!(dms.take(now + pause), Ok(()));
    }
}
