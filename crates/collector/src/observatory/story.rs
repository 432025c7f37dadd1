//! The story of a game: one line of time over all its traces, with the fate of each delivery.

use axum::{
    extract::{Path, State},
    response::Response,
};
use look::{Icon, Tone};
use maud::{Markup, html};

use super::{
    Observatory,
    failure::ReadError,
    format, games,
    query::{Filters, GameQuery},
    shell::{Sheet, Shell},
    waterfall::sentence,
};
use crate::{
    store::StoredLog,
    story::{Fate, Older, Story},
};

mod beats;
mod fates;
pub(crate) mod live;
mod marks;
mod ribbon;
mod steps;

/// `GET /observatory/games/{id}`.
pub(crate) async fn page(
    State(observatory): State<Observatory>,
    shell: Shell,
    Path(id): Path<String>,
    Filters(query): Filters<GameQuery>,
) -> Response {
    shell.answer(sheet(&observatory, &shell, &id, &query).await)
}

/// The story as it is told by what is held.
pub(crate) async fn find(
    observatory: &Observatory,
    game: &str,
    query: &GameQuery,
) -> Result<Story, ReadError> {
    let found = observatory.reader.scenes(game, query.until_ns()?).await?;
    let mut story = Story::tell(game, &found.staged, found.looks);
    story.older = found.older_than_ns.map(|than_unix_nano| Older { than_unix_nano });
    Ok(story)
}

async fn sheet(
    observatory: &Observatory,
    shell: &Shell,
    game: &str,
    query: &GameQuery,
) -> Result<Sheet, ReadError> {
    let story = find(observatory, game, query).await?;
    let stray = observatory.reader.stray_logs_of_game(game).await?;
    // What is past does not change any more.
    let live = query.before.is_empty().then(|| live::href(game));
    let body = html! {
        (heading(&story))
        @if story.chapters.is_empty() { (empty(&story)) } @else {
            div .stack-l data-soon[is_under_way(&story)] {
                (ribbon::draw(&story, shell))
                @if let Some(of) = story.older { (older(game, of.than_unix_nano)) }
                (beats::list(&story, shell))
                (beside(&stray, shell))
            }
        }
    };
    Ok(Sheet { title: format!("Story of {game}"), tab: games::HERE, body, live, ..Sheet::default() })
}

fn heading(story: &Story) -> Markup {
    let crumb = html! { a href=(games::HERE) { "Stories" } };
    let under = html! {
        code .copy { (story.game) }
        @if !story.chapters.is_empty() {
            span { (format::count(story.chapters.len() as u64)) @if story.chapters.len() == 1 { " trace" } @else { " traces" } }
            @for (fate, words) in story.tally.words() { (look::badge(tone(fate), &words)) }
            @if story.card_edits > 0 { span .muted { "card edited " (story.card_edits) "×" } }
            @if story.looks > 0 { span .muted { "looked at " (format::count(story.looks)) "×" } }
        }
    };
    let actions = html! {
        a .button.button-s href=(super::query::href("/observatory/traces", &[("game", &story.game)])) { (look::icon(Icon::Search)) "Its traces" }
        a .button.button-s href={ "/observatory/api/games/" (games::href(&story.game).rsplit('/').next().unwrap_or_default()) } { "As JSON" }
    };
    look::heading(Some(crumb), "Story of a game", Some(under), Some(actions))
}

/// Something has begun and not ended: what comes of it may be stored without naming the game.
fn is_under_way(story: &Story) -> bool {
    story.tally.waiting > 0 || story.chapters.iter().any(|chapter| chapter.pending)
}

/// The colour of a fate; its word stands beside it.
fn tone(fate: Fate) -> Tone {
    match fate {
        Fate::Sent => Tone::Good,
        Fate::Waiting => Tone::Warn,
        Fate::Skipped => Tone::Plain,
        Fate::Failed => Tone::Bad,
    }
}

fn empty(story: &Story) -> Markup {
    let what = if story.looks > 0 {
        "People looked at this game, but nothing that changed it is held: it happened before telemetry was kept, or it has expired by the caps of the store."
    } else {
        "No span names this game. Its spans have not arrived yet, were never sent here, or have expired by the caps of the store."
    };
    let action = look::link_button(look::Style::Plain, games::HERE, "Games that have a story");
    look::empty_state("Nothing is told of this game", what, Some(action))
}

fn older(game: &str, older_ns: i64) -> Markup {
    let before = format::timestamp(older_ns).to_string();
    let href = super::query::href(&games::href(game), &[("before", &before)]);
    html! { p { a .button href=(href) { "Earlier chapters" } } }
}

/// What was logged about the game outside of every trace.
fn beside(logs: &[StoredLog], shell: &Shell) -> Markup {
    html! {
        @if !logs.is_empty() {
            section .card {
                h2 { "Said outside of any trace" }
                @for log in logs {
                    p .span-log {
                        (format::moment(log.time_ns, &shell.zone(), shell.now))
                        span class={ "level level-" (log.severity()) } { (log.severity()) }
                        span .span-log-text { (sentence(log)) }
                    }
                }
            }
        }
    }
}
