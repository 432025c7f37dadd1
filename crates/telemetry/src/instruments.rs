//! The instruments of the semantic conventions that spans record into.

use opentelemetry::metrics::Histogram;

use crate::builders::messaging::MessagingSystem;
use crate::builders::storage::DbSystem;
use crate::measure::{Groups, SpanMetrics};
use crate::series::{Maker, Tally};

/// Boundaries that the conventions advise for HTTP and messaging, in seconds.
pub(crate) const SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Boundaries that the conventions advise for databases, in seconds.
pub(crate) const DATABASE_SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// Boundaries that the conventions advise for returned rows.
const ROWS: [f64; 13] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// The first status that is an error where we answer, and where we ask.
const SERVER_FAILS_AT: u16 = 500;
const CLIENT_FAILS_AT: u16 = 400;

/// A statement is known by where it lies: each is written once.
pub(crate) type StatementAt = usize;

/// The series of each kind of span.
#[derive(Debug)]
pub(crate) struct Instruments {
    /// By method, scheme and whether a route matched; the text is the route.
    pub(crate) http_server: Groups<(Option<&'static str>, &'static str, bool)>,
    /// By method, template and port; the text is the server.
    pub(crate) http_client: Groups<(&'static str, &'static str, u16)>,
    /// The text is the namespace.
    pub(crate) database: Groups<(DbSystem, StatementAt)>,
    /// Of a server, by operation and prefix; no text.
    pub(crate) cache: Groups<(&'static str, &'static str)>,
    /// By exchange; no text.
    pub(crate) publish: Groups<(MessagingSystem, &'static str)>,
    /// By queue; no text.
    pub(crate) process: Groups<(MessagingSystem, &'static str)>,
    /// By queue and operation; no text.
    pub(crate) settle: Groups<(MessagingSystem, &'static str, &'static str)>,
}

impl Instruments {
    pub(crate) fn new(maker: &Maker<'_>) -> Self {
        Self {
            http_server: Groups::new(http_server(maker)),
            http_client: Groups::new(seconds(maker, "http.client.request.duration", CLIENT_FAILS_AT)),
            database: Groups::new(SpanMetrics { rows: Some(returned_rows(maker)), ..database(maker) }),
            cache: Groups::new(database(maker)),
            publish: Groups::new(SpanMetrics {
                count: Some(messages(maker, "messaging.client.sent.messages", "Messages sent.")),
                ..messaging(maker)
            }),
            process: Groups::new(SpanMetrics {
                count: Some(messages(maker, "messaging.client.consumed.messages", "Messages consumed.")),
                ..seconds(maker, "messaging.process.duration", SERVER_FAILS_AT)
            }),
            settle: Groups::new(messaging(maker)),
        }
    }
}

fn http_server(maker: &Maker<'_>) -> SpanMetrics {
    let active = maker.meter.i64_up_down_counter("http.server.active_requests").with_unit("{request}");
    SpanMetrics {
        active: Some(active.with_description("Requests that are being answered.").build()),
        ..seconds(maker, "http.server.request.duration", SERVER_FAILS_AT)
    }
}

fn database(maker: &Maker<'_>) -> SpanMetrics {
    let name = ("db.client.operation.duration", "s");
    plain(maker.distribution(name, &DATABASE_SECONDS, "How long calls of a database take."), SERVER_FAILS_AT)
}

fn messaging(maker: &Maker<'_>) -> SpanMetrics {
    seconds(maker, "messaging.client.operation.duration", SERVER_FAILS_AT)
}

fn seconds(maker: &Maker<'_>, name: &'static str, fails_at: u16) -> SpanMetrics {
    plain(maker.distribution((name, "s"), &SECONDS, "How long they take."), fails_at)
}

const fn plain(duration: crate::series::Distribution, fails_at: u16) -> SpanMetrics {
    SpanMetrics { duration, count: None, rows: None, active: None, fails_at }
}

fn returned_rows(maker: &Maker<'_>) -> Histogram<u64> {
    let builder = maker.meter.u64_histogram("db.client.response.returned_rows").with_unit("{row}");
    let builder = builder.with_description("Rows that a statement returned.");
    builder.with_boundaries(ROWS.to_vec()).build()
}

fn messages(maker: &Maker<'_>, name: &'static str, description: &'static str) -> Tally {
    maker.tally((name, "{message}"), description)
}
