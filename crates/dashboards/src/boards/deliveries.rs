use crate::grafana::{Dashboard, Panel, Unit};
use crate::query::UnknownMetric;

/// Whether what is due is done, and whether people get it.
pub(super) fn board() -> Result<Dashboard, UnknownMetric> {
    let mut panels = numbers()?;
    panels.extend(lines()?);
    panels.push(Panel::logs(
        "Turns that failed",
        "{service_namespace=\"muster\", service_name=~\".+-daemon\"} | detected_level=~\"error|warn\"",
    ));
    panels.push(Panel::traces(
        "Deliveries that failed",
        "{ resource.service.namespace = \"muster\" && name =~ \"delivery.send.*\" && status = error }",
    ));
    let about = "From the moment that something is due until people have it.";
    Ok(Dashboard::new("deliveries", "schedules and deliveries", about, panels))
}

fn numbers() -> Result<Vec<Panel>, UnknownMetric> {
    Ok(vec![
        Panel::number("Oldest due row", Unit::Seconds)
            .tells("A daemon that works leaves none that is older than a second or two.")
            .warns(10.0, 120.0)
            .query("", "max(<muster.schedule.oldest_due.age>)")?,
        Panel::number("Due rows", Unit::Count)
            .query("", "max(sum by (instance) (<muster.schedule.pending>))")?,
        Panel::number("More than a minute late, last hour", Unit::Share).warns(0.001, 0.01).query(
            "",
            "1 - sum(rate(<muster.delivery.lateness.bucket>{le=~\"60(\\\\.0)?\"}[1h])) / \
             sum(rate(<muster.delivery.lateness.count>[1h]))",
        )?,
        Panel::number("Dead, last day", Unit::Count)
            .warns(1.0, 10.0)
            .query("", "sum(increase(<muster.delivery.outcomes>{outcome=\"dead\"}[1d])) or vector(0)")?,
        Panel::number("Outbox: oldest", Unit::Seconds)
            .warns(10.0, 60.0)
            .query("", "max(<muster.outbox.oldest.age>)")?,
        Panel::number("Outbox: waiting", Unit::Count).query("", "max(<muster.outbox.pending>)")?,
    ])
}

fn lines() -> Result<Vec<Panel>, UnknownMetric> {
    let ninety_nine = |of: &str| {
        format!("histogram_quantile(0.99, sum by (le, kind) (rate(<{of}.bucket>[$__rate_interval])))")
    };
    Ok(vec![
        Panel::lines("From due to claimed, 99 of 100", Unit::Seconds)
            .query("{{kind}}", &ninety_nine("muster.schedule.lateness"))?,
        Panel::lines("From due to delivered, 99 of 100", Unit::Seconds)
            .query("{{kind}}", &ninety_nine("muster.delivery.lateness"))?,
        Panel::lines("What became of deliveries", Unit::PerSecond).query(
            "{{kind}} {{outcome}}",
            "sum by (kind, outcome) (rate(<muster.delivery.outcomes>[$__rate_interval]))",
        )?,
        Panel::lines("Oldest due row by kind", Unit::Seconds)
            .query("{{kind}}", "max by (kind) (<muster.schedule.oldest_due.age>)")?,
        Panel::lines("Outbox", Unit::Count).query("{{job}}", "max by (job) (<muster.outbox.pending>)")?,
        Panel::lines("Messages", Unit::PerSecond)
            .query(
                "sent by {{job}}",
                "sum by (job) (rate(<messaging.client.sent.messages>[$__rate_interval]))",
            )?
            .query(
                "consumed by {{job}}",
                "sum by (job) (rate(<messaging.client.consumed.messages>[$__rate_interval]))",
            )?,
        Panel::lines("Handling a message", Unit::Seconds).percentiles("messaging.process.duration", "")?,
        Panel::lines("Dead letters", Unit::Count).query(
            "{{queue}}",
            "max by (queue) (<rabbitmq_detailed_queue_messages>{queue=~\".+\\\\.dead\"})",
        )?,
        Panel::lines("Loops", Unit::Seconds)
            .tells("How long ago each last turned.")
            .query("{{job}} {{loop}}", "max by (job, loop) (<muster.loop.last_turn.age>)")?,
    ])
}
