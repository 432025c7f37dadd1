//! How often cards may be edited, so that a rush of signups costs few edits.

use discord::{MessageAge, SentMessage};
use domain::{ChannelId, MessageId};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Edits of a channel's messages in a window; Discord allows a handful before it refuses.
const CHANNEL_EDITS: usize = 5;
const CHANNEL_WINDOW: Duration = Duration::from_secs(5);
/// Edits of a channel's messages that are older than an hour; beyond ten a minute Discord refuses (30046).
const OLD_EDITS: usize = 9;
const OLD_WINDOW: Duration = Duration::from_mins(1);
/// One card again: people see the first change at once and the sum of the next ones soon after.
const CARD_GAP: Duration = Duration::from_secs(2);
/// Entries kept before those that hold nobody up are forgotten.
const KEPT: usize = 1024;

/// Gives every edit its moment.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    channels: HashMap<ChannelId, VecDeque<Instant>>,
    old: HashMap<ChannelId, VecDeque<Instant>>,
    cards: HashMap<MessageId, Instant>,
}

impl Pace {
    /// Reserves the next moment for an edit of this message.
    pub(crate) fn reserve(&mut self, card: SentMessage, age: MessageAge, now: Instant) -> Instant {
        let mut at = self.cards.get(&card.id).map_or(now, |last| now.max(*last + CARD_GAP));
        at = at.max(room(self.channels.entry(card.channel).or_default(), CHANNEL_EDITS, CHANNEL_WINDOW, now));
        if age == MessageAge::Old {
            at = at.max(room(self.old.entry(card.channel).or_default(), OLD_EDITS, OLD_WINDOW, now));
            self.old.entry(card.channel).or_default().push_back(at);
        }
        self.channels.entry(card.channel).or_default().push_back(at);
        self.cards.insert(card.id, at);
        self.forget(now);
        at
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
            self.old.retain(|_, edits| edits.back().is_some_and(|last| *last + OLD_WINDOW > now));
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

    fn waits(
        pace: &mut Pace,
        cards: impl IntoIterator<Item = u64>,
        age: MessageAge,
        now: Instant,
    ) -> Vec<u64> {
        cards.into_iter().map(|id| (pace.reserve(card(id, 1), age, now) - now).as_secs()).collect()
    }

    #[test]
    fn one_card_is_edited_at_once_and_then_every_two_seconds() {
        let now = Instant::now();
        assert_eq!(waits(&mut Pace::default(), [1, 1, 1, 1], MessageAge::Fresh, now), [0, 2, 4, 6]);
    }

    #[test]
    fn a_channel_has_five_edits_in_five_seconds() {
        let now = Instant::now();
        let expected = [0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10];
        assert_eq!(waits(&mut Pace::default(), 1..=11, MessageAge::Fresh, now), expected);
    }

    #[test]
    fn old_messages_have_nine_a_minute() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let waited = waits(&mut pace, 1..=10, MessageAge::Old, now);
        assert_eq!(waited, [0, 0, 0, 0, 0, 5, 5, 5, 5, 60]);
        assert_eq!(pace.reserve(card(99, 2), MessageAge::Old, now), now, "another channel is not held up");
    }

    #[test]
    fn a_rest_is_kept() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.rest(ChannelId::new(1), now + Duration::from_secs(30));
        assert_eq!(waits(&mut pace, [1], MessageAge::Fresh, now), [30]);
    }
}
