use crate::grafana::{Dashboard, Panel, Unit};
use crate::query::UnknownMetric;

/// Whether telemetry itself arrives, and what it costs.
pub(super) fn board() -> Result<Dashboard, UnknownMetric> {
    let mut panels = services()?;
    panels.extend(alloy()?);
    panels.push(Panel::logs(
        "Outages of the collector",
        "{service_namespace=\"muster\"} |~ `telemetry.export.(interrupted|resumed)`",
    ));
    let about = "What the services and Alloy send, drop and hold back, and how many series there are.";
    Ok(Dashboard::new("telemetry", "telemetry itself", about, panels))
}

fn services() -> Result<Vec<Panel>, UnknownMetric> {
    let by_job = |metric: &str| format!("sum by (job) (rate(<{metric}>[$__rate_interval]))");
    let dropped = |metric: &str| {
        format!("sum by (job, error_type) (rate(<{metric}>{{error_type!=\"\"}}[$__rate_interval]))")
    };
    Ok(vec![
        Panel::lines("Exported", Unit::PerSecond)
            .query("{{job}} spans", &by_job("otel.sdk.exporter.span.exported"))?
            .query("{{job}} log records", &by_job("otel.sdk.exporter.log.exported"))?
            .query("{{job}} data points", &by_job("otel.sdk.exporter.metric_data_point.exported"))?,
        Panel::lines("Dropped", Unit::PerSecond)
            .tells("A full queue, or an exporter that gave up.")
            .query("{{job}} spans {{error_type}}", &dropped("otel.sdk.processor.span.processed"))?
            .query("{{job}} log records {{error_type}}", &dropped("otel.sdk.processor.log.processed"))?
            .query("{{job}} spans {{error_type}}", &dropped("otel.sdk.exporter.span.exported"))?,
        Panel::lines("Queues of the services", Unit::Share)
            .query(
                "{{job}} spans",
                "max by (job) (<otel.sdk.processor.span.queue.size> / <otel.sdk.processor.span.queue.capacity>)",
            )?
            .query(
                "{{job}} log records",
                "max by (job) (<otel.sdk.processor.log.queue.size> / <otel.sdk.processor.log.queue.capacity>)",
            )?,
        Panel::lines("Duration of exports", Unit::Seconds).percentiles("otel.sdk.exporter.operation.duration", "")?,
        Panel::lines("Series by service", Unit::Count)
            .tells("All of one deployment fits in 3,000; Grafana Cloud's free tier holds 10,000.")
            .query("{{job}}", "count by (job) ({job=~\"muster/.+\"})")?,
    ])
}

fn alloy() -> Result<Vec<Panel>, UnknownMetric> {
    Ok(vec![
        Panel::lines("Alloy: queue on disk", Unit::Share).warns(0.2, 0.5).query(
            "{{component_id}}",
            "max by (component_id) (<otelcol_exporter_queue_size> / <otelcol_exporter_queue_capacity>)",
        )?,
        Panel::lines("Alloy: spans", Unit::PerSecond)
            .query("taken", "sum(rate(<otelcol_receiver_accepted_spans_total>[$__rate_interval]))")?
            .query("refused", "sum(rate(<otelcol_receiver_refused_spans_total>[$__rate_interval]))")?
            .query("sent", "sum(rate(<otelcol_exporter_sent_spans_total>[$__rate_interval]))")?,
        Panel::lines("Alloy: not sent", Unit::PerSecond)
            .query("spans", "sum(rate(<otelcol_exporter_send_failed_spans_total>[$__rate_interval]))")?
            .query(
                "data points",
                "sum(rate(<otelcol_exporter_send_failed_metric_points_total>[$__rate_interval]))",
            )?
            .query(
                "log records",
                "sum(rate(<otelcol_exporter_send_failed_log_records_total>[$__rate_interval]))",
            )?,
        Panel::lines("Scrapes", Unit::Count).query("{{job}}", "min by (job) (<up>)")?,
    ])
}
