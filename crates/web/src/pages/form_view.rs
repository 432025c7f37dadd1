//! The form for a game: grouped fields, the template's defaults as placeholders, a preview beside it.

use domain::{Game, Guild, SignupMethod, Template};
use look::{
    Choice, Field, FieldError, Kind, Style, Tone, error_summary, field, heading, hidden, link_button, notice,
};
use maud::{Markup, html};

use super::preview;
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
            div .stack.beside-sticky { (preview::view(form)) }
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
