use super::{Kind, Series};
use Kind::{Counter, Gauge};

/// What Alloy makes of spans (`otelcol.connector.spanmetrics`) and tells of itself, and what Prometheus adds to every
/// scrape; from the reference of Alloy 1.19.
const COLLECTORS: [(&str, Kind); 16] = [
    ("up", Gauge),
    ("otelcol_exporter_queue_capacity", Gauge),
    ("otelcol_exporter_queue_size", Gauge),
    ("otelcol_exporter_send_failed_log_records_total", Counter),
    ("otelcol_exporter_send_failed_metric_points_total", Counter),
    ("otelcol_exporter_send_failed_spans_total", Counter),
    ("otelcol_exporter_sent_log_records_total", Counter),
    ("otelcol_exporter_sent_metric_points_total", Counter),
    ("otelcol_exporter_sent_spans_total", Counter),
    ("otelcol_receiver_accepted_spans_total", Counter),
    ("otelcol_receiver_refused_log_records_total", Counter),
    ("otelcol_receiver_refused_metric_points_total", Counter),
    ("otelcol_receiver_refused_spans_total", Counter),
    ("prometheus_remote_storage_samples_failed_total", Counter),
    ("prometheus_remote_storage_samples_pending", Gauge),
    ("loki_write_dropped_entries_total", Counter),
];

pub(super) fn all() -> impl Iterator<Item = Series> {
    let spans = [
        Series::sent("traces.span.metrics.calls", Counter, "1"),
        Series::sent("traces.span.metrics.duration", Kind::Histogram, "s"),
    ];
    COLLECTORS.iter().map(|(name, kind)| Series::scraped(name, *kind)).chain(spans)
}
