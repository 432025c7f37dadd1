//! How often cards may be edited, so that a rush of signups costs few edits.

use discord::SentMessage;
use domain::{ChannelId, MessageId};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Edits of a channel's messages in a window; Discord allows a handful before it refuses.
const CHANNEL_EDITS: usize = 5;
const CHANNEL_WINDOW: Duration = Duration::from_secs(5);
/// One card again: people see the first change at once and the sum of the next ones soon after.
const CARD_GAP: Duration = Duration::from_secs(2);
/// Entries kept before those that hold nobody up are forgotten.
const KEPT: usize = 1024;

/// Gives every edit its moment.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    channels: HashMap<ChannelId, VecDeque<Instant>>,
    cards: HashMap<MessageId, Instant>,
}

impl Pace {
    /// Reserves the next moment for an edit of this message, if that is at most so far away; else tells how far.
    pub(crate) fn reserve(
        &mut self,
        card: SentMessage,
        now: Instant,
        held_at_most: Duration,
    ) -> Result<Instant, Duration> {
        let edits = self.channels.entry(card.channel).or_default();
        let at = self.cards.get(&card.id).map_or(now, |last| now.max(*last + CARD_GAP));
        let at = at.max(room(edits, CHANNEL_EDITS, CHANNEL_WINDOW, now));
        if at - now > held_at_most {
            return Err(at - now);
        }
        edits.push_back(at);
        self.cards.insert(card.id, at);
        self.forget(now);
        Ok(at)
    }

    /// Lets nothing be edited in a channel for a while, because Discord asked for it.
    pub(crate) fn rest(&mut self, channel: ChannelId, until: Instant) {
        let edits = self.channels.entry(channel).or_default();
        let latest = until.checked_sub(CHANNEL_WINDOW).unwrap_or(until);
        edits.clear();
        edits.extend([latest; CHANNEL_EDITS]);
    }

    fn forget(&mut self, now: Instant) {
        if self.cards.len() > KEPT {
            self.cards.retain(|_, last| *last + CARD_GAP > now);
            self.channels.retain(|_, edits| edits.back().is_some_and(|last| *last + CHANNEL_WINDOW > now));
        }
    }
}

/// The first moment at which fewer than `max` of the edits lie within the window before it.
fn room(edits: &mut VecDeque<Instant>, max: usize, window: Duration, now: Instant) -> Instant {
    while edits.len() > max || edits.front().is_some_and(|first| *first + window <= now) {
        edits.pop_front();
    }
    if edits.len() < max { now } else { edits.front().map_or(now, |first| now.max(*first + window)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(id: u64, channel: u64) -> SentMessage {
        SentMessage { id: MessageId::new(id), channel: ChannelId::new(channel) }
    }

    const MINUTE: Duration = Duration::from_mins(1);

    fn waits(pace: &mut Pace, cards: impl IntoIterator<Item = u64>, now: Instant) -> Vec<u64> {
        let mut reserve = |id| pace.reserve(card(id, 1), now, MINUTE).unwrap();
        cards.into_iter().map(|id| (reserve(id) - now).as_secs()).collect()
    }

    #[test]
    fn one_card_is_edited_at_once_and_then_every_two_seconds() {
        let now = Instant::now();
        assert_eq!(waits(&mut Pace::default(), [1, 1, 1, 1], now), [0, 2, 4, 6]);
    }

    #[test]
    fn a_channel_has_five_edits_in_five_seconds() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        assert_eq!(waits(&mut pace, 1..=11, now), [0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10]);
        assert_eq!(pace.reserve(card(99, 2), now, MINUTE), Ok(now), "another channel is not held up");
    }

    #[test]
    fn a_rest_is_kept() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.rest(ChannelId::new(1), now + Duration::from_secs(30));
        assert_eq!(waits(&mut pace, [1], now), [30]);
    }

    #[test]
    fn who_is_not_held_holds_up_nobody() {
        let (mut pace, now, held) = (Pace::default(), Instant::now(), Duration::from_secs(4));
        assert_eq!(waits(&mut pace, 1..=5, now), [0; 5]);
        for id in 6..=30 {
            assert_eq!(pace.reserve(card(id, 1), now, held), Err(Duration::from_secs(5)));
        }
        let later = now + Duration::from_secs(5);
        assert_eq!(pace.reserve(card(30, 1), later, held), Ok(later));
    }
}
