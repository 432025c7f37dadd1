//! Who is told what: from an event to the notices that it asks for.

use crate::due::{self, DueKind};
use crate::seats::Split;
use crate::{ChannelId, Event, EventBody, Game, GameField, Participant, RosterChange, Status, UserId};
use jiff::Timestamp;
use std::str::FromStr;

/// What a notice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// The card in the channel.
    Announcement,
    /// It starts soon.
    Reminder,
    /// You have a seat.
    Joined,
    /// You are on the waitlist.
    Waitlisted,
    /// You moved up to a seat.
    Promoted,
    /// You moved down to the waitlist.
    Demoted,
    /// You were taken off the roster.
    Removed,
    /// Time or place changed.
    Changed,
    /// It is called off.
    Cancelled,
    /// To the host: somebody whom the host had placed left.
    PlacedPlayerLeft,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Announcement,
        Self::Reminder,
        Self::Joined,
        Self::Waitlisted,
        Self::Promoted,
        Self::Demoted,
        Self::Removed,
        Self::Changed,
        Self::Cancelled,
        Self::PlacedPlayerLeft,
    ];

    /// The name used in the database, in JSON and on metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announcement => "announcement",
            Self::Reminder => "reminder",
            Self::Joined => "joined",
            Self::Waitlisted => "waitlisted",
            Self::Promoted => "promoted",
            Self::Demoted => "demoted",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Cancelled => "cancelled",
            Self::PlacedPlayerLeft => "placed_player_left",
        }
    }

    /// Whether it is pointless once its game is called off or moved.
    pub const fn ends_with_the_game(self) -> bool {
        !matches!(self, Self::Cancelled | Self::Removed)
    }
}

/// A word that is no kind of notice.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no kind of notice")]
pub struct UnknownNoticeKind(String);

impl FromStr for NoticeKind {
    type Err = UnknownNoticeKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownNoticeKind(text.to_owned()))
    }
}

/// To whom a notice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// A channel of the guild.
    Channel(ChannelId),
    /// A person, by DM.
    User(UserId),
}

/// One row for the delivery ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it says.
    pub kind: NoticeKind,
    /// To whom.
    pub to: Recipient,
    /// What makes it one of a kind: the same notice asked for twice has the same key.
    pub key: String,
    /// After which it is not sent any more.
    pub deadline: Option<Timestamp>,
}

/// The notices that an event asks for, given the game and its roster as they are now.
///
/// Events arrive late, and the game may have gone on since: nobody is told of a draft, of a start that was
/// moved away, or of anything but the end of a game that was called off.
pub fn for_event(event: &Event, game: &Game, split: &Split) -> Vec<Notice> {
    let mut notices = match &event.body {
        EventBody::GameCreated { status: Status::Scheduled }
        | EventBody::GameStatusChanged { from: Status::Draft, .. } => vec![announcement(game)],
        EventBody::GameUpdated { changed, roster } => {
            let mut notices = moved(event, game, roster);
            if changed.iter().copied().any(GameField::is_announced) {
                let everyone = everyone_on(split);
                notices.extend(everyone.map(|user| once(NoticeKind::Changed, user, event, Some(game.end()))));
            }
            notices
        }
        EventBody::GameCancelled { from, .. } if *from != Status::Draft => {
            everyone_on(split).map(|user| once(NoticeKind::Cancelled, user, event, None)).collect()
        }
        EventBody::ParticipantsChanged(roster) => moved(event, game, roster),
        EventBody::NotificationDue { kind, detail, scheduled_for, deadline } => {
            match DueKind::from_parts(kind, *detail) {
                Ok(DueKind::Reminder { minutes }) => {
                    reminders(game, split, (minutes, *scheduled_for, *deadline))
                }
                Ok(DueKind::JoinNotice(user)) => join_notice(game, split, user, *deadline),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    };
    notices.retain(|notice| match game.status {
        Status::Draft => false,
        Status::Cancelled => !notice.kind.ends_with_the_game(),
        _ => true,
    });
    notices
}

/// The card's notice: there is one per game.
pub fn announcement(game: &Game) -> Notice {
    Notice {
        kind: NoticeKind::Announcement,
        to: Recipient::Channel(game.terms.channel),
        key: format!("announcement:{}", game.id),
        deadline: None,
    }
}

fn everyone_on(split: &Split) -> impl Iterator<Item = UserId> {
    split.confirmed.iter().chain(&split.waitlist).filter_map(Participant::user)
}

fn once(kind: NoticeKind, user: UserId, event: &Event, deadline: Option<Timestamp>) -> Notice {
    let key = format!("{}:{}:{user}", kind.as_str(), event.id);
    Notice { kind, to: Recipient::User(user), key, deadline }
}

fn moved(event: &Event, game: &Game, change: &RosterChange) -> Vec<Notice> {
    let told = |kind, users: &[UserId]| {
        users.iter().map(move |user| once(kind, *user, event, Some(game.end()))).collect::<Vec<_>>()
    };
    let mut notices = told(NoticeKind::Promoted, &change.promoted);
    notices.extend(told(NoticeKind::Demoted, &change.demoted));
    notices.extend(told(NoticeKind::Removed, &change.removed));
    let others = change.placed_left.iter().filter(|player| **player != game.host);
    notices.extend(others.map(|player| Notice {
        kind: NoticeKind::PlacedPlayerLeft,
        to: Recipient::User(game.host),
        key: format!("placed_player_left:{}:{player}", event.id),
        deadline: Some(game.end()),
    }));
    notices
}

/// One per person on the roster, and one for the host; none for a start that the game no longer has. The key
/// holds the moment, so that a moved game's reminder is another one.
fn reminders(game: &Game, split: &Split, due: (u32, Timestamp, Option<Timestamp>)) -> Vec<Notice> {
    let (minutes, scheduled_for, deadline) = due;
    if scheduled_for != due::reminder_at(game, minutes) {
        return Vec::new();
    }
    let mut users: Vec<_> = everyone_on(split).collect();
    if !users.contains(&game.host) {
        users.push(game.host);
    }
    let moment = scheduled_for.as_second();
    users
        .into_iter()
        .map(|user| Notice {
            kind: NoticeKind::Reminder,
            to: Recipient::User(user),
            key: format!("reminder:{}:{minutes}:{moment}:{user}", game.id),
            deadline,
        })
        .collect()
}

/// One for each place on the roster: whoever leaves and comes back within the delay is told once.
fn join_notice(game: &Game, split: &Split, user: UserId, deadline: Option<Timestamp>) -> Vec<Notice> {
    let on = |list: &[Participant]| list.iter().find(|p| p.user() == Some(user)).map(|p| p.id);
    let (kind, place) = match (on(&split.confirmed), on(&split.waitlist)) {
        (Some(place), _) => (NoticeKind::Joined, place),
        (None, Some(place)) => (NoticeKind::Waitlisted, place),
        (None, None) => return Vec::new(),
    };
    let key = format!("join_notice:{}:{place}", game.id);
    vec![Notice { kind, to: Recipient::User(user), key, deadline }]
}
