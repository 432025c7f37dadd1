//! Muster's own metrics: `muster.*`, never with an id.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};

use crate::instruments::{SECONDS, seconds};

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
    games: Counter<u64>,
    participants: Counter<u64>,
    lead_time: Histogram<f64>,
    fill: Histogram<f64>,
    ack: Histogram<f64>,
    schedule_lateness: Histogram<f64>,
    schedule_oldest: Gauge<f64>,
    schedule_pending: Gauge<u64>,
    delivery_lateness: Histogram<f64>,
    delivery_outcomes: Counter<u64>,
    outbox_oldest: Gauge<f64>,
    outbox_pending: Gauge<u64>,
    discord_requests: Counter<u64>,
    rate_limit_waits: Counter<u64>,
    invalid_requests: Counter<u64>,
    card_edits: Counter<u64>,
    gateway_connected: Gauge<u64>,
    gateway_reconnects: Counter<u64>,
    gateway_heartbeat: Histogram<f64>,
    cache_requests: Counter<u64>,
    loop_turns: LoopTurns,
}

impl Metrics {
    pub(crate) fn new(meter: &Meter) -> Self {
        Self {
            games: counter(meter, "muster.games.changes", "{change}"),
            participants: counter(meter, "muster.participants.changes", "{change}"),
            lead_time: seconds(meter, "muster.games.lead_time", &LEAD_SECONDS),
            fill: meter
                .f64_histogram("muster.games.fill")
                .with_unit("1")
                .with_boundaries(FILL.to_vec())
                .build(),
            ack: seconds(meter, "muster.interaction.ack.duration", &SECONDS),
            schedule_lateness: seconds(meter, "muster.schedule.lateness", &LATENESS_SECONDS),
            schedule_oldest: meter.f64_gauge("muster.schedule.oldest_due.age").with_unit("s").build(),
            schedule_pending: meter.u64_gauge("muster.schedule.pending").with_unit("{row}").build(),
            delivery_lateness: seconds(meter, "muster.delivery.lateness", &LATENESS_SECONDS),
            delivery_outcomes: counter(meter, "muster.delivery.outcomes", "{delivery}"),
            outbox_oldest: meter.f64_gauge("muster.outbox.oldest.age").with_unit("s").build(),
            outbox_pending: meter.u64_gauge("muster.outbox.pending").with_unit("{row}").build(),
            discord_requests: counter(meter, "muster.discord.requests", "{request}"),
            rate_limit_waits: counter(meter, "muster.discord.rate_limit.waits", "{wait}"),
            invalid_requests: counter(meter, "muster.discord.invalid_requests", "{request}"),
            card_edits: counter(meter, "muster.discord.card_edits", "{edit}"),
            gateway_connected: meter.u64_gauge("muster.discord.gateway.connected").with_unit("1").build(),
            gateway_reconnects: counter(meter, "muster.discord.gateway.reconnects", "{reconnect}"),
            gateway_heartbeat: seconds(meter, "muster.discord.gateway.heartbeat.latency", &SECONDS),
            cache_requests: counter(meter, "muster.cache.requests", "{request}"),
            loop_turns: observed_loops(meter),
        }
    }

    /// A game was `created`, `edited`, `cancelled`, `started`, `completed` or `archived` through a door.
    pub fn game_changed(&self, action: &'static str, door: &'static str) {
        self.games.add(1, &[KeyValue::new("action", action), KeyValue::new("door", door)]);
    }

    /// Somebody `joined`, `left`, was `promoted`, `demoted` or `removed` through a door.
    pub fn participant_changed(&self, action: &'static str, door: &'static str) {
        self.participants.add(1, &[KeyValue::new("action", action), KeyValue::new("door", door)]);
    }

    /// How far ahead of its start a game was created.
    pub fn lead_time(&self, ahead: Duration) {
        self.lead_time.record(ahead.as_secs_f64(), &[]);
    }

    /// How full a game was when it started, as a share of its seats.
    pub fn fill(&self, share: f64) {
        self.fill.record(share, &[]);
    }

    /// How long Discord waited for our answer to an interaction.
    pub fn ack(&self, kind: &'static str, waited: Duration) {
        self.ack.record(waited.as_secs_f64(), &[KeyValue::new("kind", kind)]);
    }

    /// How long after it was due a scheduled row was claimed.
    pub fn schedule_lateness(&self, kind: &'static str, lateness: Duration) {
        self.schedule_lateness.record(lateness.as_secs_f64(), &[KeyValue::new("kind", kind)]);
    }

    /// The age of the oldest due row, and how many rows are pending.
    pub fn schedule_backlog(&self, kind: &'static str, oldest_due: Duration, pending: u64) {
        let attributes = [KeyValue::new("kind", kind)];
        self.schedule_oldest.record(oldest_due.as_secs_f64(), &attributes);
        self.schedule_pending.record(pending, &attributes);
    }

    /// A delivery ended, so long after it was due.
    pub fn delivery(&self, kind: &'static str, outcome: &'static str, lateness: Duration) {
        let kind = KeyValue::new("kind", kind);
        self.delivery_lateness.record(lateness.as_secs_f64(), std::slice::from_ref(&kind));
        self.delivery_outcomes.add(1, &[kind, KeyValue::new("outcome", outcome)]);
    }

    /// The age of the oldest unpublished event, and how many there are.
    pub fn outbox_backlog(&self, oldest: Duration, pending: u64) {
        self.outbox_oldest.record(oldest.as_secs_f64(), &[]);
        self.outbox_pending.record(pending, &[]);
    }

    /// Discord answered a request.
    pub fn discord_request(&self, route: &'static str, status: u16) {
        let attributes = [KeyValue::new("route", route), KeyValue::new("status", i64::from(status))];
        self.discord_requests.add(1, &attributes);
    }

    /// A request had to wait for a rate limit.
    pub fn rate_limit_wait(&self, route: &'static str) {
        self.rate_limit_waits.add(1, &[KeyValue::new("route", route)]);
    }

    /// Discord counted a request as invalid (401, 403, 429).
    pub fn invalid_request(&self, route: &'static str) {
        self.invalid_requests.add(1, &[KeyValue::new("route", route)]);
    }

    /// A card was `edited`, `coalesced`, `reposted` or `failed`.
    pub fn card_edit(&self, result: &'static str) {
        self.card_edits.add(1, &[KeyValue::new("result", result)]);
    }

    /// Whether a shard is connected.
    pub fn gateway_connected(&self, shard: u32, connected: bool) {
        self.gateway_connected.record(u64::from(connected), &[shard_attribute(shard)]);
    }

    /// A shard had to connect again.
    pub fn gateway_reconnected(&self, shard: u32) {
        self.gateway_reconnects.add(1, &[shard_attribute(shard)]);
    }

    /// How long Discord took to acknowledge a heartbeat.
    pub fn gateway_heartbeat(&self, shard: u32, latency: Duration) {
        self.gateway_heartbeat.record(latency.as_secs_f64(), &[shard_attribute(shard)]);
    }

    /// A cache was asked: `hit`, `miss` or `error`.
    pub fn cache_request(&self, cache: &'static str, result: &'static str) {
        self.cache_requests.add(1, &[KeyValue::new("cache", cache), KeyValue::new("result", result)]);
    }

    /// A loop is alive: it has just turned.
    pub fn loop_turned(&self, name: &'static str) {
        self.loop_turns.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Instant::now());
    }
}

fn counter(meter: &Meter, name: &'static str, unit: &'static str) -> Counter<u64> {
    meter.u64_counter(name).with_unit(unit).build()
}

fn shard_attribute(shard: u32) -> KeyValue {
    KeyValue::new("shard", i64::from(shard))
}

/// Ages are read when metrics are collected, so that a loop that hangs is seen to.
fn observed_loops(meter: &Meter) -> LoopTurns {
    let turns = LoopTurns::default();
    let seen = Arc::clone(&turns);
    let _gauge = meter
        .f64_observable_gauge("muster.loop.last_turn.age")
        .with_unit("s")
        .with_callback(move |observer| {
            for (name, turned) in seen.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                observer.observe(turned.elapsed().as_secs_f64(), &[KeyValue::new("loop", *name)]);
            }
        })
        .build();
    turns
}
