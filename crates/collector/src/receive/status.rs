//! `GET /metrics` and `GET /health` beside the doors.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    counters::Health,
    now, own,
    prometheus::{Current, Format},
};

/// So many may read `/metrics` at once: each holds a text of some megabytes until it has read it.
const METRICS_READERS: usize = 4;
/// The text goes out in pieces of so many bytes.
const PIECE_BYTES: usize = 65_536;

/// What the two pages are made of.
#[derive(Clone)]
pub(crate) struct Status {
    pub(crate) current: Current,
    pub(crate) health: Arc<dyn Fn(i64) -> Health + Send + Sync>,
    /// The collector's own `service.instance.id`.
    pub(crate) address: String,
}

/// The two pages.
pub(crate) fn router(status: Status) -> Router {
    let readers = Arc::new(Semaphore::new(METRICS_READERS));
    let metrics = get(async move |State(status): State<Status>, headers: HeaderMap| {
        metrics(&status, &headers, readers)
    });
    Router::new().route("/metrics", metrics).route("/health", get(health)).with_state(status)
}

fn metrics(status: &Status, headers: &HeaderMap, readers: Arc<Semaphore>) -> Response {
    let Ok(reader) = readers.try_acquire_owned() else {
        let busy = "as many as may are reading this now\n";
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], busy).into_response();
    };
    let format = Format::asked_for(headers);
    let now_ns = now::unix_nanos();
    status.current.put(&own::export(&(status.health)(now_ns), &status.address, now_ns), now_ns);
    let text = Bytes::from(status.current.render(format, now_ns));
    let length = text.len().to_string();
    let headers = [(header::CONTENT_TYPE, format.content_type()), (header::CONTENT_LENGTH, &length)];
    (headers, in_pieces(text, reader)).into_response()
}

/// A text that goes out as it is read; who reads it counts as a reader until then.
fn in_pieces(text: Bytes, reader: OwnedSemaphorePermit) -> Body {
    let pieces = (0..text.len()).step_by(PIECE_BYTES).map(move |from| {
        let _ = &reader;
        Ok::<_, Infallible>(text.slice(from..text.len().min(from + PIECE_BYTES)))
    });
    Body::from_stream(stream::iter(pieces))
}

/// 200 while what is taken is stored, else 503; the body says how full is what.
async fn health(State(status): State<Status>) -> Response {
    let health = (status.health)(now::unix_nanos());
    let code = if health.turning { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(health)).into_response()
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn who_reads_slowly_counts_until_the_end() {
        let readers = Arc::new(Semaphore::new(1));
        let text = Bytes::from(vec![b'x'; PIECE_BYTES * 2 + 1]);
        let reader = Arc::clone(&readers).try_acquire_owned().unwrap();
        let mut pieces = in_pieces(text, reader).into_data_stream();
        let mut bytes = 0;
        while let Some(piece) = pieces.next().await {
            assert_eq!(readers.available_permits(), 0);
            bytes += piece.unwrap().len();
        }
        drop(pieces);
        assert_eq!((bytes, readers.available_permits()), (PIECE_BYTES * 2 + 1, 1));
    }
}
