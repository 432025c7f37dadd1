//! The form for a game: grouped fields, the template's defaults as placeholders, a preview beside it.

use std::time::Duration;

use domain::{Game, Guild, SignupMethod, Template};
use look::{
    Choice, Embed, EmbedField, Field, FieldError, Kind, Style, Tone, card, embed, error_summary, field,
    heading, hidden, link_button, notice,
};
use maud::{Markup, html};

use super::words::signup_label;
use crate::input::Submitted;
use crate::local_time::{Caveat, shown, zone};

/// What the form shows.
#[derive(Debug)]
pub(crate) struct GameForm<'a> {
    /// `None` for a new game.
    pub(crate) editing: Option<&'a Game>,
    pub(crate) template: &'a Template,
    /// Templates to choose from, for a new game.
    pub(crate) templates: &'a [Template],
    /// What was typed, or is stored.
    pub(crate) values: &'a Submitted,
    pub(crate) errors: &'a [FieldError],
    pub(crate) caveat: Option<Caveat>,
    /// How the game would be.
    pub(crate) preview: Option<&'a Game>,
    /// Who runs it.
    pub(crate) host: &'a str,
    /// Who has a seat already.
    pub(crate) players: &'a [String],
}

/// The body of the page.
pub(crate) fn view(form: &GameForm<'_>, csrf: &str) -> Markup {
    let title = form.editing.map_or("New game", |_| "Edit game");
    let crumb = form.editing.map(|game| html! { a href={ "/games/" (game.id) } { (game.title) } });
    html! {
        (heading(crumb, title, None, None))
        (error_summary(form.errors))
        div .split {
            form .card method="post" action=(form.action()) novalidate {
                (hidden("csrf", csrf))
                (hidden("guild", form.values.get("guild")))
                (hidden("key", form.values.get("key")))
                (what(form))
                (when(form))
                (seats(form))
                (more(form))
                (actions(form))
            }
            div .stack.beside-sticky { (preview(form)) }
        }
    }
}

fn what(form: &GameForm<'_>) -> Markup {
    let title = Field { name: "title", label: "Title", required: true, ..Field::default() };
    let description = Field {
        name: "description",
        label: "Description",
        help: "What it is, and what to bring. Up to 2,000 characters.",
        kind: Kind::Lines,
        ..Field::default()
    };
    html! {
        fieldset .group {
            legend { "What" }
            (template(form))
            (form.field(title))
            (form.field(description))
        }
    }
}

/// The choice among the guild's templates, where there is one.
fn template(form: &GameForm<'_>) -> Markup {
    if form.editing.is_some() || form.templates.len() < 2 {
        return hidden("template", &form.template.id.to_string());
    }
    let names: Vec<_> = form.templates.iter().map(|it| (it.id.to_string(), it.name.as_str())).collect();
    let choices: Vec<_> = names.iter().map(|(value, label)| Choice { value, label }).collect();
    form.field(Field {
        name: "template",
        label: "Template",
        kind: Kind::Choices(&choices),
        ..Field::default()
    })
}

fn when(form: &GameForm<'_>) -> Markup {
    let moment = Field { kind: Kind::Line("datetime-local"), ..Field::default() };
    let number = Field { kind: Kind::Line("number"), ..Field::default() };
    let usual = form.template.terms.minutes.to_string();
    let start = Field { name: "start", label: "Starts", required: true, ..moment };
    let zone = Field {
        name: "zone",
        label: "Time zone",
        required: true,
        help: "The start is on the clocks there.",
        ..Field::default()
    };
    let minutes = Field { name: "minutes", label: "Minutes", placeholder: &usual, ..number };
    let announced = Field {
        name: "post_at",
        label: "Announce at",
        help: "Empty: at once. Until then only you and the managers see it.",
        ..moment
    };
    html! {
        fieldset .group {
            legend { "When" }
            @if let Some(caveat) = form.caveat { (notice(Tone::Warn, &html! { (caveat.sentence()) })) }
            div .fields {
                (form.field(start))
                (form.field(zone))
                (form.field(minutes))
                @if form.editing.is_none() { (form.field(announced)) }
            }
        }
    }
}

fn seats(form: &GameForm<'_>) -> Markup {
    let terms = &form.template.terms;
    let usual = terms.seats.to_string();
    let seats = Field {
        name: "seats",
        label: "Seats",
        placeholder: &usual,
        kind: Kind::Line("number"),
        ..Field::default()
    };
    let as_template = format!("As the template: {}", signup_label(terms.signup));
    let mut choices = vec![Choice { value: "", label: &as_template }];
    choices.extend(SignupMethod::ALL.map(|it| Choice { value: it.as_str(), label: signup_label(it) }));
    let signup = Field { name: "signup", label: "Signup", kind: Kind::Choices(&choices), ..Field::default() };
    html! {
        fieldset .group {
            legend { "Who" }
            div .fields {
                (form.field(seats))
                @if form.editing.is_none() { (form.field(signup)) }
            }
        }
    }
}

fn more(form: &GameForm<'_>) -> Markup {
    let terms = &form.template.terms;
    let usual = join(&terms.reminders);
    let place = Field { name: "place", label: "Where", placeholder: &terms.place, ..Field::default() };
    let reminders = Field {
        name: "reminders",
        label: "Reminders",
        placeholder: &usual,
        help: "Minutes before the start, with commas between. A dash for none.",
        ..Field::default()
    };
    let instructions = Field {
        name: "instructions",
        label: "Signup instructions",
        placeholder: &terms.instructions,
        help: "Sent to everybody who joins.",
        kind: Kind::Lines,
        ..Field::default()
    };
    html! {
        fieldset .group {
            legend { "Where, and what people are told" }
            (form.field(place))
            (form.field(reminders))
            (form.field(instructions))
        }
    }
}

fn actions(form: &GameForm<'_>) -> Markup {
    let (save, back) = match form.editing {
        Some(game) => ("Save changes", format!("/games/{}", game.id)),
        None => ("Create game", "/games".to_owned()),
    };
    html! {
        div .row {
            button .button.button-primary type="submit" name="intent" value="save" { (save) }
            button .button type="submit" name="intent" value="preview" { "Preview" }
            (link_button(Style::Quiet, &back, "Back"))
        }
    }
}

fn preview(form: &GameForm<'_>) -> Markup {
    let body = html! {
        div .stack {
            @if let Some(game) = form.preview {
                (announcement(game, form))
                p .small.muted { "Everybody reads the time in their own zone." }
            } @else {
                p .muted { "Press Preview to see the announcement as it will look in Discord. Nothing is saved by that." }
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

/// Reminders as the form shows them.
pub(crate) fn join(minutes: &[u32]) -> String {
    minutes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl GameForm<'_> {
    fn action(&self) -> String {
        self.editing.map_or_else(|| "/games/new".to_owned(), |game| format!("/games/{}/edit", game.id))
    }

    /// A field with what is in it and what is wrong with it.
    fn field(&self, plain: Field<'_>) -> Markup {
        let error =
            self.errors.iter().find(|error| error.field == plain.name).map(|error| error.text.as_str());
        field(&Field { value: self.values.get(plain.name), error, ..plain })
    }
}

/// Asks before a game is cancelled.
pub(crate) fn cancel_view(game: &Game, players: usize, csrf: &str) -> Markup {
    let told = match players {
        0 => "Nobody is on the roster.".to_owned(),
        1 => "The one player is told.".to_owned(),
        count => format!("All {count} players are told."),
    };
    html! {
        (heading(Some(html! { a href={ "/games/" (game.id) } { (game.title) } }), "Cancel this game?", None, None))
        form .stack method="post" action={ "/games/" (game.id) "/cancel" } {
            (hidden("csrf", csrf))
            p { "The announcement is marked as cancelled, and no reminder goes out any more. " (told) " This can't be undone." }
            div .row {
                (look::button(Style::Danger, "Cancel the game"))
                (link_button(Style::Plain, &format!("/games/{}", game.id), "Keep it"))
            }
        }
    }
}

/// What the form for a new game is filled with. A start would be a guess, so it stays empty.
pub(crate) fn fresh(guild: &Guild, key: String, template: &Template) -> Submitted {
    Submitted::from([
        ("guild", guild.id.to_string()),
        ("zone", guild.zone.clone()),
        ("key", key),
        ("template", template.id.to_string()),
    ])
}

/// What an edit form is filled with.
pub(crate) fn stored(game: &Game) -> Submitted {
    let zone = zone(&game.zone);
    Submitted::from([
        ("title", game.title.clone()),
        ("description", game.description.clone()),
        ("start", shown(game.start, &zone)),
        ("zone", game.zone.clone()),
        ("minutes", game.terms.minutes.to_string()),
        ("seats", game.terms.seats.to_string()),
        ("place", game.terms.place.clone()),
        ("reminders", join(&game.terms.reminders)),
        ("instructions", game.terms.instructions.clone()),
    ])
}
