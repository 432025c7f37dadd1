//! How many DMs with new people may be opened; Discord takes a bot that opens many for spam (40003).

use domain::UserId;
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
    opened: VecDeque<(Instant, UserId)>,
    broken_until: Option<Instant>,
}

impl NewDms {
    /// Takes one from the budget, or tells how long there is none. Several notices to one person, all of them there
    /// before the channel is known, cost one: opening a DM that is open gives its channel.
    pub(crate) fn take(&mut self, user: UserId, now: Instant) -> Result<(), Duration> {
        if let Some(until) = self.broken_until.filter(|until| *until > now) {
            return Err(until - now);
        }
        while self.opened.front().is_some_and(|(first, _)| *first + WINDOW <= now) {
            self.opened.pop_front();
        }
        if self.opened.iter().any(|(_, known)| *known == user) {
            return Ok(());
        }
        if let Some((first, _)) = self.opened.front().filter(|_| self.opened.len() >= OPENED_MAX) {
            return Err(*first + WINDOW - now);
        }
        self.opened.push_back((now, user));
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
    fn ten_people_a_minute() {
        let (mut dms, now) = (NewDms::default(), Instant::now());
        for person in 0..10 {
            assert_eq!(dms.take(UserId::new(person), now), Ok(()));
            assert_eq!(dms.take(UserId::new(person), now), Ok(()), "the same person once more");
        }
        let eleventh = UserId::new(10);
        assert_eq!(dms.take(eleventh, now + Duration::from_secs(10)), Err(Duration::from_secs(50)));
        assert_eq!(dms.take(eleventh, now + WINDOW), Ok(()));
    }

    #[test]
    fn none_after_a_complaint() {
        let (mut dms, now, user) = (NewDms::default(), Instant::now(), UserId::new(1));
        let pause = dms.trip(now);
        assert_eq!(dms.take(user, now), Err(pause));
        assert_eq!(dms.take(user, now + pause), Ok(()));
    }
}
