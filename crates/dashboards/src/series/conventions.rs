use super::{Kind, Series};
use Kind::{Counter, Gauge, Histogram, UpDown};
use telemetry::registry::imported_metrics;

/// Kind and unit of the conventions' metrics that Muster emits, as the semantic conventions 1.44 give them; a test
/// compares the names with the registry.
pub(super) const CONVENTIONS: [(&str, Kind, &str); 35] = [
    ("db.client.connection.count", UpDown, "{connection}"),
    ("db.client.connection.create_time", Histogram, "s"),
    ("db.client.connection.max", UpDown, "{connection}"),
    ("db.client.connection.pending_requests", UpDown, "{request}"),
    ("db.client.connection.timeouts", Counter, "{timeout}"),
    ("db.client.connection.use_time", Histogram, "s"),
    ("db.client.connection.wait_time", Histogram, "s"),
    ("db.client.operation.duration", Histogram, "s"),
    ("db.client.response.returned_rows", Histogram, "{row}"),
    ("http.client.request.duration", Histogram, "s"),
    ("http.server.active_requests", UpDown, "{request}"),
    ("http.server.request.duration", Histogram, "s"),
    ("messaging.client.consumed.messages", Counter, "{message}"),
    ("messaging.client.operation.duration", Histogram, "s"),
    ("messaging.client.sent.messages", Counter, "{message}"),
    ("messaging.process.duration", Histogram, "s"),
    ("otel.sdk.exporter.log.exported", Counter, "{log_record}"),
    ("otel.sdk.exporter.log.inflight", UpDown, "{log_record}"),
    ("otel.sdk.exporter.metric_data_point.exported", Counter, "{data_point}"),
    ("otel.sdk.exporter.metric_data_point.inflight", UpDown, "{data_point}"),
    ("otel.sdk.exporter.operation.duration", Histogram, "s"),
    ("otel.sdk.exporter.span.exported", Counter, "{span}"),
    ("otel.sdk.exporter.span.inflight", UpDown, "{span}"),
    ("otel.sdk.processor.log.processed", Counter, "{log_record}"),
    ("otel.sdk.processor.log.queue.capacity", UpDown, "{log_record}"),
    ("otel.sdk.processor.log.queue.size", UpDown, "{log_record}"),
    ("otel.sdk.processor.span.processed", Counter, "{span}"),
    ("otel.sdk.processor.span.queue.capacity", UpDown, "{span}"),
    ("otel.sdk.processor.span.queue.size", UpDown, "{span}"),
    ("process.cpu.time", Counter, "s"),
    ("process.memory.usage", UpDown, "By"),
    ("process.memory.virtual", UpDown, "By"),
    ("process.open_file_descriptor.count", UpDown, "{file_descriptor}"),
    ("process.thread.count", UpDown, "{thread}"),
    ("process.uptime", Gauge, "s"),
];

/// Those of them that the registry says are emitted.
pub(super) fn all() -> impl Iterator<Item = Series> {
    let emitted = |name: &str| imported_metrics().contains(&name);
    CONVENTIONS
        .iter()
        .filter(move |(name, ..)| emitted(name))
        .map(|(name, kind, unit)| Series::sent(name, *kind, unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_registry_imports_what_is_described_here_and_nothing_else() {
        let described: BTreeSet<_> = CONVENTIONS.iter().map(|(name, ..)| *name).collect();
        let imported: BTreeSet<_> = imported_metrics().iter().copied().collect();
        assert_eq!(described, imported);
    }
}
