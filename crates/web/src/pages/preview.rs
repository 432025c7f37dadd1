//! The announcement as it will look in Discord, beside the form.

use std::time::Duration;

use domain::Game;
use look::{Embed, EmbedField, card, embed};
use maud::{Markup, html};

use super::form_view::GameForm;
use crate::local_time::zone;

/// The card of the game that the form describes, or how to get to see it.
pub(crate) fn view(form: &GameForm<'_>) -> Markup {
    let body = html! {
        div .stack {
            @if let Some(game) = form.preview {
                (announcement(game, form))
                p .small.muted { "Everybody reads the time in their own zone." }
            } @else {
                p .muted {
                    "Press Preview to see the announcement as it will look in Discord. Nothing is saved by that."
                }
            }
        }
    };
    card("Announcement", &body)
}

/// The card as it will look in Discord.
fn announcement(game: &Game, form: &GameForm<'_>) -> Markup {
    let start = game.start.to_zoned(zone(&game.zone));
    let length = look::duration(Duration::from_mins(u64::from(game.terms.minutes)));
    let players = format!("Players {}/{}", form.players.len(), game.terms.seats);
    let inline = |name, value| EmbedField { name, value, inline: true };
    let block = |name, value| EmbedField { name, value, inline: false };
    let mut fields = vec![
        inline("When", html! { (start.strftime("%A, %-d %B %Y %H:%M")) }),
        inline("Duration", html! { (length) }),
        inline("Host", html! { "@" (form.host) }),
    ];
    if !game.terms.place.is_empty() {
        fields.push(block("Where", html! { (game.terms.place) }));
    }
    fields.push(block(&players, roster(form.players)));
    embed(&Embed {
        color: OPEN_COLOUR,
        title: &game.title,
        description: (!game.description.is_empty()).then(|| html! { (game.description) }),
        fields,
        footer: Some("Open for signups"),
        buttons: Some(buttons()),
    })
}

fn roster(players: &[String]) -> Markup {
    html! {
        @if players.is_empty() { "Nobody yet" }
        @for (number, name) in (1..).zip(players) { (number) ". @" (name) br; }
    }
}

/// Pictures of the buttons: they do nothing here.
fn buttons() -> Markup {
    html! {
        span .button.button-s.button-primary aria-hidden="true" { "Join" }
        span .button.button-s aria-hidden="true" { "Leave" }
    }
}

/// The stripe of a game that takes signups, 0xRRGGBB; the bot's card has the same.
const OPEN_COLOUR: u32 = 0x0035_6FD6;
