use crate::grafana::{Dashboard, Panel, Unit};
use crate::query::UnknownMetric;

/// How near Muster is to Discord's limits, and how well the gateway holds.
pub(super) fn board() -> Result<Dashboard, UnknownMetric> {
    let mut panels = numbers()?;
    panels.extend(lines()?);
    panels.push(Panel::logs(
        "The gateway",
        "{service_namespace=\"muster\", service_name=\"bot-service\"} |= `gateway`",
    ));
    panels.push(Panel::traces(
        "Refused by Discord",
        "{ resource.service.namespace = \"muster\" && span.discord.error.code != nil }",
    ));
    let about = "Requests, limits and the gateway; what Discord allows, and how much of it is used.";
    Ok(Dashboard::new("discord", "Discord's budgets", about, panels))
}

fn numbers() -> Result<Vec<Panel>, UnknownMetric> {
    Ok(vec![
        Panel::number("Shards connected", Unit::Count)
            .query("", "sum(max by (shard) (<muster.discord.gateway.connected>))")?,
        Panel::number("Requests", Unit::PerSecond)
            .tells("Discord allows 50 a second to a bot.")
            .warns(30.0, 45.0)
            .query("", "sum(rate(<muster.discord.requests>[$__rate_interval]))")?,
        Panel::number("Invalid requests in ten minutes", Unit::Count)
            .tells("Discord bans an address at 10,000; Muster stops itself at 500.")
            .warns(100.0, 300.0)
            .query("", "sum(increase(<muster.discord.invalid_requests>[10m])) or vector(0)")?,
        Panel::number("Answered 429, last hour", Unit::Share).warns(0.002, 0.005).query(
            "",
            "sum(rate(<muster.discord.requests>{status=\"429\"}[1h])) / sum(rate(<muster.discord.requests>[1h])) \
             or vector(0)",
        )?,
        Panel::number("Reconnects, last day", Unit::Count)
            .query("", "sum(increase(<muster.discord.gateway.reconnects>[1d])) or vector(0)")?,
        Panel::number("Heartbeat, 95 of 100", Unit::Seconds).warns(0.5, 2.0).query(
            "",
            "histogram_quantile(0.95, sum by (le) (rate(<muster.discord.gateway.heartbeat.latency.bucket>[1h])))",
        )?,
    ])
}

fn lines() -> Result<Vec<Panel>, UnknownMetric> {
    Ok(vec![
        Panel::lines("Requests by answer", Unit::PerSecond)
            .query("{{status}}", "sum by (status) (rate(<muster.discord.requests>[$__rate_interval]))")?,
        Panel::lines("Requests by route", Unit::PerSecond)
            .query("{{route}}", "sum by (route) (rate(<muster.discord.requests>[$__rate_interval]))")?,
        Panel::lines("Waits for a limit", Unit::PerSecond).query(
            "{{route}}",
            "sum by (route) (rate(<muster.discord.rate_limit.waits>[$__rate_interval]))",
        )?,
        Panel::lines("Duration of requests", Unit::Seconds)
            .percentiles("http.client.request.duration", "{job=\"muster/bot-service\"}")?,
        Panel::lines("Edits of cards", Unit::PerSecond)
            .query("{{result}}", "sum by (result) (rate(<muster.discord.card_edits>[$__rate_interval]))")?,
        Panel::lines("Heartbeat by shard, 95 of 100", Unit::Seconds).query(
            "{{shard}}",
            "histogram_quantile(0.95, \
             sum by (le, shard) (rate(<muster.discord.gateway.heartbeat.latency.bucket>[$__rate_interval])))",
        )?,
    ])
}
