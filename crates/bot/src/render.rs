//! From games as the store knows them to what their messages show.

use discord::Marker;
use discord::message::Message;
use discord::view::{CardStatus, CardView, Notice, NoticeView, Player, Standing};
use domain::seats::{Seat, Split};
use domain::{Game, NoticeKind, Participant, Status, UserId, Who};

/// Where games have their pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    /// The dashboard's address without a slash at its end, if people can reach it.
    pub(crate) base: Option<String>,
}

impl Pages {
    fn of_game(&self, game: &Game) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}/games/{}", game.id))
    }
}

/// Draws a game's card for its channel; the key is that of the delivery that posts it.
pub(crate) fn card(game: &Game, split: &Split, key: &str, pages: &Pages) -> Message {
    let ping = game.terms.ping_roles.clone();
    discord::view::card(&CardView { ping, marker: Some(Marker::of(key)), ..card_view(game, split, pages) })
}

/// Draws a game's card for one person, who asked for it: it pings nobody.
pub(crate) fn card_copy(game: &Game, split: &Split, pages: &Pages) -> Message {
    discord::view::card(&card_view(game, split, pages)).ephemeral()
}

fn card_view(game: &Game, split: &Split, pages: &Pages) -> CardView {
    CardView {
        game: game.id,
        title: game.title.clone(),
        description: game.description.clone(),
        host: game.host,
        start: game.start,
        minutes: game.terms.minutes,
        place: game.terms.place.clone(),
        seats: game.terms.seats,
        confirmed: players(&split.confirmed),
        waitlist: players(&split.waitlist),
        status: card_status(game.status),
        lets_join: game.terms.signup.lets_join(),
        ping: Vec::new(),
        url: pages.of_game(game),
        marker: None,
    }
}

fn players(participants: &[Participant]) -> Vec<Player> {
    let player = |participant: &Participant| match &participant.who {
        Who::User(user) => Player::User(*user),
        Who::Placeholder(name) => Player::Placeholder(name.clone()),
    };
    participants.iter().map(player).collect()
}

const fn card_status(status: Status) -> CardStatus {
    match status {
        Status::Draft | Status::Scheduled => CardStatus::Open,
        Status::InProgress => CardStatus::Running,
        Status::Completed | Status::Archived => CardStatus::Completed,
        Status::Cancelled => CardStatus::Cancelled,
    }
}

/// To whom a notice goes and what it is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub(crate) kind: NoticeKind,
    pub(crate) to: UserId,
    pub(crate) in_channel: bool,
    pub(crate) key: &'a str,
    pub(crate) guild: &'a str,
}

/// Writes a notice; none when it has lost its reason: a reminder to somebody who is no longer on the roster.
pub(crate) fn notice(about: About<'_>, game: &Game, split: &Split, pages: &Pages) -> Option<Message> {
    Some(discord::view::notice(&NoticeView {
        notice: said(about, game, split)?,
        to: about.to,
        in_channel: about.in_channel,
        game: game.id,
        title: game.title.clone(),
        guild: about.guild.to_owned(),
        start: game.start,
        minutes: game.terms.minutes,
        place: game.terms.place.clone(),
        instructions: game.terms.instructions.clone(),
        url: pages.of_game(game),
        marker: Marker::of(about.key),
    }))
}

fn said(about: About<'_>, game: &Game, split: &Split) -> Option<Notice> {
    let seat = split.seat_of(about.to);
    Some(match about.kind {
        NoticeKind::Announcement => return None,
        NoticeKind::Reminder => Notice::Reminder(standing(seat, about.to == game.host)?),
        NoticeKind::Joined | NoticeKind::Waitlisted => match seat? {
            Seat::Confirmed(_) => Notice::Joined,
            Seat::Waitlisted(place) => Notice::Waitlisted(place),
        },
        NoticeKind::Promoted => Notice::Promoted,
        NoticeKind::Demoted => Notice::Demoted,
        NoticeKind::Removed => Notice::Removed,
        NoticeKind::Changed => Notice::Changed,
        NoticeKind::Cancelled => Notice::Cancelled,
        NoticeKind::PlacedPlayerLeft => Notice::PlacedPlayerLeft(Player::User(person_in(about.key)?)),
    })
}

/// The host is reminded as the host, also when playing.
const fn standing(seat: Option<Seat>, is_host: bool) -> Option<Standing> {
    match (seat, is_host) {
        (_, true) => Some(Standing::Host),
        (Some(Seat::Confirmed(_)), _) => Some(Standing::Confirmed),
        (Some(Seat::Waitlisted(place)), _) => Some(Standing::Waitlisted(place)),
        (None, false) => None,
    }
}

/// The person whose id stands at the end of a delivery's key.
fn person_in(key: &str) -> Option<UserId> {
    key.rsplit(':').next().and_then(|id| id.parse().ok())
}
