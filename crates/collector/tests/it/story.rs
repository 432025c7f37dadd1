//! A made-up evening of one game, as OTLP: what the four services would send.

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{
        AggregationTemporality, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
        ScopeMetrics, Sum, metric::Data, number_data_point,
    },
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status,
        span::{Event, Link, SpanKind},
        status::StatusCode,
    },
};

pub(crate) const API: &str = "api-service";
pub(crate) const BOT: &str = "bot-service";
pub(crate) const NOTIFICATION: &str = "notification-daemon";
pub(crate) const STATUS: &str = "status-transition-daemon";
pub(crate) const GAME: &str = "019a9c3e-7d10-7000-8000-00000000001a";

/// The trace in which the game is created; the reminder's trace links to it.
pub(crate) const CREATED: [u8; 16] = [0x4b; 16];
/// The trace of the reminder, hours later.
pub(crate) const REMINDED: [u8; 16] = [0x7e; 16];

/// A span, built in one expression. Times are microseconds after the start of the trace.
#[derive(Clone)]
pub(crate) struct Made {
    service: &'static str,
    span: Span,
}

/// `id` and `parent` are small numbers; a parent of 0 is none.
pub(crate) fn span(service: &'static str, trace: [u8; 16], id: u8, parent: u8, name: &str) -> Made {
    let bytes = |id: u8| if id == 0 { Vec::new() } else { vec![id; 8] };
    let span = Span {
        trace_id: trace.to_vec(),
        span_id: bytes(id),
        parent_span_id: bytes(parent),
        name: name.into(),
        kind: SpanKind::Internal as i32,
        ..Span::default()
    };
    Made { service, span }
}

impl Made {
    /// Gives the span an id beyond the small numbers.
    pub(crate) fn set_id(&mut self, id: u64) {
        self.span.span_id = id.to_be_bytes().to_vec();
    }

    pub(crate) fn kind(mut self, kind: SpanKind) -> Self {
        self.span.kind = kind as i32;
        self
    }

    pub(crate) fn at(mut self, epoch_ns: u64, from_us: u64, until_us: u64) -> Self {
        self.span.start_time_unix_nano = epoch_ns + from_us * 1_000;
        self.span.end_time_unix_nano = epoch_ns + until_us * 1_000;
        self
    }

    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.span.attributes.push(text(key, value));
        self
    }

    pub(crate) fn number(mut self, key: &str, value: i64) -> Self {
        self.span.attributes.push(attribute(key, Value::IntValue(value)));
        self
    }

    pub(crate) fn link(mut self, trace: [u8; 16], id: u8) -> Self {
        self.span.links.push(Link { trace_id: trace.to_vec(), span_id: vec![id; 8], ..Link::default() });
        self
    }

    pub(crate) fn event(mut self, name: &str, after_us: u64) -> Self {
        let time_unix_nano = self.span.start_time_unix_nano + after_us * 1_000;
        self.span.events.push(Event { name: name.into(), time_unix_nano, ..Event::default() });
        self
    }

    pub(crate) fn failed(mut self, error_type: &str, message: &str) -> Self {
        self.span.status = Some(Status { message: message.into(), code: StatusCode::Error as i32 });
        self.with("error.type", error_type)
    }
}

/// One export: spans under the resources of their services.
pub(crate) fn export(spans: impl IntoIterator<Item = Made>) -> ExportTraceServiceRequest {
    let mut resource_spans: Vec<ResourceSpans> = Vec::new();
    for Made { service, span } in spans {
        let resource = Some(resource(service));
        let at = resource_spans.iter().position(|r| r.resource == resource).unwrap_or(resource_spans.len());
        if at == resource_spans.len() {
            let scope_spans = vec![ScopeSpans { scope: Some(scope()), ..ScopeSpans::default() }];
            resource_spans.push(ResourceSpans { resource, scope_spans, ..ResourceSpans::default() });
        }
        resource_spans[at].scope_spans[0].spans.push(span);
    }
    ExportTraceServiceRequest { resource_spans }
}

/// Log records of one service.
pub(crate) fn log_export(service: &str, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs { scope: Some(scope()), log_records, ..ScopeLogs::default() }];
    let resource = Some(resource(service));
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }],
    }
}

/// A log record inside a span.
pub(crate) fn record(at_ns: u64, severity: i32, body: &str, of: ([u8; 16], u8)) -> LogRecord {
    LogRecord {
        time_unix_nano: at_ns,
        severity_number: severity,
        body: Some(AnyValue { value: Some(Value::StringValue(body.into())) }),
        trace_id: of.0.to_vec(),
        span_id: vec![of.1; 8],
        attributes: vec![text("muster.game.id", GAME)],
        ..LogRecord::default()
    }
}

/// Metrics of one service.
pub(crate) fn metric_export(service: &str, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }];
    let resource = Some(resource(service));
    let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }
}

/// A counter's value at a moment.
pub(crate) fn counter(name: &str, at_ns: u64, value: i64, attributes: &[(&str, &str)]) -> Metric {
    let point = NumberDataPoint {
        attributes: attributes.iter().map(|(key, value)| text(key, value)).collect(),
        start_time_unix_nano: 1,
        time_unix_nano: at_ns,
        value: Some(number_data_point::Value::AsInt(value)),
        ..NumberDataPoint::default()
    };
    let data = Sum {
        data_points: vec![point],
        aggregation_temporality: AggregationTemporality::Cumulative as i32,
        is_monotonic: true,
    };
    Metric { name: name.into(), unit: "{change}".into(), data: Some(Data::Sum(data)), ..Metric::default() }
}

/// A histogram's buckets at a moment; bounds are 5 ms, 50 ms, 500 ms.
pub(crate) fn histogram(name: &str, at_ns: u64, counts: [u64; 4], attributes: &[(&str, &str)]) -> Metric {
    let point = HistogramDataPoint {
        attributes: attributes.iter().map(|(key, value)| text(key, value)).collect(),
        start_time_unix_nano: 1,
        time_unix_nano: at_ns,
        count: counts.iter().sum(),
        sum: Some(1.0),
        bucket_counts: counts.to_vec(),
        explicit_bounds: vec![0.005, 0.05, 0.5],
        ..HistogramDataPoint::default()
    };
    let aggregation_temporality = AggregationTemporality::Cumulative as i32;
    let data = Histogram { data_points: vec![point], aggregation_temporality };
    Metric { name: name.into(), unit: "s".into(), data: Some(Data::Histogram(data)), ..Metric::default() }
}

/// A game is created through the API and announced by the bot.
#[rustfmt::skip]
pub(crate) fn created(at: u64) -> Vec<Made> {
    let insert = "INSERT INTO games (id, guild_id, title, starts_at) VALUES ($1, $2, $3, $4)";
    vec![
        span(API, CREATED, 1, 0, "POST /api/v1/games")
            .kind(SpanKind::Server)
            .at(at, 0, 21_400)
            .with("http.request.method", "POST")
            .with("http.route", "/api/v1/games")
            .number("http.response.status_code", 201),
        span(API, CREATED, 2, 1, "games.create")
            .at(at, 900, 20_100)
            .with("muster.action", "games.create")
            .with("muster.game.id", GAME),
        span(API, CREATED, 3, 2, "INSERT games")
            .kind(SpanKind::Client)
            .at(at, 2_100, 4_300)
            .with("db.system.name", "sqlite")
            .with("db.query.text", insert),
        span(API, CREATED, 4, 2, "INSERT outbox")
            .kind(SpanKind::Client)
            .at(at, 4_400, 5_000)
            .with("db.system.name", "sqlite")
            .with("db.query.text", "INSERT INTO outbox (id, event, body) VALUES ($1, $2, $3)"),
        span(API, CREATED, 5, 2, "publish muster.events")
            .kind(SpanKind::Producer)
            .at(at, 22_000, 22_900)
            .with("messaging.system", "muster")
            .with("messaging.rabbitmq.destination.routing_key", "game.created"),
        span(BOT, CREATED, 6, 5, "process muster.bot")
            .kind(SpanKind::Consumer)
            .at(at, 23_500, 181_000)
            .with("messaging.rabbitmq.destination.routing_key", "game.created")
            .with("muster.game.id", GAME),
        span(BOT, CREATED, 7, 6, "SELECT games")
            .kind(SpanKind::Client)
            .at(at, 24_200, 25_900)
            .with("db.query.text", "SELECT id, title, starts_at FROM games WHERE id = $1"),
        span(BOT, CREATED, 8, 6, "POST /channels/{channel.id}/messages")
            .kind(SpanKind::Client)
            .at(at, 27_000, 176_000)
            .with("http.request.method", "POST")
            .number("http.response.status_code", 200)
            .with("discord.rate_limit.bucket", "4f1")
            .event("rate_limit.wait", 40_000),
        span(BOT, CREATED, 9, 6, "UPDATE games")
            .kind(SpanKind::Client)
            .at(at, 177_000, 179_500)
            .with("db.query.text", "UPDATE games SET message_id = $1 WHERE id = $2"),
    ]
}

/// Somebody joins by the button: the card follows.
#[rustfmt::skip]
pub(crate) fn joined(trace: [u8; 16], at: u64, slow_us: u64) -> Vec<Made> {
    vec![
        span(BOT, trace, 0x41, 0, "discord.interaction join").kind(SpanKind::Server).at(at, 0, 3 * slow_us + 9_000)
            .with("discord.interaction.type", "component").with("muster.game.id", GAME),
        span(BOT, trace, 0x42, 0x41, "games.join").at(at, 400, 2 * slow_us + 4_000).with("outcome", "confirmed"),
        span(BOT, trace, 0x43, 0x42, "INSERT participants").kind(SpanKind::Client).at(at, 900, slow_us + 900)
            .with("db.query.text", "INSERT INTO participants (game_id, user_id, seat) VALUES ($1, $2, $3)"),
        span(BOT, trace, 0x44, 0x42, "publish muster.events").kind(SpanKind::Producer).at(at, 2 * slow_us + 4_200, 2 * slow_us + 5_000)
            .with("messaging.rabbitmq.destination.routing_key", "participant.joined"),
        span(API, trace, 0x45, 0x44, "process muster.web").kind(SpanKind::Consumer).at(at, 2 * slow_us + 5_400, 3 * slow_us + 8_000)
            .with("messaging.rabbitmq.destination.routing_key", "participant.joined"),
    ]
}

/// The reminder comes due; one recipient has closed direct messages.
#[rustfmt::skip]
pub(crate) fn reminded(at: u64) -> Vec<Made> {
    vec![
        span(NOTIFICATION, REMINDED, 0x21, 0, "notification.dispatch")
            .kind(SpanKind::Consumer)
            .at(at, 0, 9_000)
            .with("muster.game.id", GAME)
            .with("muster.notification.kind", "reminder")
            .number("muster.notification.lateness_ms", 84)
            .link(CREATED, 2),
        span(NOTIFICATION, REMINDED, 0x22, 0x21, "publish muster.events")
            .kind(SpanKind::Producer)
            .at(at, 6_000, 7_000)
            .with("messaging.rabbitmq.destination.routing_key", "notification.reminder"),
        span(BOT, REMINDED, 0x23, 0x22, "process muster.bot")
            .kind(SpanKind::Consumer)
            .at(at, 7_800, 190_000)
            .with("messaging.rabbitmq.destination.routing_key", "notification.reminder"),
        span(BOT, REMINDED, 0x24, 0x23, "delivery.send reminder")
            .at(at, 9_000, 96_000)
            .with("muster.game.id", GAME),
        span(BOT, REMINDED, 0x25, 0x24, "POST /channels/{channel.id}/messages")
            .kind(SpanKind::Client)
            .at(at, 12_000, 95_000)
            .number("http.response.status_code", 200),
        span(BOT, REMINDED, 0x26, 0x23, "delivery.send reminder")
            .at(at, 97_000, 188_000)
            .with("muster.game.id", GAME),
        span(BOT, REMINDED, 0x27, 0x26, "POST /channels/{channel.id}/messages")
            .kind(SpanKind::Client)
            .at(at, 99_000, 187_000)
            .number("http.response.status_code", 403)
            .number("discord.error.code", 50_007)
            .failed("50007", "Cannot send messages to this user"),
    ]
}

/// The game starts; the cycle that asked for it has not ended yet.
#[rustfmt::skip]
pub(crate) fn started(trace: [u8; 16], at: u64) -> Vec<Made> {
    vec![
        span(STATUS, trace, 0x31, 0x30, "status_transition.apply")
            .kind(SpanKind::Consumer)
            .at(at, 0, 6_000)
            .with("muster.game.id", GAME)
            .with("muster.transition.old_status", "scheduled")
            .with("muster.transition.new_status", "in_progress"),
        span(STATUS, trace, 0x32, 0x31, "UPDATE games")
            .kind(SpanKind::Client)
            .at(at, 1_000, 2_500)
            .with("db.query.text", "UPDATE games SET status = $1 WHERE id = $2"),
    ]
}

fn resource(service: &str) -> Resource {
    let attributes = vec![
        text("service.name", service),
        text("service.namespace", "muster"),
        text("service.instance.id", "0b9d6a42-94c4-4b0e-9f52-6cf0f5a9d001"),
    ];
    Resource { attributes, ..Resource::default() }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope { name: "muster".into(), version: "0.1.0".into(), ..InstrumentationScope::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
