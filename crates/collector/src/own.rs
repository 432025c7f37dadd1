//! What the collector says of itself, under the names that OpenTelemetry's own collector uses.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;

use crate::{
    counters::{Health, ReceiverCounts, SignalCounts},
    forward::ForwardCounts,
    scrape::Sheet,
    signal::Signal,
};

/// The last word of a name, and the unit, for each signal.
fn word(signal: Signal) -> (usize, &'static str) {
    match signal {
        Signal::Traces => (0, "{spans}"),
        Signal::Metrics => (1, "{datapoints}"),
        Signal::Logs => (2, "{records}"),
    }
}

const ACCEPTED: [&str; 3] = [
    "otelcol.receiver.accepted_spans",
    "otelcol.receiver.accepted_metric_points",
    "otelcol.receiver.accepted_log_records",
];
const REFUSED: [&str; 3] = [
    "otelcol.receiver.refused_spans",
    "otelcol.receiver.refused_metric_points",
    "otelcol.receiver.refused_log_records",
];
const SENT: [&str; 3] = [
    "otelcol.exporter.sent_spans",
    "otelcol.exporter.sent_metric_points",
    "otelcol.exporter.sent_log_records",
];
const FAILED: [&str; 3] = [
    "otelcol.exporter.send_failed_spans",
    "otelcol.exporter.send_failed_metric_points",
    "otelcol.exporter.send_failed_log_records",
];

/// The state of a collector as metrics.
pub(crate) fn export(health: &Health, address: &str, now_ns: i64) -> ExportMetricsServiceRequest {
    let mut sheet = Sheet::new("collector", address, now_ns);
    sheet.describe("service.namespace", "muster");
    for counts in &health.receivers {
        received(&mut sheet, counts);
    }
    for counts in &health.signals {
        stored(&mut sheet, counts);
    }
    let store = [("exporter", "store")];
    sheet.gauge(("otelcol.exporter.queue_size", "{items}"), whole(health.queued_items), &store);
    sheet.gauge(("otelcol.exporter.queue_capacity", "{items}"), whole(health.queue_capacity_items), &store);
    sheet.gauge(("otelcol.exporter.queue_used", "By"), whole(health.queued_bytes), &store);
    sheet.gauge(("otelcol.store.used", "By"), whole(health.store_bytes), &[]);
    sheet.gauge(("otelcol.store.capacity", "By"), whole(health.max_store_bytes), &[]);
    if let Some(forward) = &health.forward {
        let labels = [("exporter", "otlphttp")];
        sheet.gauge(("otelcol.exporter.queue_used", "By"), whole(forward.queued_bytes), &labels);
        for counts in &forward.signals {
            forwarded(&mut sheet, counts);
        }
    }
    sheet.into_export()
}

fn received(sheet: &mut Sheet, counts: &ReceiverCounts) {
    let (nth, unit) = word(counts.signal);
    let receiver = ("receiver", counts.receiver.name());
    sheet.counter((ACCEPTED[nth], unit), whole(counts.accepted), &[receiver]);
    for (reason, count) in [("queue_full", counts.refused), ("malformed", counts.rejected)] {
        sheet.counter((REFUSED[nth], unit), whole(count), &[receiver, ("reason", reason)]);
    }
}

fn stored(sheet: &mut Sheet, counts: &SignalCounts) {
    let (nth, unit) = word(counts.signal);
    sheet.counter((SENT[nth], unit), whole(counts.stored), &[("exporter", "store")]);
    sheet.counter(
        (FAILED[nth], unit),
        whole(counts.failed),
        &[("exporter", "store"), ("reason", "write_failed")],
    );
}

fn forwarded(sheet: &mut Sheet, counts: &ForwardCounts) {
    let (nth, unit) = word(counts.signal);
    sheet.counter((SENT[nth], unit), whole(counts.sent), &[("exporter", "otlphttp")]);
    let failures = [("queue_full", counts.dropped), ("refused", counts.refused), ("disk", counts.lost)];
    for (reason, count) in failures {
        sheet.counter((FAILED[nth], unit), whole(count), &[("exporter", "otlphttp"), ("reason", reason)]);
    }
    if counts.signal == Signal::Traces {
        sheet.counter(("otelcol.processor.sampled_out_spans", unit), whole(counts.sampled_out), &[]);
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
