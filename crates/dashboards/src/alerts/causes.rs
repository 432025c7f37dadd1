//! What breaks promises before long, or hides that they are broken.

use super::Severity::{Page, Ticket};
use super::{Rule, Severity};
use crate::query::UnknownMetric;
use telemetry::ServiceName;

struct Cause {
    alert: &'static str,
    severity: Severity,
    lasts: &'static str,
    query: &'static str,
    summary: &'static str,
    action: &'static str,
}

const CAUSES: [Cause; 13] = [
    Cause {
        alert: "MusterLoopStuck",
        severity: Page,
        lasts: "1m",
        query: "max by (job, loop) (<muster.loop.last_turn.age>) > 60",
        summary: "The loop {{ $labels.loop }} of {{ $labels.job }} has not turned for a minute",
        action: "Read its last log lines and restart the process; what it holds is taken over after 15 seconds.",
    },
    Cause {
        alert: "MusterDueRowsWait",
        severity: Page,
        lasts: "2m",
        query: "max by (kind) (<muster.schedule.oldest_due.age>) > 120",
        summary: "A row of the kind {{ $labels.kind }} has been due for two minutes and nobody took it",
        action: "See whether the daemons run, and what they log; the database may be slow or full.",
    },
    Cause {
        alert: "MusterOutboxOld",
        severity: Page,
        lasts: "2m",
        query: "max(<muster.outbox.oldest.age>) > 60",
        summary: "An event has waited a minute to be published",
        action: "The broker is down, blocked, or refuses: `muster doctor` says which.",
    },
    Cause {
        alert: "MusterDeadLetters",
        severity: Ticket,
        lasts: "5m",
        query: "max by (queue) (<rabbitmq_detailed_queue_messages>{queue=~\".+\\\\.dead\"}) > 0",
        summary: "Messages that could not be handled lie in {{ $labels.queue }}",
        action: "`muster events dead` lists and shows them; mend the cause, then put them back with it.",
    },
    Cause {
        alert: "MusterDeliveriesDie",
        severity: Ticket,
        lasts: "0m",
        query: "sum by (kind) (grown(<muster.delivery.outcomes>{outcome=\"dead\"}; 15m)) > 0",
        summary: "Notices of the kind {{ $labels.kind }} were given up",
        action: "Their traces say what Discord answered; 400 is a fault of ours.",
    },
    Cause {
        alert: "MusterGatewayDown",
        severity: Page,
        lasts: "3m",
        query: "max by (shard) (<muster.discord.gateway.connected>) < 1",
        summary: "Shard {{ $labels.shard }} has no connection to Discord",
        action: "Close code 4004 means a wrong token; otherwise look at https://discordstatus.com.",
    },
    Cause {
        alert: "MusterDiscordRefuses",
        severity: Page,
        lasts: "0m",
        query: "sum(increase(<muster.discord.invalid_requests>[10m])) > 300",
        summary: "Discord refused over 300 requests in ten minutes; Muster stops itself at 500",
        action: "The dashboard \"Discord's budgets\" names the route; usually a permission was taken away.",
    },
    Cause {
        alert: "MusterTelemetryDropped",
        severity: Ticket,
        lasts: "5m",
        query: "sum by (job) (grown(<otel.sdk.processor.span.processed>{error_type!=\"\"}; 10m)) > 0 or \
                sum by (job) (grown(<otel.sdk.processor.log.processed>{error_type!=\"\"}; 10m)) > 0 or \
                sum by (job) (grown(<otel.sdk.exporter.span.exported>{error_type!=\"\"}; 10m)) > 0 or \
                sum by (job) (grown(<otel.sdk.exporter.log.exported>{error_type!=\"\"}; 10m)) > 0 or \
                sum by (job) (grown(<otel.sdk.exporter.metric_data_point.exported>{error_type!=\"\"}; 10m)) > 0",
        summary: "{{ $labels.job }} drops telemetry",
        action: "Alloy, or the collector, refuses or is down; the dashboard \"telemetry itself\" says which.",
    },
    Cause {
        alert: "MusterConnectionsShort",
        severity: Ticket,
        lasts: "10m",
        query: "histogram_quantile(0.99, sum by (le, job) (rate(<db.client.connection.wait_time.bucket>[10m]))) > 1",
        summary: "{{ $labels.job }} waits over a second for a connection to the database",
        action: "Look for slow statements in its traces before you add connections.",
    },
    Cause {
        alert: "MusterEngineDown",
        severity: Page,
        lasts: "2m",
        query: "<pg_up> == 0 or <redis_up> == 0 or <up>{job=~\"rabbitmq.*|integrations/(postgres|redis)\"} == 0",
        summary: "{{ $labels.job }} on {{ $labels.instance }} does not answer Alloy",
        action: "Look at its container; without PostgreSQL nothing works, without the others it works later.",
    },
    Cause {
        alert: "MusterBrokerBlocked",
        severity: Page,
        lasts: "1m",
        query: "max(<rabbitmq_alarms_free_disk_space_watermark>) > 0 or \
                max(<rabbitmq_alarms_memory_used_watermark>) > 0",
        summary: "RabbitMQ takes no messages: too little disk or memory",
        action: "Give it space; events wait in the outbox meanwhile and nothing is lost.",
    },
    Cause {
        alert: "MusterAlloyDrops",
        severity: Ticket,
        lasts: "5m",
        query: "sum by (component_id) (grown(<otelcol_exporter_send_failed_spans_total>; 10m)) > 0 or \
                sum by (component_id) (grown(<otelcol_exporter_send_failed_metric_points_total>; 10m)) > 0 or \
                sum by (component_id) (grown(<otelcol_exporter_send_failed_log_records_total>; 10m)) > 0 or \
                sum by (component_id) (grown(<otelcol_receiver_refused_spans_total>; 10m)) > 0 or \
                sum by (component_id) (grown(<otelcol_receiver_refused_metric_points_total>; 10m)) > 0 or \
                sum by (component_id) (grown(<otelcol_receiver_refused_log_records_total>; 10m)) > 0",
        summary: "{{ $labels.component_id }} of Alloy loses or refuses telemetry",
        action: "Refused: its memory limit is reached. Failed to send: its log has Grafana Cloud's answer.",
    },
    Cause {
        alert: "MusterAlloyQueueGrows",
        severity: Ticket,
        lasts: "10m",
        query: "max(<otelcol_exporter_queue_size> / <otelcol_exporter_queue_capacity>) > 0.5",
        summary: "Alloy's queue on disk is half full: Grafana Cloud takes less than comes",
        action: "Its log says why: 401 is a wrong instance id or token, 404 an endpoint without /otlp, 429 a limit.",
    },
];

pub(super) fn rules() -> Result<Vec<Rule>, UnknownMetric> {
    let causes = CAUSES.iter().map(|cause| {
        let rule = Rule::alert(cause.alert, cause.severity, (cause.lasts, &written_out(cause.query)))?;
        Ok(rule.says(cause.summary, cause.action))
    });
    let silent = SERVICES.iter().map(|service| silent(*service));
    causes.chain(silent).collect()
}

/// Puts `PromQL` in the place of `grown(SELECTOR; WINDOW)`: series that count more than a while ago. Those that are born
/// with their first event have grown by it, which `increase` does not see: it knows of no value before.
fn written_out(query: &str) -> String {
    let mut parts = query.split("grown(");
    let before = parts.next().unwrap_or_default().to_owned();
    std::iter::once(before).chain(parts.map(grown)).collect()
}

/// What stands behind `grown(`, up to the next one.
fn grown(part: &str) -> String {
    let (call, rest) = part.split_once(')').unwrap_or((part, ""));
    let (series, window) = call.split_once("; ").unwrap_or((call, "10m"));
    format!("increase({series}[{window}]) > 0 or ({series} unless {series} offset {window}) > 0{rest}")
}

/// Those that have to be heard of.
pub(super) const SERVICES: [ServiceName; 4] = [
    ServiceName::Api,
    ServiceName::Bot,
    ServiceName::NotificationDaemon,
    ServiceName::StatusTransitionDaemon,
];

fn silent(service: ServiceName) -> Result<Rule, UnknownMetric> {
    let name = service.as_str();
    let query = format!("absent(<process.uptime>{{job=\"muster/{name}\"}})");
    let mut rule = Rule::alert("MusterServiceSilent", Page, ("5m", &query))?;
    rule.labels.insert("service", name.to_owned());
    let summary = format!("Nothing has been heard of {name} for five minutes");
    Ok(rule.says(&summary, "It is down, or its telemetry goes elsewhere: see its /readyz, then Alloy's log."))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_has_grown_may_be_new() {
        let written = super::written_out("sum by (kind) (grown(<x>{a=\"b\"}; 15m)) > 0");
        insta::assert_snapshot!(written, @r#"sum by (kind) (increase(<x>{a="b"}[15m]) > 0 or (<x>{a="b"} unless <x>{a="b"} offset 15m) > 0) > 0"#);
    }
}
