//! Made-up histories in which an alert has to fire, and then to clear.

use crate::query::{UnknownMetric, expand};

/// A history for one alert, a value a minute.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The alert's name.
    pub alert: &'static str,
    /// Series, and their values in promtool's notation.
    pub series: Vec<(String, String)>,
    /// When it fires, in minutes from the beginning.
    pub fires_at: u32,
    /// When it fires no more.
    pub clears_at: u32,
}

/// Alert, when it fires, when it has cleared, and the series.
type Plan = (&'static str, u32, u32, &'static [(&'static str, &'static str)]);

const ANSWERED: &str =
    "<http.server.request.duration.count>{job=\"muster/api-service\", http_response_status_code=\"200\"}";
const FAILED: &str =
    "<http.server.request.duration.count>{job=\"muster/api-service\", http_response_status_code=\"500\"}";
const ACKNOWLEDGED: &str = "<muster.interaction.ack.duration.count>{kind=\"component\"}";
const IN_TIME: &str = "<muster.interaction.ack.duration.bucket>{kind=\"component\", le=\"0.5\"}";
const DELIVERED: &str = "<muster.delivery.lateness.count>{kind=\"reminder\"}";
const WITHIN_A_MINUTE: &str = "<muster.delivery.lateness.bucket>{kind=\"reminder\", le=\"60\"}";

const DROPPED_SPANS: &str =
    "<otel.sdk.processor.span.processed>{job=\"muster/api-service\", error_type=\"queue_full\"}";

const PLANS: [Plan; 36] = [
    ("MusterRequestsFailFast", 60, 75, &[(ANSWERED, "0+1000x120"), (FAILED, "0+50x60 3000x60")]),
    ("MusterRequestsFailSteadily", 120, 200, &[(ANSWERED, "0+1000x240"), (FAILED, "0+10x120 1200x120")]),
    ("MusterRequestsFailSlowly", 180, 600, &[(ANSWERED, "0+1000x700"), (FAILED, "0+2x180 360x520")]),
    ("MusterInteractionsLateFast", 60, 75, &[(ACKNOWLEDGED, "0+100x120"), (IN_TIME, "0+80x60 4900+100x60")]),
    (
        "MusterInteractionsLateSteadily",
        120,
        200,
        &[(ACKNOWLEDGED, "0+100x240"), (IN_TIME, "0+90x120 10900+100x120")],
    ),
    (
        "MusterInteractionsLateSlowly",
        180,
        600,
        &[(ACKNOWLEDGED, "0+100x700"), (IN_TIME, "0+98x180 17740+100x520")],
    ),
    (
        "MusterDeliveriesLateFast",
        60,
        75,
        &[(DELIVERED, "0+100x120"), (WITHIN_A_MINUTE, "0+90x60 5500+100x60")],
    ),
    (
        "MusterDeliveriesLateSteadily",
        120,
        200,
        &[(DELIVERED, "0+100x240"), (WITHIN_A_MINUTE, "0+99x120 11980+100x120")],
    ),
    (
        "MusterDeliveriesLateSlowly",
        180,
        600,
        &[(DELIVERED, "0+1000x700"), (WITHIN_A_MINUTE, "0+998x180 180640+1000x520")],
    ),
    (
        "MusterLoopStuck",
        5,
        12,
        &[(
            "<muster.loop.last_turn.age>{job=\"muster/notification-daemon\", loop=\"schedule\"}",
            "1 61+60x8 1x10",
        )],
    ),
    (
        "MusterDueRowsWait",
        8,
        14,
        &[("<muster.schedule.oldest_due.age>{kind=\"reminder\"}", "1 60+60x9 0x10")],
    ),
    (
        "MusterOutboxOld",
        8,
        14,
        &[("<muster.outbox.oldest.age>{job=\"muster/api-service\"}", "0 30+60x9 0x10")],
    ),
    (
        "MusterDeadLetters",
        8,
        14,
        &[("<rabbitmq_detailed_queue_messages>{queue=\"muster.bot.dead\"}", "0 3x10 0x10")],
    ),
    (
        "MusterDeliveriesDie",
        10,
        40,
        &[("<muster.delivery.outcomes>{kind=\"reminder\", outcome=\"dead\"}", "_x5 1x40")],
    ),
    ("MusterGatewayDown", 8, 14, &[("<muster.discord.gateway.connected>{shard=\"0\"}", "1 0x10 1x10")]),
    (
        "MusterDiscordRefuses",
        10,
        30,
        &[("<muster.discord.invalid_requests>{route=\"messages\"}", "0+50x12 600x30")],
    ),
    ("MusterTelemetryDropped", 12, 40, &[(DROPPED_SPANS, "_x5 9x45")]),
    ("MusterTelemetryDropped", 12, 40, &[(DROPPED_SPANS, "0+9x15 135x40")]),
    (
        "MusterTelemetryDropped",
        12,
        40,
        &[("<otel.sdk.processor.log.processed>{job=\"x\", error_type=\"queue_full\"}", "_x5 9x45")],
    ),
    (
        "MusterTelemetryDropped",
        12,
        40,
        &[("<otel.sdk.exporter.span.exported>{job=\"x\", error_type=\"refused\"}", "_x5 9x45")],
    ),
    (
        "MusterTelemetryDropped",
        12,
        40,
        &[("<otel.sdk.exporter.log.exported>{job=\"x\", error_type=\"refused\"}", "_x5 9x45")],
    ),
    (
        "MusterTelemetryDropped",
        12,
        40,
        &[("<otel.sdk.exporter.metric_data_point.exported>{job=\"x\", error_type=\"refused\"}", "_x5 9x45")],
    ),
    (
        "MusterAlloyDrops",
        12,
        40,
        &[(
            "<otelcol_exporter_send_failed_spans_total>{component_id=\"otelcol.exporter.otlphttp.x\"}",
            "_x5 9x45",
        )],
    ),
    (
        "MusterAlloyDrops",
        12,
        40,
        &[("<otelcol_exporter_send_failed_metric_points_total>{component_id=\"x\"}", "0x5 9x45")],
    ),
    (
        "MusterAlloyDrops",
        12,
        40,
        &[("<otelcol_exporter_send_failed_log_records_total>{component_id=\"x\"}", "0x5 9x45")],
    ),
    (
        "MusterAlloyDrops",
        12,
        40,
        &[("<otelcol_receiver_refused_spans_total>{component_id=\"x\"}", "0x5 9x45")],
    ),
    (
        "MusterAlloyDrops",
        12,
        40,
        &[("<otelcol_receiver_refused_metric_points_total>{component_id=\"x\"}", "0x5 9x45")],
    ),
    (
        "MusterAlloyDrops",
        12,
        40,
        &[("<otelcol_receiver_refused_log_records_total>{component_id=\"x\"}", "0x5 9x45")],
    ),
    (
        "MusterConnectionsShort",
        30,
        70,
        &[
            (
                "<db.client.connection.wait_time.bucket>{job=\"muster/api-service\", le=\"1\"}",
                "0+1x30 30+100x60",
            ),
            ("<db.client.connection.wait_time.bucket>{job=\"muster/api-service\", le=\"5\"}", "0+100x90"),
            ("<db.client.connection.wait_time.bucket>{job=\"muster/api-service\", le=\"+Inf\"}", "0+100x90"),
        ],
    ),
    (
        "MusterEngineDown",
        6,
        12,
        &[("<redis_up>{job=\"integrations/redis\", instance=\"redis\"}", "1 0x8 1x10")],
    ),
    (
        "MusterEngineDown",
        6,
        12,
        &[("<pg_up>{job=\"integrations/postgres\", instance=\"postgres\"}", "1 0x8 1x10")],
    ),
    ("MusterEngineDown", 6, 12, &[("<up>{job=\"rabbitmq\", instance=\"rabbitmq:15692\"}", "1 0x8 1x10")]),
    (
        "MusterBrokerBlocked",
        5,
        12,
        &[("<rabbitmq_alarms_memory_used_watermark>{instance=\"rabbitmq\"}", "0 1x8 0x10")],
    ),
    (
        "MusterBrokerBlocked",
        5,
        12,
        &[("<rabbitmq_alarms_free_disk_space_watermark>{instance=\"rabbitmq\"}", "0 1x8 0x10")],
    ),
    (
        "MusterAlloyQueueGrows",
        14,
        20,
        &[
            (
                "<otelcol_exporter_queue_size>{component_id=\"otelcol.exporter.otlphttp.grafana_cloud\"}",
                "0 4000x15 0x10",
            ),
            (
                "<otelcol_exporter_queue_capacity>{component_id=\"otelcol.exporter.otlphttp.grafana_cloud\"}",
                "5000x30",
            ),
        ],
    ),
    (
        "MusterServiceSilent",
        12,
        18,
        &[
            ("<process.uptime>{job=\"muster/api-service\"}", "0+60x30"),
            ("<process.uptime>{job=\"muster/notification-daemon\"}", "0+60x30"),
            ("<process.uptime>{job=\"muster/status-transition-daemon\"}", "0+60x30"),
            ("<process.uptime>{job=\"muster/bot-service\"}", "0 60 stale _x10 0+60x20"),
        ],
    ),
];

/// All of them; each alert has one for each of its ways.
///
/// # Errors
/// When one names a metric that nothing emits.
pub fn trials() -> Result<Vec<Trial>, UnknownMetric> {
    PLANS
        .iter()
        .map(|(alert, fires_at, clears_at, series)| {
            let series = series.iter().map(|(name, values)| Ok((expand(name)?, (*values).to_owned())));
            let series = series.collect::<Result<_, _>>()?;
            Ok(Trial { alert, series, fires_at: *fires_at, clears_at: *clears_at })
        })
        .collect()
}
