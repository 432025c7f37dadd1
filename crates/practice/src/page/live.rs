//! `GET /page/live`: an event whenever something changed (server-sent events), for the page's script.

use crate::app::Shared;
use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::Stream;
use futures_util::stream::unfold;
use std::convert::Infallible;
use std::time::Duration;

/// Changes within this time are told together.
const GATHER: Duration = Duration::from_millis(120);

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/page/live", get(live))
}

async fn live(State(app): State<Shared>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (changes, stop) = (app.changes(), app.stop.clone());
    let events = unfold((changes, stop), async |(mut changes, stop)| {
        let news = async {
            changes.changed().await.ok()?;
            tokio::time::sleep(GATHER).await;
            Some(*changes.borrow_and_update())
        };
        let count = tokio::select! {
            count = news => count?,
            () = stop.cancelled() => return None,
        };
        Some((Ok(Event::default().data(count.to_string())), (changes, stop)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
