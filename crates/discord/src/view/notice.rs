//! What people are told about their games.

use super::card::{Player, mention};
use super::colour;
use crate::custom_id::{ButtonVerb, CustomId};
use crate::message::{Button, ButtonStyle, Embed, Message, text};
use crate::nonce::Marker;
use domain::{GameId, UserId};
use jiff::Timestamp;

/// How somebody takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// With a seat.
    Confirmed,
    /// On the waitlist, at this place (the first is 1).
    Waitlisted(usize),
    /// As the host.
    Host,
}

/// What somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It starts soon.
    Reminder(Standing),
    /// You have a seat.
    Joined,
    /// You wait, at this place (the first is 1).
    Waitlisted(usize),
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
    /// To the host: somebody placed by them left.
    PlacedPlayerLeft(Player),
}

/// What a notice shows.
#[derive(Clone, Debug)]
pub struct NoticeView {
    /// What is said.
    pub notice: Notice,
    /// To whom.
    pub to: UserId,
    /// Whether it is said in a channel, where the person has to be mentioned to hear it.
    pub in_channel: bool,
    /// The game.
    pub game: GameId,
    /// Its title, as it was typed.
    pub title: String,
    /// The guild's name.
    pub guild: String,
    /// When it starts.
    pub start: Timestamp,
    /// How long it lasts.
    pub minutes: u32,
    /// Where it is played, as it was typed.
    pub place: String,
    /// What players are told when they have joined, as it was typed.
    pub instructions: String,
    /// The game's page, if there is an address for it.
    pub url: Option<String>,
    /// The delivery that sends it.
    pub marker: Marker,
}

/// Writes a notice.
pub fn notice(view: &NoticeView) -> Message {
    let show = CustomId::new(ButtonVerb::Show, view.game).marked(view.marker.clone());
    let message =
        Message::framed(frame(view)).button(Button::new(ButtonStyle::Secondary, "Show game", &show));
    if view.in_channel { message.content(&mention(view.to)).pinging_users([view.to]) } else { message }
}

fn frame(view: &NoticeView) -> Embed {
    let mut frame =
        Embed::titled(&text::plain(&view.title)).colour(colour_of(&view.notice)).description(&sentence(view));
    if let Some(url) = &view.url {
        frame = frame.url(url);
    }
    if tells_when(&view.notice) {
        let when = format!("{} ({})", text::long_time(view.start), text::relative_time(view.start));
        frame = frame.field("When", &when).inline_field("Duration", &text::duration(view.minutes));
        if !view.place.trim().is_empty() {
            frame = frame.inline_field("Where", &text::plain(&view.place));
        }
    }
    if is_about_joining(&view.notice) && !view.instructions.trim().is_empty() {
        frame = frame.field("From the host", &text::plain(&view.instructions));
    }
    frame.footer(&text::plain(&view.guild))
}

fn sentence(view: &NoticeView) -> String {
    let starts = text::relative_time(view.start);
    match &view.notice {
        Notice::Reminder(Standing::Confirmed) => format!("Your game starts {starts}."),
        Notice::Reminder(Standing::Waitlisted(place)) => {
            format!("A game starts {starts}. You are on its **waitlist**, at place {place}.")
        }
        Notice::Reminder(Standing::Host) => format!("The game that you **host** starts {starts}."),
        Notice::Joined => "You have a seat.".to_owned(),
        Notice::Waitlisted(place) => {
            format!("All seats are taken. You are on the waitlist, at place {place}.")
        }
        Notice::Promoted => "A seat is free and it is yours: you moved up from the waitlist.".to_owned(),
        Notice::Demoted => "You moved to the waitlist.".to_owned(),
        Notice::Removed => "You were taken off the roster.".to_owned(),
        Notice::Changed => "Time or place has changed. This is how it is now.".to_owned(),
        Notice::Cancelled => format!("This game is cancelled. It would have started {starts}."),
        Notice::PlacedPlayerLeft(player) => format!("{} left; you had given them a seat.", player.shown()),
    }
}

const fn is_about_joining(notice: &Notice) -> bool {
    matches!(notice, Notice::Joined | Notice::Waitlisted(_))
}

const fn tells_when(notice: &Notice) -> bool {
    !matches!(notice, Notice::Removed | Notice::Cancelled | Notice::PlacedPlayerLeft(_))
}

const fn colour_of(notice: &Notice) -> u32 {
    match notice {
        Notice::Joined | Notice::Promoted => colour::RUNNING,
        Notice::Cancelled | Notice::Removed => colour::OFF,
        Notice::Changed | Notice::Demoted | Notice::Waitlisted(_) | Notice::PlacedPlayerLeft(_) => {
            colour::ATTENTION
        }
        Notice::Reminder(_) => colour::OPEN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::sketch;
    use uuid::Uuid;

    fn view(notice: Notice) -> NoticeView {
        NoticeView {
            notice,
            to: UserId::new(3),
            in_channel: false,
            game: GameId::new(Uuid::from_u128(0xA1)),
            title: "Curse of *Strahd*".to_owned(),
            guild: "The Table".to_owned(),
            start: Timestamp::from_second(1_800_000_000).unwrap(),
            minutes: 210,
            place: "Castle".to_owned(),
            instructions: "Roll 4d6.".to_owned(),
            url: None,
            marker: Marker::of("notice"),
        }
    }

    #[test]
    fn what_each_notice_says() {
        let notices = [
            Notice::Reminder(Standing::Confirmed),
            Notice::Reminder(Standing::Waitlisted(2)),
            Notice::Reminder(Standing::Host),
            Notice::Joined,
            Notice::Waitlisted(1),
            Notice::Promoted,
            Notice::Demoted,
            Notice::Removed,
            Notice::Changed,
            Notice::Cancelled,
            Notice::PlacedPlayerLeft(Player::User(UserId::new(9))),
        ];
        let said: Vec<_> = notices.into_iter().map(|notice| sentence(&view(notice))).collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        Your game starts <t:1800000000:R>.
        A game starts <t:1800000000:R>. You are on its **waitlist**, at place 2.
        The game that you **host** starts <t:1800000000:R>.
        You have a seat.
        All seats are taken. You are on the waitlist, at place 1.
        A seat is free and it is yours: you moved up from the waitlist.
        You moved to the waitlist.
        You were taken off the roster.
        Time or place has changed. This is how it is now.
        This game is cancelled. It would have started <t:1800000000:R>.
        <@9> left; you had given them a seat.
        ");
    }

    #[test]
    fn a_seat_comes_with_the_instructions() {
        insta::assert_snapshot!(sketch(&notice(&view(Notice::Joined))), @r"
        # Curse of \*Strahd\*
        You have a seat.
        When: <t:1800000000:F> (<t:1800000000:R>)
        Duration: 3 h 30 min
        Where: Castle
        From the host: Roll 4d6.
        -- The Table
        [Show game] m1:show:000000000000000000000000000000a1:9368a7d21e018f64ae3327d2
        pings users [] roles []
        ");
    }

    #[test]
    fn in_a_channel_the_person_is_mentioned_and_nobody_else() {
        let public = NoticeView { in_channel: true, ..view(Notice::Cancelled) };
        let message = serde_json::to_value(notice(&public)).unwrap();
        assert_eq!(message["content"], "<@3>");
        assert_eq!(message["allowed_mentions"]["users"], serde_json::json!(["3"]));
    }
}
