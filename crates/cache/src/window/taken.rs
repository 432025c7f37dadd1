//! The places of one window that this process has taken, as a state that is asked and told; it knows no clock of its
//! own.

use std::time::Duration;

use tokio::time::Instant;

use super::Allowance;

#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Each place's number, and until when it is taken.
    places: Vec<(u64, Instant)>,
    closed_until: Option<Instant>,
}

impl Taken {
    /// Whether there is a place; else for how long there is none.
    pub(super) fn room(&mut self, allowance: Allowance, now: Instant) -> Result<(), Duration> {
        self.open(now)?;
        self.places.retain(|(_, until)| *until > now);
        let has_room = u32::try_from(self.places.len()).is_ok_and(|places| places < allowance.max);
        if has_room {
            return Ok(());
        }
        // What is under way will most likely be settled in a moment.
        let first = self.places.iter().map(|(_, until)| *until - now).min();
        Err(first.unwrap_or(allowance.window).min(allowance.window))
    }

    /// Whether it is open; else for how long it is closed.
    pub(super) fn open(&self, now: Instant) -> Result<(), Duration> {
        self.closed_until.filter(|until| *until > now).map_or(Ok(()), |until| Err(until - now))
    }

    pub(super) fn add(&mut self, number: u64, until: Instant) {
        self.places.push((number, until));
    }

    /// A place that is taken until then, and no longer.
    pub(super) fn settle(&mut self, number: u64, until: Instant) {
        if let Some(place) = self.places.iter_mut().find(|(taken, _)| *taken == number) {
            place.1 = until;
        }
    }

    pub(super) fn close(&mut self, until: Instant) {
        self.closed_until = self.closed_until.max(Some(until));
    }

    /// For how long each place is still taken.
    pub(super) fn left(&mut self, now: Instant) -> Vec<(u64, Duration)> {
        self.places.retain(|(_, until)| *until > now);
        self.places.iter().map(|(number, until)| (*number, *until - now)).collect()
    }

    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.places.iter().all(|(_, until)| *until <= now)
            && self.closed_until.is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_A_MINUTE: Allowance = Allowance { max: 2, window: Duration::from_mins(1) };
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_place_is_free_a_window_after_it_was_settled() {
        let (mut taken, now) = (Taken::default(), Instant::now());
        for number in 0..2 {
            assert_eq!(taken.room(TWO_A_MINUTE, now), Ok(()));
            taken.add(number, now + 90 * SECOND);
        }
        assert_eq!(taken.room(TWO_A_MINUTE, now), Err(60 * SECOND), "as if both were settled at once");
        taken.settle(1, now + 62 * SECOND);
        assert_eq!(taken.room(TWO_A_MINUTE, now + 10 * SECOND), Err(52 * SECOND));
        assert_eq!(taken.room(TWO_A_MINUTE, now + 62 * SECOND), Ok(()));
        assert_eq!(taken.left(now + 62 * SECOND), [(0, 28 * SECOND)], "nobody has heard of that one");
    }

    #[test]
    fn none_is_free_while_it_is_closed() {
        let (mut taken, now) = (Taken::default(), Instant::now());
        taken.close(now + 5 * SECOND);
        taken.close(now + SECOND);
        assert_eq!(taken.room(TWO_A_MINUTE, now), Err(5 * SECOND));
        assert!(!taken.is_idle(now));
        assert_eq!(taken.room(TWO_A_MINUTE, now + 5 * SECOND), Ok(()));
        assert!(taken.is_idle(now + 5 * SECOND));
    }
}
