//! The card that announces a game.

use super::colour;
use crate::custom_id::{ButtonVerb, CustomId};
use crate::message::{Button, ButtonStyle, Embed, Message, text};
use crate::nonce::Marker;
use domain::{GameId, RoleId, UserId};
use jiff::Timestamp;

/// Somebody on the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Player {
    /// Somebody on Discord.
    User(UserId),
    /// A name that the host wrote down.
    Placeholder(String),
}

impl Player {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::User(user) => mention(*user),
            Self::Placeholder(name) => text::plain(name),
        }
    }
}

/// A person's name as Discord shows it to each reader.
pub(super) fn mention(user: UserId) -> String {
    format!("<@{user}>")
}

/// Where a game is in its life, as far as its card shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardStatus {
    /// People can join.
    Open,
    /// It has started.
    Running,
    /// It is over.
    Completed,
    /// It was called off.
    Cancelled,
}

impl CardStatus {
    const fn words(self) -> &'static str {
        match self {
            Self::Open => "Open for signups",
            Self::Running => "In progress",
            Self::Completed => "Completed",
            Self::Cancelled => "Cancelled",
        }
    }

    const fn colour(self) -> u32 {
        match self {
            Self::Open => colour::OPEN,
            Self::Running => colour::RUNNING,
            Self::Completed => colour::OVER,
            Self::Cancelled => colour::OFF,
        }
    }
}

/// What a card shows.
#[derive(Clone, Debug)]
pub struct CardView {
    /// The game.
    pub game: GameId,
    /// Its title, as it was typed.
    pub title: String,
    /// What it is about, as it was typed.
    pub description: String,
    /// Who runs it.
    pub host: UserId,
    /// When it starts.
    pub start: Timestamp,
    /// How long it lasts.
    pub minutes: u32,
    /// Where it is played, as it was typed.
    pub place: String,
    /// How many are confirmed at most.
    pub seats: u32,
    /// Those with a seat, in order.
    pub confirmed: Vec<Player>,
    /// Those who wait, in order.
    pub waitlist: Vec<Player>,
    /// Where it is in its life.
    pub status: CardStatus,
    /// Whether people can put themselves on the roster.
    pub lets_join: bool,
    /// The roles to ping when the card is posted.
    pub ping: Vec<RoleId>,
    /// The game's page, if there is an address for it.
    pub url: Option<String>,
    /// The delivery that posts it; none for a copy that is shown to one person.
    pub marker: Option<Marker>,
}

/// Draws a game's card.
pub fn card(view: &CardView) -> Message {
    let pings: Vec<String> = view.ping.iter().map(|role| format!("<@&{role}>")).collect();
    Message::framed(frame(view))
        .content(&pings.join(" "))
        .pinging_roles(view.ping.iter().copied())
        .button(press(view, ButtonStyle::Success, "Join", ButtonVerb::Join).disabled(!is_joinable(view)))
        .button(press(view, ButtonStyle::Secondary, "Leave", ButtonVerb::Leave).disabled(!is_open(view)))
}

fn is_open(view: &CardView) -> bool {
    view.status == CardStatus::Open
}

fn is_joinable(view: &CardView) -> bool {
    is_open(view) && view.lets_join
}

fn press(view: &CardView, style: ButtonStyle, label: &str, verb: ButtonVerb) -> Button {
    let id = CustomId { verb, game: view.game, marker: view.marker.clone() };
    Button::new(style, label, &id)
}

fn frame(view: &CardView) -> Embed {
    let when = format!("{}\n{}", text::long_time(view.start), text::relative_time(view.start));
    let mut frame = Embed::titled(&text::plain(&view.title))
        .colour(view.status.colour())
        .description(&text::plain(&view.description))
        .inline_field("When", &when)
        .inline_field("Duration", &text::duration(view.minutes))
        .inline_field("Host", &mention(view.host));
    if let Some(url) = &view.url {
        frame = frame.url(url);
    }
    if !view.place.trim().is_empty() {
        frame = frame.field("Where", &text::plain(&view.place));
    }
    frame = roster(frame, &format!("Players {}/{}", view.confirmed.len(), view.seats), &view.confirmed);
    if !view.waitlist.is_empty() {
        frame = roster(frame, &format!("Waitlist {}", view.waitlist.len()), &view.waitlist);
    }
    frame.footer(view.status.words())
}

fn roster(frame: Embed, name: &str, players: &[Player]) -> Embed {
    let numbered = players.iter().zip(1..).map(|(player, n)| format!("{n}. {}", player.shown()));
    let lines: Vec<String> = numbered.collect();
    let value = if lines.is_empty() { "Nobody yet".to_owned() } else { text::list(&lines, frame.room(name)) };
    frame.field(name, &value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::sketch;
    use serde_json::Value;
    use uuid::Uuid;

    fn view() -> CardView {
        CardView {
            game: GameId::new(Uuid::from_u128(0xA1)),
            title: "Curse of *Strahd*".to_owned(),
            description: "Bring dice. @everyone".to_owned(),
            host: UserId::new(7),
            start: Timestamp::from_second(1_800_000_000).unwrap(),
            minutes: 210,
            place: "https://vtt.example/a_b".to_owned(),
            seats: 2,
            confirmed: vec![Player::User(UserId::new(1)), Player::Placeholder("Ann_".to_owned())],
            waitlist: vec![Player::User(UserId::new(3))],
            status: CardStatus::Open,
            lets_join: true,
            ping: vec![RoleId::new(50)],
            url: Some("http://localhost:8080/games/1".to_owned()),
            marker: Some(Marker::of("announcement")),
        }
    }

    #[test]
    fn an_open_games_card() {
        insta::assert_snapshot!(sketch(&card(&view())), @r#"
        <@&50>
        # Curse of \*Strahd\* http://localhost:8080/games/1
        Bring dice. \@everyone
        When: <t:1800000000:F>
        <t:1800000000:R>
        Duration: 3 h 30 min
        Host: <@7>
        Where: https://vtt.example/a_b
        Players 2/2: 1. <@1>
        2. Ann\_
        Waitlist 1: 1. <@3>
        -- Open for signups
        [Join] m1:join:000000000000000000000000000000a1:86118a3b7fc92492b0265628
        [Leave] m1:leave:000000000000000000000000000000a1:86118a3b7fc92492b0265628
        pings users [] roles ["50"]
        "#);
    }

    #[test]
    fn buttons_are_off_when_there_is_nothing_to_press_for() {
        let off = |view: &CardView| -> Vec<bool> {
            let card = serde_json::to_value(card(view)).unwrap();
            let buttons = card["components"][0]["components"].as_array().unwrap().clone();
            buttons.iter().map(|button| button["disabled"] == Value::Bool(true)).collect()
        };
        assert_eq!(off(&view()), [false, false]);
        assert_eq!(off(&CardView { lets_join: false, ..view() }), [true, false]);
        for status in [CardStatus::Running, CardStatus::Completed, CardStatus::Cancelled] {
            assert_eq!(off(&CardView { status, ..view() }), [true, true]);
        }
    }

    #[test]
    fn a_hundred_players_fit_in_words() {
        let confirmed = (0..100).map(|n| Player::User(UserId::new(1_000_000_000_000_000_000 + n))).collect();
        let crowd = serde_json::to_value(card(&CardView { confirmed, seats: 100, ..view() })).unwrap();
        let players = crowd["embeds"][0]["fields"][4]["value"].as_str().unwrap();
        assert!(text::length(players) <= 1024);
        assert_eq!(players.lines().last(), Some("and 63 more"));
    }
}
