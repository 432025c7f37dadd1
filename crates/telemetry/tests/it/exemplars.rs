//! The way from a point of a metric to a trace.

use std::collections::BTreeSet;
use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::exemplar::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, HistogramDataPoint};
use telemetry::{
    Database, DbSystem, ExemplarFilter, HttpClient, HttpServer, MessagingSystem, Process, Publish, Sampling,
    ServiceName, Statement, Telemetry, TelemetryConfig, TraceContext, Verb,
};

use crate::receiver::{Receiver, config};

const ACK: &str = "muster.interaction.ack.duration";

/// The last point of the histogram that arrived, and the spans.
fn last_point(receiver: &Receiver) -> HistogramDataPoint {
    let arrived = receiver.arrived();
    let metric = arrived.metrics.iter().rev().map(|(_, metric)| metric).find(|metric| metric.name == ACK);
    match metric.and_then(|metric| metric.data.clone()) {
        Some(Data::Histogram(histogram)) => histogram.data_points[0].clone(),
        other => panic!("no histogram: {other:?}"),
    }
}

fn value(exemplar: &Exemplar) -> f64 {
    match exemplar.value {
        Some(Value::AsDouble(value)) => value,
        _ => f64::NAN,
    }
}

/// Three answers, two of them in the same bucket.
fn answer(telemetry: &Telemetry) {
    for (verb, millis) in [("games.join", 3), ("games.leave", 4), ("games.create", 700)] {
        let verb = telemetry.verb(Verb { name: verb });
        verb.in_scope(|| telemetry.metrics().ack("component", Duration::from_millis(millis)));
    }
}

async fn arrived_with(change: impl FnOnce(&mut TelemetryConfig)) -> (Receiver, Telemetry) {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    change(&mut config);
    let telemetry = Telemetry::init(ServiceName::Bot, &config).expect("telemetry starts");
    answer(&telemetry);
    telemetry.force_flush().await.expect("the receiver answers");
    (receiver, telemetry)
}

#[tokio::test]
async fn a_bucket_leads_to_a_span_that_fell_into_it() {
    let (receiver, telemetry) = arrived_with(|_| {}).await;

    let point = last_point(&receiver);
    let mut leads: Vec<(f64, String)> = Vec::new();
    for exemplar in &point.exemplars {
        let arrived = receiver.arrived();
        let span = arrived.spans.iter().find(|(_, span)| span.span_id == exemplar.span_id);
        let (_, span) = span.expect("it leads to a span that was exported");
        assert_eq!(span.trace_id, exemplar.trace_id);
        assert!(exemplar.time_unix_nano >= span.start_time_unix_nano);
        leads.push((value(exemplar), span.name.clone()));
    }
    assert_eq!(leads, [(0.003, "games.join".to_owned()), (0.7, "games.create".to_owned())]);

    telemetry.force_flush().await.expect("the receiver answers");
    assert!(last_point(&receiver).exemplars.is_empty(), "an exemplar is told once");
    answer(&telemetry);
    telemetry.force_flush().await.expect("the receiver answers");
    assert_eq!(last_point(&receiver).exemplars.len(), 2);
}

const SELECT: Statement =
    Statement { summary: "SELECT games", operation: "SELECT", collection: Some("games"), text: "SELECT 1" };

/// One span of each kind that is measured.
fn serve(telemetry: &Telemetry) {
    let (system, nowhere) = (MessagingSystem::InProcess, TraceContext::default());
    let request = HttpServer { method: "GET", route: Some("/"), path: "/", scheme: "http", link: None };
    telemetry.http_server(request).in_scope(|| {
        drop(telemetry.database(Database {
            system: DbSystem::Sqlite,
            namespace: "muster",
            statement: &SELECT,
        }));
        let url = "http://discord.test/gateway";
        let call = HttpClient { method: "GET", template: "/gateway", server: "discord.test", port: 80, url };
        telemetry.http_client(call).response(200);
        let (routing_key, message_id) = ("game.created", "m1");
        let publish = Publish { system, exchange: "muster.events", routing_key, message_id, body_bytes: 1 };
        let published = telemetry.publish(publish, &nowhere).trace_context();
        let process = Process { system, queue: "muster.bot", routing_key, message_id, delivery_tag: 1 };
        drop(telemetry.process(process, &published));
        telemetry.metrics().game_changed("created", "api");
    });
}

#[tokio::test]
async fn the_durations_of_spans_lead_to_spans_of_their_kind() {
    let receiver = Receiver::listen();
    let telemetry = Telemetry::init(ServiceName::Bot, &config(receiver.url())).expect("telemetry starts");

    serve(&telemetry);
    telemetry.force_flush().await.expect("the receiver answers");

    let arrived = receiver.arrived();
    let mut leads = BTreeSet::new();
    for (_, metric) in &arrived.metrics {
        let exemplars: Vec<&Exemplar> = match &metric.data {
            Some(Data::Histogram(it)) => it.data_points.iter().flat_map(|point| &point.exemplars).collect(),
            Some(Data::Sum(it)) => it.data_points.iter().flat_map(|point| &point.exemplars).collect(),
            _ => continue,
        };
        for exemplar in exemplars {
            let found = arrived.spans.iter().find(|(_, span)| span.span_id == exemplar.span_id);
            let (_, span) = found.expect("it leads to a span that was exported");
            leads.insert(format!("{} -> {}", metric.name, span.name));
        }
    }
    insta::assert_snapshot!(leads.into_iter().collect::<Vec<_>>().join("\n"), @"
    db.client.operation.duration -> SELECT games
    http.client.request.duration -> GET /gateway
    http.server.request.duration -> GET /
    messaging.client.consumed.messages -> process muster.bot
    messaging.client.operation.duration -> publish muster.events
    messaging.client.sent.messages -> publish muster.events
    messaging.process.duration -> process muster.bot
    muster.games.changes -> GET /
    ");
}

#[tokio::test]
async fn what_is_not_sampled_leads_nowhere() {
    let none = Sampling { ratio: 0.0, parent_based: true };
    let (receiver, _) = arrived_with(|config| config.sampling = none).await;

    assert_eq!(last_point(&receiver).count, 3);
    assert!(last_point(&receiver).exemplars.is_empty());
}

#[tokio::test]
async fn the_filter_is_honoured() {
    let (off, _) = arrived_with(|config| config.exemplars = ExemplarFilter::AlwaysOff).await;
    let (on, telemetry) = arrived_with(|config| {
        config.exemplars = ExemplarFilter::AlwaysOn;
        config.sampling.ratio = 0.0;
    })
    .await;

    assert!(last_point(&off).exemplars.is_empty());
    assert_eq!(last_point(&on).exemplars.len(), 2);
    telemetry.metrics().ack("component", Duration::from_secs(100));
    telemetry.force_flush().await.expect("the receiver answers");
    let outside = last_point(&on).exemplars;
    assert_eq!((outside.len(), outside[0].span_id.len()), (1, 0), "a measurement outside of any span");
}
