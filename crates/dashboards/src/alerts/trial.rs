//! Made-up histories in which an alert has to fire, to clear, and to stay silent.

use super::causes::SERVICES;
use crate::query::{UnknownMetric, expand};
use std::iter::repeat_n;

/// A history for one alert, a value a minute.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The alert's name.
    pub alert: String,
    /// Series, and their values in promtool's notation.
    pub series: Vec<(String, String)>,
    /// Whether it fires, so many minutes from the beginning.
    pub moments: Vec<(u32, bool)>,
}

impl Trial {
    fn new(alert: &str, series: &[(&str, &str)], moments: &[(u32, bool)]) -> Result<Self, UnknownMetric> {
        let series = series.iter().map(|(name, values)| Ok((expand(name)?, (*values).to_owned())));
        Ok(Self {
            alert: alert.to_owned(),
            series: series.collect::<Result<_, _>>()?,
            moments: moments.to_vec(),
        })
    }
}

/// All of them; each alert has one for each of its ways.
///
/// # Errors
/// When one names a metric that nothing emits.
pub fn trials() -> Result<Vec<Trial>, UnknownMetric> {
    let levels = LEVELS.iter().map(|level| {
        Trial::new(level.alert, level.series, &[(level.fires_at, true), (level.clears_at, false)])
    });
    let all = levels.chain(budgets()).chain(counters()).chain(silences());
    all.collect()
}

/// What is promised, as counters: of the cases that were fine, and of those that were not or of all.
struct Promise {
    alert: &'static str,
    fine: &'static str,
    other: &'static str,
    /// Whether the other counts every case.
    other_is_all: bool,
    /// How many times the budget of a promise for 999 of 1,000.
    budget: u64,
}

const PROMISES: [Promise; 3] = [
    Promise {
        alert: "MusterRequestsFail",
        fine: "<http.server.request.duration.count>{job=\"muster/api-service\", http_response_status_code=\"200\"}",
        other: "<http.server.request.duration.count>{job=\"muster/api-service\", http_response_status_code=\"500\"}",
        other_is_all: false,
        budget: 1,
    },
    Promise {
        alert: "MusterInteractionsLate",
        fine: "<muster.interaction.ack.duration.bucket>{kind=\"component\", le=\"0.5\"}",
        other: "<muster.interaction.ack.duration.count>{kind=\"component\"}",
        other_is_all: true,
        budget: 10,
    },
    Promise {
        alert: "MusterDeliveriesLate",
        fine: "<muster.delivery.lateness.bucket>{kind=\"reminder\", le=\"60\"}",
        other: "<muster.delivery.lateness.count>{kind=\"reminder\"}",
        other_is_all: true,
        budget: 1,
    },
];

/// How a budget burns. Minutes, but for the first number.
struct Fire {
    suffix: &'static str,
    /// Of a thousand cases, where one may be broken.
    broken: u64,
    fires_at: u32,
    burns_for: usize,
    /// Soon after: the long window is still full of it, the short one is not.
    clears_at: u32,
    /// A fire after a long calm: the short window is full of it, the long one is not yet.
    calm: usize,
    asked_at: u32,
}

const FIRES: [Fire; 3] = [
    Fire { suffix: "Fast", broken: 50, fires_at: 60, burns_for: 60, clears_at: 75, calm: 60, asked_at: 65 },
    Fire {
        suffix: "Steadily",
        broken: 12,
        fires_at: 120,
        burns_for: 120,
        clears_at: 200,
        calm: 300,
        asked_at: 340,
    },
    Fire {
        suffix: "Slowly",
        broken: 3,
        fires_at: 180,
        burns_for: 360,
        clears_at: 725,
        calm: 480,
        asked_at: 680,
    },
];

/// Cases a minute.
const CASES: u64 = 1000;
/// A history goes on for so many minutes after what it is about.
const AFTER: usize = 60;

/// Each window of each promise by itself does not alert; both do.
fn budgets() -> impl Iterator<Item = Result<Trial, UnknownMetric>> {
    let pairs = PROMISES.iter().flat_map(|promise| FIRES.iter().map(move |fire| (promise, fire)));
    pairs.flat_map(|(promise, fire)| {
        let both = [(fire.fires_at, true), (fire.clears_at, false)];
        [burning(promise, fire, (0, &both)), burning(promise, fire, (fire.calm, &[(fire.asked_at, false)]))]
    })
}

fn burning(
    promise: &Promise,
    fire: &Fire,
    (calm, moments): (usize, &[(u32, bool)]),
) -> Result<Trial, UnknownMetric> {
    let until = moments.iter().map(|(minute, _)| *minute as usize).max().unwrap_or_default() + AFTER;
    let broken = repeat_n(0, calm).chain(repeat_n(fire.broken * promise.budget, fire.burns_for));
    let broken: Vec<u64> = broken.chain(repeat_n(0, until)).take(until).collect();
    let within = counted(broken.iter().map(|broken| CASES - broken));
    let other = counted(broken.iter().map(|broken| if promise.other_is_all { CASES } else { *broken }));
    let series = [(promise.fine, &*within), (promise.other, &*other)];
    Trial::new(&format!("{}{}", promise.alert, fire.suffix), &series, moments)
}

/// A counter that begins at zero and grows so much a minute.
fn counted(grows: impl Iterator<Item = u64>) -> String {
    let mut total = 0;
    let values = grows.map(|more| {
        total += more;
        format!(" {total}")
    });
    format!("0{}", values.collect::<String>())
}

/// Counters of what should not happen. Any growth of one alerts: of one that was there, and of one that is born by it.
const COUNTERS: [(&str, &str); 12] = [
    ("MusterDeliveriesDie", "<muster.delivery.outcomes>{kind=\"reminder\", outcome=\"dead\"}"),
    ("MusterTelemetryDropped", "<otel.sdk.processor.span.processed>{job=\"x\", error_type=\"queue_full\"}"),
    ("MusterTelemetryDropped", "<otel.sdk.processor.log.processed>{job=\"x\", error_type=\"queue_full\"}"),
    ("MusterTelemetryDropped", "<otel.sdk.exporter.span.exported>{job=\"x\", error_type=\"refused\"}"),
    ("MusterTelemetryDropped", "<otel.sdk.exporter.log.exported>{job=\"x\", error_type=\"refused\"}"),
    (
        "MusterTelemetryDropped",
        "<otel.sdk.exporter.metric_data_point.exported>{job=\"x\", error_type=\"refused\"}",
    ),
    ("MusterAlloyDrops", "<otelcol_exporter_send_failed_spans_total>{component_id=\"x\"}"),
    ("MusterAlloyDrops", "<otelcol_exporter_send_failed_metric_points_total>{component_id=\"x\"}"),
    ("MusterAlloyDrops", "<otelcol_exporter_send_failed_log_records_total>{component_id=\"x\"}"),
    ("MusterAlloyDrops", "<otelcol_receiver_refused_spans_total>{component_id=\"x\"}"),
    ("MusterAlloyDrops", "<otelcol_receiver_refused_metric_points_total>{component_id=\"x\"}"),
    ("MusterAlloyDrops", "<otelcol_receiver_refused_log_records_total>{component_id=\"x\"}"),
];
const GROWS_AND_RESTS: &str = "0+9x15 135x40";
const IS_BORN_AND_RESTS: &str = "_x5 9x50";

fn counters() -> impl Iterator<Item = Result<Trial, UnknownMetric>> {
    COUNTERS.iter().flat_map(|(alert, counter)| {
        [GROWS_AND_RESTS, IS_BORN_AND_RESTS]
            .map(|history| Trial::new(alert, &[(counter, history)], &[(12, true), (40, false)]))
    })
}

/// Each service falls silent while the others go on.
fn silences() -> impl Iterator<Item = Result<Trial, UnknownMetric>> {
    SERVICES.iter().map(|silent| {
        let series = SERVICES.map(|service| {
            let goes_on = service.as_str() != silent.as_str();
            let values = if goes_on { "0+60x30" } else { "0 60 stale _x10 0+60x20" };
            let name = format!("<process.uptime>{{job=\"muster/{}\"}}", service.as_str());
            (name, values)
        });
        let series = series.each_ref().map(|(name, values)| (name.as_str(), *values));
        Trial::new("MusterServiceSilent", &series, &[(12, true), (18, false)])
    })
}

/// What is too high, or too low, for a while.
struct Level {
    alert: &'static str,
    fires_at: u32,
    clears_at: u32,
    series: &'static [(&'static str, &'static str)],
}

const LEVELS: [Level; 14] = [
    Level {
        alert: "MusterLoopStuck",
        fires_at: 5,
        clears_at: 12,
        series: &[(
            "<muster.loop.last_turn.age>{job=\"muster/notification-daemon\", loop=\"schedule\"}",
            "1 61+60x8 1x10",
        )],
    },
    Level {
        alert: "MusterDueRowsWait",
        fires_at: 8,
        clears_at: 14,
        series: &[("<muster.schedule.oldest_due.age>{kind=\"reminder\"}", "1 60+60x9 0x10")],
    },
    Level {
        alert: "MusterOutboxOld",
        fires_at: 8,
        clears_at: 14,
        series: &[("<muster.outbox.oldest.age>{job=\"muster/api-service\"}", "0 30+60x9 0x10")],
    },
    Level {
        alert: "MusterDeadLetters",
        fires_at: 8,
        clears_at: 14,
        series: &[("<rabbitmq_detailed_queue_messages>{queue=\"muster.bot.dead\"}", "0 3x10 0x10")],
    },
    Level {
        alert: "MusterGatewayDown",
        fires_at: 8,
        clears_at: 14,
        series: &[("<muster.discord.gateway.connected>{shard=\"0\"}", "1 0x10 1x10")],
    },
    Level {
        alert: "MusterDiscordRefuses",
        fires_at: 10,
        clears_at: 30,
        series: &[("<muster.discord.invalid_requests>{route=\"messages\"}", "0+50x12 600x30")],
    },
    Level {
        alert: "MusterConnectionsShort",
        fires_at: 30,
        clears_at: 70,
        series: &[
            ("<db.client.connection.wait_time.bucket>{job=\"x\", le=\"1\"}", "0+1x30 30+100x60"),
            ("<db.client.connection.wait_time.bucket>{job=\"x\", le=\"5\"}", "0+100x90"),
            ("<db.client.connection.wait_time.bucket>{job=\"x\", le=\"+Inf\"}", "0+100x90"),
        ],
    },
    Level {
        alert: "MusterEngineDown",
        fires_at: 6,
        clears_at: 12,
        series: &[("<redis_up>{job=\"integrations/redis\", instance=\"redis\"}", "1 0x8 1x10")],
    },
    Level {
        alert: "MusterEngineDown",
        fires_at: 6,
        clears_at: 12,
        series: &[("<pg_up>{job=\"integrations/postgres\", instance=\"postgres\"}", "1 0x8 1x10")],
    },
    Level {
        alert: "MusterEngineDown",
        fires_at: 6,
        clears_at: 12,
        series: &[("<up>{job=\"rabbitmq\", instance=\"rabbitmq\"}", "1 0x8 1x10")],
    },
    Level {
        alert: "MusterEngineDown",
        fires_at: 6,
        clears_at: 12,
        series: &[("<up>{job=\"integrations/postgres\", instance=\"postgres\"}", "1 0x8 1x10")],
    },
    Level {
        alert: "MusterBrokerBlocked",
        fires_at: 5,
        clears_at: 12,
        series: &[("<rabbitmq_alarms_memory_used_watermark>{instance=\"rabbitmq\"}", "0 1x8 0x10")],
    },
    Level {
        alert: "MusterBrokerBlocked",
        fires_at: 5,
        clears_at: 12,
        series: &[("<rabbitmq_alarms_free_disk_space_watermark>{instance=\"rabbitmq\"}", "0 1x8 0x10")],
    },
    Level {
        alert: "MusterAlloyQueueGrows",
        fires_at: 14,
        clears_at: 20,
        series: &[
            ("<otelcol_exporter_queue_size>{component_id=\"x\"}", "0 4000x15 0x10"),
            ("<otelcol_exporter_queue_capacity>{component_id=\"x\"}", "5000x30"),
        ],
    },
];
