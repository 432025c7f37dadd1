//! The form for a game: grouped fields, the template's defaults as placeholders, a preview beside it.

use domain::{Game, Guild, SignupMethod, Template};
use look::{
    Choice, Embed, EmbedField, Field, FieldError, Kind, Style, Tone, card, embed, error_summary, field,
    heading, hidden, link_button, notice,
};
use maud::{Markup, html};

use super::words::signup_label;
use crate::input::Submitted;
use crate::local_time::Caveat;

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
    let name = |template: &Template| (template.id.to_string(), template.name.clone());
    let templates: Vec<_> = form.templates.iter().map(name).collect();
    let choices: Vec<_> = templates.iter().map(|(value, label)| Choice { value, label }).collect();
    html! {
        fieldset .group {
            legend { "What" }
            @if form.editing.is_none() && choices.len() > 1 {
                (form.field(Field { name: "template", label: "Template", required: true, kind: Kind::Choices(&choices), ..Field::default() }))
            } @else {
                (hidden("template", &form.template.id.to_string()))
            }
            (form.field(Field { name: "title", label: "Title", required: true, ..Field::default() }))
            (form.field(Field { name: "description", label: "Description", kind: Kind::Lines, help: "What it is, and what to bring. Up to 2,000 characters.", ..Field::default() }))
        }
    }
}

fn when(form: &GameForm<'_>) -> Markup {
    let minutes = form.template.terms.minutes.to_string();
    html! {
        fieldset .group {
            legend { "When" }
            @if let Some(caveat) = form.caveat { (notice(Tone::Warn, &html! { (caveat.sentence()) })) }
            div .fields {
                (form.field(Field { name: "start", label: "Starts", required: true, kind: Kind::Line("datetime-local"), ..Field::default() }))
                (form.field(Field { name: "zone", label: "Time zone", required: true, help: "The start is on the clocks there.", ..Field::default() }))
                (form.field(Field { name: "minutes", label: "Minutes", placeholder: &minutes, kind: Kind::Line("number"), ..Field::default() }))
            }
            @if form.editing.is_none() {
                (form.field(Field { name: "post_at", label: "Announce at", kind: Kind::Line("datetime-local"), help: "Empty: at once. Until then only you and the managers see it.", ..Field::default() }))
            }
        }
    }
}

fn seats(form: &GameForm<'_>) -> Markup {
    let terms = &form.template.terms;
    let count = terms.seats.to_string();
    let as_template = format!("As the template says: {}", signup_label(terms.signup));
    let mut choices = vec![Choice { value: "", label: &as_template }];
    choices.extend(
        SignupMethod::ALL.map(|method| Choice { value: method.as_str(), label: signup_label(method) }),
    );
    html! {
        fieldset .group {
            legend { "Who" }
            div .fields {
                (form.field(Field { name: "seats", label: "Seats", placeholder: &count, kind: Kind::Line("number"), ..Field::default() }))
                @if form.editing.is_none() {
                    (form.field(Field { name: "signup", label: "Signup", kind: Kind::Choices(&choices), ..Field::default() }))
                }
            }
        }
    }
}

fn more(form: &GameForm<'_>) -> Markup {
    let terms = &form.template.terms;
    let reminders = join(&terms.reminders);
    html! {
        fieldset .group {
            legend { "Where, and what people are told" }
            (form.field(Field { name: "place", label: "Where", placeholder: &terms.place, ..Field::default() }))
            (form.field(Field { name: "reminders", label: "Reminders", placeholder: &reminders, help: "Minutes before the start, with commas between. A dash for none.", ..Field::default() }))
            (form.field(Field { name: "instructions", label: "Signup instructions", placeholder: &terms.instructions, kind: Kind::Lines, help: "Sent to everybody who joins.", ..Field::default() }))
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
        @match form.preview {
            Some(game) => {
                (announcement(game))
                p .small.muted { "Everybody reads the time in their own zone." }
            }
            None => p .muted { "Press Preview to see the announcement as it will look in Discord. Nothing is saved by that." }
        }
    };
    card("Announcement", &body)
}

/// The card as it will look in Discord.
fn announcement(game: &Game) -> Markup {
    let zoned = game.start.to_zoned(crate::local_time::zone(&game.zone));
    let seats = format!("0/{}", game.terms.seats);
    let mut fields = vec![
        EmbedField { name: "When", value: html! { (zoned.strftime("%A, %-d %B %Y %H:%M")) }, inline: false },
        EmbedField {
            name: "Duration",
            value: html! { (look::duration(std::time::Duration::from_mins(u64::from(game.terms.minutes)))) },
            inline: true,
        },
        EmbedField { name: "Seats", value: html! { (seats) }, inline: true },
    ];
    if !game.terms.place.is_empty() {
        fields.push(EmbedField { name: "Where", value: html! { (game.terms.place) }, inline: true });
    }
    embed(&Embed {
        color: OPEN_COLOR,
        title: &game.title,
        description: (!game.description.is_empty()).then(|| html! { (game.description) }),
        fields,
        footer: None,
        buttons: Some(
            html! { span .button.button-s.button-primary { "Join" } span .button.button-s { "Leave" } },
        ),
    })
}

/// The stripe of a game that takes signups.
const OPEN_COLOR: u32 = 0x2e_8b_57;

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
    let zone = crate::local_time::zone(&game.zone);
    Submitted::from([
        ("title", game.title.clone()),
        ("description", game.description.clone()),
        ("start", crate::local_time::shown(game.start, &zone)),
        ("zone", game.zone.clone()),
        ("minutes", game.terms.minutes.to_string()),
        ("seats", game.terms.seats.to_string()),
        ("place", game.terms.place.clone()),
        ("reminders", join(&game.terms.reminders)),
        ("instructions", game.terms.instructions.clone()),
    ])
}
