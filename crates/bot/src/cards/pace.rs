//! The order of those edits that this process has begun, so that no worker waits for a turn that is far away.

use actions::ledger::Allowance;
use domain::ChannelId;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Edits of a channel's messages, by all processes; Discord allows a handful before it refuses.
pub(crate) const EDITS: Allowance = Allowance { max: 5, window: Duration::from_secs(5) };
/// Channels kept before those that hold nobody up are forgotten.
const KEPT: usize = 1024;

/// Gives every edit its moment.
#[derive(Debug, Default)]
pub(crate) struct Pace(HashMap<ChannelId, VecDeque<Instant>>);

impl Pace {
    /// Reserves the next moment for an edit in a channel, if that is at most so far away; else tells how far.
    pub(crate) fn reserve(
        &mut self,
        channel: ChannelId,
        now: Instant,
        held_at_most: Duration,
    ) -> Result<Instant, Duration> {
        let edits = self.0.entry(channel).or_default();
        let at = room(edits, now);
        if at - now > held_at_most {
            return Err(at - now);
        }
        edits.push_back(at);
        self.forget(now);
        Ok(at)
    }

    fn forget(&mut self, now: Instant) {
        if self.0.len() > KEPT {
            self.0.retain(|_, edits| edits.back().is_some_and(|last| *last + EDITS.window > now));
        }
    }
}

/// The first moment at which there is room for an edit among the others of its channel.
fn room(edits: &mut VecDeque<Instant>, now: Instant) -> Instant {
    let max = EDITS.max as usize;
    while edits.len() > max || edits.front().is_some_and(|first| *first + EDITS.window <= now) {
        edits.pop_front();
    }
    if edits.len() < max {
        return now;
    }
    edits.front().map_or(now, |first| now.max(*first + EDITS.window))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const HERE: ChannelId = ChannelId::new(1);
    const ELSEWHERE: ChannelId = ChannelId::new(2);

    #[test]
    fn a_channel_has_five_edits_in_five_seconds() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let waits = [(); 11].map(|()| (pace.reserve(HERE, now, MINUTE).unwrap() - now).as_secs());
        assert_eq!(waits, [0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10]);
        assert_eq!(pace.reserve(ELSEWHERE, now, MINUTE), Ok(now), "another channel is not held up");
    }

    #[test]
    fn who_is_not_held_holds_up_nobody() {
        let (mut pace, now, held) = (Pace::default(), Instant::now(), Duration::from_secs(4));
        for _ in 0..5 {
            assert_eq!(pace.reserve(HERE, now, held), Ok(now));
        }
        for _ in 0..25 {
            assert_eq!(pace.reserve(HERE, now, held), Err(EDITS.window));
        }
        let later = now + EDITS.window;
        assert_eq!(pace.reserve(HERE, later, held), Ok(later));
    }
}
