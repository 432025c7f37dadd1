//! The instruments of the semantic conventions that spans record into.

use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};

/// Boundaries that the conventions advise for HTTP and messaging, in seconds.
pub(crate) const SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Boundaries that the conventions advise for databases, in seconds.
const DATABASE_SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// Boundaries that the conventions advise for returned rows.
const ROWS: [f64; 13] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// One histogram or counter per kind of span.
#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) server_duration: Histogram<f64>,
    pub(crate) active_requests: UpDownCounter<i64>,
    pub(crate) client_duration: Histogram<f64>,
    pub(crate) database_duration: Histogram<f64>,
    pub(crate) returned_rows: Histogram<u64>,
    pub(crate) messaging_duration: Histogram<f64>,
    pub(crate) process_duration: Histogram<f64>,
    pub(crate) sent_messages: Counter<u64>,
    pub(crate) consumed_messages: Counter<u64>,
}

impl Instruments {
    pub(crate) fn new(meter: &Meter) -> Self {
        Self {
            server_duration: seconds(meter, "http.server.request.duration", &SECONDS),
            active_requests: meter
                .i64_up_down_counter("http.server.active_requests")
                .with_unit("{request}")
                .with_description("Requests that are being answered.")
                .build(),
            client_duration: seconds(meter, "http.client.request.duration", &SECONDS),
            database_duration: seconds(meter, "db.client.operation.duration", &DATABASE_SECONDS),
            returned_rows: meter
                .u64_histogram("db.client.response.returned_rows")
                .with_unit("{row}")
                .with_boundaries(ROWS.to_vec())
                .build(),
            messaging_duration: seconds(meter, "messaging.client.operation.duration", &SECONDS),
            process_duration: seconds(meter, "messaging.process.duration", &SECONDS),
            sent_messages: messages(meter, "messaging.client.sent.messages"),
            consumed_messages: messages(meter, "messaging.client.consumed.messages"),
        }
    }
}

pub(crate) fn seconds(meter: &Meter, name: &'static str, boundaries: &[f64]) -> Histogram<f64> {
    meter.f64_histogram(name).with_unit("s").with_boundaries(boundaries.to_vec()).build()
}

fn messages(meter: &Meter, name: &'static str) -> Counter<u64> {
    meter.u64_counter(name).with_unit("{message}").build()
}
