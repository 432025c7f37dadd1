//! The way from a point of a metric to a trace.

use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::exemplar::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, HistogramDataPoint};
use telemetry::{ExemplarFilter, Sampling, ServiceName, Telemetry, TelemetryConfig, Verb};

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
