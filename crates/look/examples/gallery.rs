//! Every piece on one page, to look at while changing the stylesheet: `cargo run -p look --example gallery`.

use std::time::Duration;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use look::{
    Choice, Column, Embed, EmbedField, Field, FieldError, Kind, Page, Section, Style, Theme, Tone, Viewer,
    badge, button, card, disclosure, embed, empty_state, error_summary, facts, field, heading, link_button,
    notice, page, quiet_badge, seats, service, table, tabs, time,
};
use maud::{Markup, html};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new()
        .route("/", get(gallery))
        .nest(look::ASSETS, look::assets_router())
        .layer(map_response(look::security_headers));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8099").await?;
    axum::serve(listener, app).await
}

async fn gallery(theme: Theme) -> Markup {
    let body = html! {
        (heading(Some(html! { a href="/" { "Crumb" } }), "Every piece", Some(badges()), Some(buttons())))
        div .stack-l {
            (services())
            div .split { (form()) div .stack { (card("Facts", &game_facts())) (announcement()) } }
            (listing())
            (empty_state("No games yet", "Games that you host or join stand here.", Some(link_button(Style::Primary, "/", "New game"))))
        }
    };
    page(Page {
        title: "Gallery",
        section: Section::Games,
        guild: Some("The Lantern Society"),
        viewer: Some(Viewer { name: "Ada", csrf: "" }),
        theme,
        body,
        ..Page::default()
    })
}

fn badges() -> Markup {
    html! {
        (quiet_badge(Tone::Warn, "draft")) (badge(Tone::Accent, "scheduled")) (badge(Tone::Good, "in progress"))
        (badge(Tone::Plain, "completed")) (badge(Tone::Bad, "cancelled"))
    }
}

fn buttons() -> Markup {
    html! {
        (button(Style::Quiet, "Quiet")) (button(Style::Danger, "Cancel game")) (button(Style::Plain, "Edit"))
        (button(Style::Primary, "Join"))
    }
}

fn services() -> Markup {
    let names =
        ["api-service", "bot-service", "notification-daemon", "status-transition-daemon", "collector"];
    html! { div .row { @for name in names { (service(name)) } } }
}

fn game_facts() -> Markup {
    let start: Timestamp = Timestamp::UNIX_EPOCH;
    facts(&[
        ("When", time(start, &TimeZone::UTC, start)),
        ("Length", html! { (look::duration(Duration::from_mins(90))) }),
        ("Seats", seats(3, 10, 2)),
        ("Many seats", seats(31, 100, 0)),
    ])
}

fn announcement() -> Markup {
    embed(&Embed {
        color: 0x0a_6570,
        title: "Blades in the Dark",
        description: Some(html! { "A heist in the rain." }),
        fields: vec![
            EmbedField { name: "When", value: html! { "Saturday 19:00" }, inline: true },
            EmbedField { name: "Seats", value: html! { "3 of 5" }, inline: true },
        ],
        footer: Some("Muster"),
        buttons: Some(html! { (button(Style::Primary, "Join")) (button(Style::Plain, "Leave")) }),
    })
}

fn form() -> Markup {
    let choices = [Choice { value: "open", label: "Open" }, Choice { value: "picks", label: "Host picks" }];
    let wrong = "Seats must be a number from 1 to 100.";
    html! {
        form .card {
            (error_summary(&[FieldError { field: "seats".to_owned(), text: wrong.to_owned() }]))
            div .stack {
                (field(&Field { name: "title", label: "Title", required: true, ..Field::default() }))
                (field(&Field { name: "seats", label: "Seats", value: "900", error: Some(wrong), ..Field::default() }))
                (field(&Field { name: "how", label: "Signup", kind: Kind::Choices(&choices), ..Field::default() }))
                (field(&Field { name: "text", label: "Text", kind: Kind::Lines, help: "Up to 2000 characters", ..Field::default() }))
            }
        }
    }
}

fn listing() -> Markup {
    let columns = [Column::text("Notice"), Column::text("To"), Column::number("Attempts")];
    let rows = vec![
        vec![html! { "reminder" }, html! { "Ada" }, html! { "1" }],
        vec![html! { "reminder" }, html! { "Kofi" }, html! { "12" }],
    ];
    html! {
        (tabs("Rooms", &[("/", "Traces"), ("/logs", "Logs")], "/"))
        (notice(Tone::Warn, &html! { "The channel can't be reached." }))
        div .card { (table("Notices of this game", &columns, &rows)) }
        (disclosure("more", "More", &html! { p { "Hidden." } }))
    }
}
