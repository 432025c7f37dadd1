//! Muster's own metrics: `muster.*`, never with an id.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Gauge, Meter};

use crate::instruments::SECONDS;
use crate::registry;
use crate::series::{Distributions, Labelled, Maker, Tallies};

/// Boundaries for lateness: from a tenth of a second to an hour, in seconds.
const LATENESS_SECONDS: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0];
/// Boundaries for lead time: from an hour to a quarter, in seconds.
const LEAD_SECONDS: [f64; 9] =
    [3_600.0, 14_400.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0, 1_209_600.0, 2_592_000.0, 7_776_000.0];
/// Boundaries for how full a game is, as a share of its seats.
const FILL: [f64; 6] = [0.0, 0.25, 0.5, 0.75, 0.999, 1.0];

type LoopTurns = Arc<Mutex<BTreeMap<&'static str, Instant>>>;

/// The instruments of one service.
#[derive(Debug)]
pub struct Metrics {
    games: Tallies<2>,
    participants: Tallies<2>,
    lead_time: Distributions<0>,
    fill: Distributions<0>,
    ack: Distributions<1>,
    schedule_lateness: Distributions<1>,
    schedule_oldest: Gauge<f64>,
    schedule_pending: Gauge<f64>,
    delivery_lateness: Distributions<1>,
    delivery_outcomes: Tallies<2>,
    outbox_oldest: Gauge<f64>,
    outbox_pending: Gauge<f64>,
    discord_requests: Tallies<2>,
    rate_limit_waits: Tallies<1>,
    invalid_requests: Tallies<1>,
    card_edits: Tallies<1>,
    gateway_connected: Gauge<f64>,
    gateway_reconnects: Tallies<1>,
    gateway_heartbeat: Distributions<1>,
    cache_requests: Tallies<2>,
    loop_turns: LoopTurns,
}

impl Metrics {
    pub(crate) fn new(maker: &Maker<'_>) -> Self {
        let meter = maker.meter;
        Self {
            games: tallies(maker, "muster.games.changes", ["action", "door"]),
            participants: tallies(maker, "muster.participants.changes", ["action", "door"]),
            lead_time: distributions(maker, "muster.games.lead_time", &LEAD_SECONDS, []),
            fill: distributions(maker, "muster.games.fill", &FILL, []),
            ack: distributions(maker, "muster.interaction.ack.duration", &SECONDS, ["kind"]),
            schedule_lateness: lateness(maker, "muster.schedule.lateness"),
            schedule_oldest: gauge(meter, "muster.schedule.oldest_due.age"),
            schedule_pending: gauge(meter, "muster.schedule.pending"),
            delivery_lateness: lateness(maker, "muster.delivery.lateness"),
            delivery_outcomes: tallies(maker, "muster.delivery.outcomes", ["kind", "outcome"]),
            outbox_oldest: gauge(meter, "muster.outbox.oldest.age"),
            outbox_pending: gauge(meter, "muster.outbox.pending"),
            discord_requests: tallies(maker, "muster.discord.requests", ["route", "status"]),
            rate_limit_waits: tallies(maker, "muster.discord.rate_limit.waits", ["route"]),
            invalid_requests: tallies(maker, "muster.discord.invalid_requests", ["route"]),
            card_edits: tallies(maker, "muster.discord.card_edits", ["result"]),
            gateway_connected: gauge(meter, "muster.discord.gateway.connected"),
            gateway_reconnects: tallies(maker, "muster.discord.gateway.reconnects", ["shard"]),
            gateway_heartbeat: distributions(
                maker,
                "muster.discord.gateway.heartbeat.latency",
                &SECONDS,
                ["shard"],
            ),
            cache_requests: tallies(maker, "muster.cache.requests", ["cache", "result"]),
            loop_turns: observed_loops(meter),
        }
    }

    /// A game was `created`, `edited`, `cancelled`, `started`, `completed` or `archived` through a door.
    pub fn game_changed(&self, action: &'static str, door: &'static str) {
        self.games.increment([action.into(), door.into()]);
    }

    /// Somebody `joined`, `left`, was `promoted`, `demoted` or `removed` through a door.
    pub fn participant_changed(&self, action: &'static str, door: &'static str) {
        self.participants.increment([action.into(), door.into()]);
    }

    /// How far ahead of its start a game was created.
    pub fn lead_time(&self, ahead: Duration) {
        self.lead_time.record([], ahead.as_secs_f64());
    }

    /// How full a game was when it started, as a share of its seats.
    pub fn fill(&self, share: f64) {
        self.fill.record([], share);
    }

    /// How long Discord waited for our answer to an interaction.
    pub fn ack(&self, kind: &'static str, waited: Duration) {
        self.ack.record([kind.into()], waited.as_secs_f64());
    }

    /// How long after it was due a scheduled row was claimed.
    pub fn schedule_lateness(&self, kind: &'static str, lateness: Duration) {
        self.schedule_lateness.record([kind.into()], lateness.as_secs_f64());
    }

    /// The age of the oldest due row, and how many rows are pending.
    pub fn schedule_backlog(&self, kind: &'static str, oldest_due: Duration, pending: u64) {
        let attributes = [KeyValue::new("kind", kind)];
        self.schedule_oldest.record(oldest_due.as_secs_f64(), &attributes);
        self.schedule_pending.record(number(pending), &attributes);
    }

    /// A delivery ended, so long after it was due.
    pub fn delivery(&self, kind: &'static str, outcome: &'static str, lateness: Duration) {
        self.delivery_lateness.record([kind.into()], lateness.as_secs_f64());
        self.delivery_outcomes.increment([kind.into(), outcome.into()]);
    }

    /// The age of the oldest unpublished event, and how many there are.
    pub fn outbox_backlog(&self, oldest: Duration, pending: u64) {
        self.outbox_oldest.record(oldest.as_secs_f64(), &[]);
        self.outbox_pending.record(number(pending), &[]);
    }

    /// Discord answered a request.
    pub fn discord_request(&self, route: &'static str, status: u16) {
        self.discord_requests.increment([route.into(), u32::from(status).into()]);
    }

    /// A request had to wait for a rate limit.
    pub fn rate_limit_wait(&self, route: &'static str) {
        self.rate_limit_waits.increment([route.into()]);
    }

    /// Discord counted a request as invalid (401, 403, 429).
    pub fn invalid_request(&self, route: &'static str) {
        self.invalid_requests.increment([route.into()]);
    }

    /// A card was `edited`, `reposted`, `put_off`, found `gone` or `forbidden`, or it `failed`.
    pub fn card_edit(&self, result: &'static str) {
        self.card_edits.increment([result.into()]);
    }

    /// Whether a shard is connected.
    pub fn gateway_connected(&self, shard: u32, connected: bool) {
        self.gateway_connected.record(f64::from(u8::from(connected)), &[shard_attribute(shard)]);
    }

    /// A shard had to connect again.
    pub fn gateway_reconnected(&self, shard: u32) {
        self.gateway_reconnects.increment([shard.into()]);
    }

    /// How long Discord took to acknowledge a heartbeat.
    pub fn gateway_heartbeat(&self, shard: u32, latency: Duration) {
        self.gateway_heartbeat.record([shard.into()], latency.as_secs_f64());
    }

    /// A cache was asked: `hit`, `miss` or `error`.
    pub fn cache_request(&self, cache: &'static str, result: &'static str) {
        self.cache_requests.increment([cache.into(), result.into()]);
    }

    /// A loop is alive: it has just turned.
    pub fn loop_turned(&self, name: &'static str) {
        self.loop_turns.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Instant::now());
    }
}

fn tallies<const N: usize>(maker: &Maker<'_>, name: &'static str, keys: [&'static str; N]) -> Tallies<N> {
    let (unit, brief) = registry::metric(name);
    Labelled::new(maker.tally((name, unit), brief), keys)
}

fn distributions<const N: usize>(
    maker: &Maker<'_>,
    name: &'static str,
    boundaries: &'static [f64],
    keys: [&'static str; N],
) -> Distributions<N> {
    let (unit, brief) = registry::metric(name);
    Labelled::new(maker.distribution((name, unit), boundaries, brief), keys)
}

fn lateness(maker: &Maker<'_>, name: &'static str) -> Distributions<1> {
    distributions(maker, name, &LATENESS_SECONDS, ["kind"])
}

fn gauge(meter: &Meter, name: &'static str) -> Gauge<f64> {
    let (unit, brief) = registry::metric(name);
    meter.f64_gauge(name).with_unit(unit).with_description(brief).build()
}

/// A number as gauges want it.
#[expect(clippy::cast_precision_loss, reason = "nobody has as many rows as a double has digits")]
const fn number(count: u64) -> f64 {
    count as f64
}

fn shard_attribute(shard: u32) -> KeyValue {
    KeyValue::new("shard", i64::from(shard))
}

/// Ages are read when metrics are collected, so that a loop that hangs is seen to.
fn observed_loops(meter: &Meter) -> LoopTurns {
    const NAME: &str = "muster.loop.last_turn.age";
    let (unit, brief) = registry::metric(NAME);
    let turns = LoopTurns::default();
    let seen = Arc::clone(&turns);
    let _gauge = meter
        .f64_observable_gauge(NAME)
        .with_unit(unit)
        .with_description(brief)
        .with_callback(move |observer| {
            for (name, turned) in seen.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                observer.observe(turned.elapsed().as_secs_f64(), &[KeyValue::new("loop", *name)]);
            }
        })
        .build();
    turns
}
