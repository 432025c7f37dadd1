//! `GET /observatory/games/{id}/live`: a server-sent event whenever something about the game was stored.

use std::convert::Infallible;

use axum::{
    extract::{Path, State},
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, stream::unfold};

use super::super::{Observatory, games};

/// The address of a game's events.
pub(super) fn href(game: &str) -> String {
    games::href(game) + "/live"
}

/// Ends when the pages are not served any more.
pub(crate) async fn events(
    State(observatory): State<Observatory>,
    Path(game): Path<String>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ear = observatory.news.listen(game);
    let events = unfold((ear, observatory.stop), async |(mut ear, stop)| {
        stop.run_until_cancelled(ear.hear()).await??;
        Some((Ok(Event::default().data("stored")), (ear, stop)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
