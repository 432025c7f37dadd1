use crate::grafana::{Dashboard, Panel, Unit, Variable};
use crate::query::UnknownMetric;

/// Rate, errors and duration of each service, and whether it is alive.
pub(super) fn board() -> Result<Dashboard, UnknownMetric> {
    let mut panels = numbers()?;
    panels.extend(requests()?);
    panels.extend(inside()?);
    panels.push(Panel::logs("Errors", "{service_namespace=\"muster\"} | detected_level=~\"error|warn\""));
    panels.push(Panel::traces(
        "Slow or failed requests",
        "{ resource.service.namespace = \"muster\" && kind = server && (status = error || duration > 500ms) }",
    ));
    let board = Dashboard::new("services", "services", "Rate, errors and duration of every service.", panels);
    Ok(board.with(Variable::service()?))
}

fn numbers() -> Result<Vec<Panel>, UnknownMetric> {
    let requests = "<http.server.request.duration.count>{job=\"muster/api-service\"}";
    let failed = "<http.server.request.duration.count>{job=\"muster/api-service\", http_response_status_code=~\"5..\"}";
    Ok(vec![
        Panel::number("Services that report", Unit::Count)
            .tells("Each process sends its uptime once a minute.")
            .query("", "count(count by (job) (<process.uptime>))")?,
        Panel::number("Requests", Unit::PerSecond)
            .query("", &format!("sum(rate({requests}[$__rate_interval]))"))?,
        Panel::number("Failed, last hour", Unit::Share)
            .tells("Answers 5xx; the objective is 0.1 %.")
            .warns(0.001, 0.0144)
            .query("", &format!("sum(rate({failed}[1h])) / sum(rate({requests}[1h]))"))?,
        Panel::number("Slowest loop turned", Unit::Seconds)
            .tells("Every loop turns each second or so; one that hangs is seen here.")
            .warns(15.0, 60.0)
            .query("", "max(<muster.loop.last_turn.age>{job=~\"$service\"})")?,
        Panel::number("Interactions late, last hour", Unit::Share)
            .tells("Acknowledged after more than 500 ms; Discord gives up after 3 s.")
            .warns(0.01, 0.05)
            .query(
                "",
                "1 - sum(rate(<muster.interaction.ack.duration.bucket>{le=\"0.5\"}[1h])) / \
                 sum(rate(<muster.interaction.ack.duration.count>[1h]))",
            )?,
        Panel::number("Outbox", Unit::Seconds)
            .tells("How old the oldest event is that was not yet published.")
            .warns(10.0, 60.0)
            .query("", "max(<muster.outbox.oldest.age>)")?,
    ])
}

fn requests() -> Result<Vec<Panel>, UnknownMetric> {
    let route = "sum by (http_request_method, http_route)";
    Ok(vec![
        Panel::lines("Requests by route", Unit::PerSecond).query(
            "{{http_request_method}} {{http_route}}",
            &format!(
                "{route} (rate(<http.server.request.duration.count>{{job=~\"$service\"}}[$__rate_interval]))"
            ),
        )?,
        Panel::lines("Answers 5xx by route", Unit::PerSecond).query(
            "{{http_request_method}} {{http_route}}",
            &format!(
                "{route} (rate(<http.server.request.duration.count>{{job=~\"$service\", \
                 http_response_status_code=~\"5..\"}}[$__rate_interval]))"
            ),
        )?,
        Panel::lines("Duration of requests", Unit::Seconds)
            .percentiles("http.server.request.duration", "{job=~\"$service\"}")?,
        Panel::lines("Spans by service", Unit::PerSecond)
            .tells("Counted by Alloy before it samples; empty without Alloy.")
            .query(
                "{{service_name}} {{span_kind}}",
                "sum by (service_name, span_kind) (rate(<traces.span.metrics.calls>[$__rate_interval]))",
            )?,
        Panel::lines("Failed spans by service", Unit::PerSecond).query(
            "{{service_name}} {{span_name}}",
            "sum by (service_name, span_name) \
             (rate(<traces.span.metrics.calls>{status_code=\"STATUS_CODE_ERROR\"}[$__rate_interval]))",
        )?,
        Panel::lines("Interactions, until Discord is answered", Unit::Seconds)
            .percentiles("muster.interaction.ack.duration", "")?,
    ])
}

fn inside() -> Result<Vec<Panel>, UnknownMetric> {
    Ok(vec![
        Panel::lines("Memory", Unit::Bytes)
            .query("{{job}}", "sum by (job) (<process.memory.usage>{job=~\"$service\"})")?,
        Panel::lines("Processor", Unit::Share).tells("One is one core.").query(
            "{{job}}",
            "sum by (job) (rate(<process.cpu.time>{job=~\"$service\"}[$__rate_interval]))",
        )?,
        Panel::lines("Runtime busy", Unit::Share)
            .tells("The share of its threads' time in which a service's runtime works.")
            .query("{{job}}", "max by (job) (<muster.tokio.busy_ratio>{job=~\"$service\"})")?,
        Panel::lines("Waiting for a turn of the runtime", Unit::Seconds)
            .percentiles("muster.tokio.scheduled.duration", "{job=~\"$service\"}")?,
        Panel::lines("Waiting for a thread that may block", Unit::Count)
            .query("{{job}}", "max by (job) (<muster.tokio.blocking.queue>{job=~\"$service\"})")?,
        Panel::lines("Calls of the database", Unit::Seconds)
            .percentiles("db.client.operation.duration", "{job=~\"$service\"}")?,
        Panel::lines("Waiting for a connection", Unit::Seconds)
            .percentiles("db.client.connection.wait_time", "{job=~\"$service\"}")?,
        Panel::lines("Cache: found", Unit::Share).query(
            "{{cache}}",
            "sum by (cache) (rate(<muster.cache.requests>{result=\"hit\"}[$__rate_interval])) / \
             sum by (cache) (rate(<muster.cache.requests>[$__rate_interval]))",
        )?,
    ])
}
