//! The list of games, as far as telemetry knows them.

use axum::{extract::State, response::Response};
use look::{Column, Tone};
use maud::{Markup, html};

use super::{
    Observatory,
    failure::ReadError,
    filters, format,
    query::{Filters, GameQuery},
    shell::{Sheet, Shell},
    traces::errors,
};
use crate::store::GameSummary;

/// The address of the list; a game's story is below it.
pub(crate) const HERE: &str = "/observatory/games";

/// `GET /observatory/games`: the list, or the way to the game that is asked for.
pub(crate) async fn page(
    State(observatory): State<Observatory>,
    shell: Shell,
    Filters(query): Filters<GameQuery>,
) -> Response {
    match query.game.trim() {
        "" => shell.answer(sheet(&observatory, &shell).await),
        game => axum::response::IntoResponse::into_response(axum::response::Redirect::to(&href(game))),
    }
}

/// The address of a game's story.
pub(crate) fn href(game: &str) -> String {
    let mut address = String::from(HERE);
    address.push('/');
    address.extend(url::form_urlencoded::byte_serialize(game.as_bytes()));
    address
}

async fn sheet(observatory: &Observatory, shell: &Shell) -> Result<Sheet, ReadError> {
    let games = observatory.reader.games().await?;
    let body = html! {
        (look::heading(None, "Stories", Some(html! { span .muted { "Of each game: everything that ever happened to it, over all its traces." } }), None))
        @if games.is_empty() { (empty()) } @else {
            (filters::form(HERE, "Find a game", &filters::line("game", "Game id", "", "search"), None))
            div .card.card-flush { (table(&games, shell)) }
        }
    };
    Ok(Sheet { title: "Stories".into(), tab: HERE, body, ..Sheet::default() })
}

fn empty() -> Markup {
    let what = "As soon as a span names a game (the attribute muster.game.id), the game has a story here: who created it, \
                who joined, which notice went to whom, how late, and what Discord said.";
    look::empty_state("No game has been heard of yet", what, None)
}

fn table(games: &[GameSummary], shell: &Shell) -> Markup {
    let zone = shell.zone();
    let columns =
        [Column::text("Game"), Column::text("First heard of"), Column::text("Last"), Column::number("Spans")];
    let row = |game: &GameSummary| {
        vec![
            html! {
                div .trace-name {
                    a href=(href(&game.id)) { code { (game.id) } }
                    @if game.errors > 0 { (look::badge(Tone::Bad, &errors(usize::try_from(game.errors).unwrap_or_default()))) }
                }
            },
            look::time(format::timestamp(game.first_ns), &zone, shell.now),
            look::time(format::timestamp(game.last_ns), &zone, shell.now),
            html! { (format::count(game.spans.unsigned_abs())) },
        ]
    };
    look::table("", &columns, &games.iter().map(row).collect::<Vec<_>>())
}
