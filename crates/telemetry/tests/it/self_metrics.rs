//! What telemetry says of itself arrives like everything else.

use axum::http::StatusCode;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use telemetry::{Batching, ServiceName, Telemetry, Verb};

use crate::receiver::{Behaviour, Receiver, config};

fn shown(attributes: &[KeyValue]) -> String {
    let text = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) if attribute.key == "server.address" => format!("on {text}"),
        Some(Value::StringValue(text)) => text.clone(),
        _ => String::new(),
    };
    let mut texts: Vec<String> =
        attributes.iter().filter(|attribute| attribute.key != "otel.component.type").map(text).collect();
    texts.retain(|text| !text.is_empty());
    texts.sort();
    texts.join(", ")
}

/// The points of `otel.sdk.*` that arrived last, as `name{attributes} = value`.
fn last_report(receiver: &Receiver) -> String {
    let arrived = receiver.arrived();
    let mut lines = std::collections::BTreeMap::new();
    for (_, metric) in arrived.metrics.iter().filter(|(_, metric)| metric.name.starts_with("otel.sdk.")) {
        match metric.data.as_ref() {
            Some(Data::Sum(sum)) => {
                for point in &sum.data_points {
                    let value = match point.value {
                        Some(Number::AsInt(value)) => value,
                        _ => -1,
                    };
                    lines.insert(
                        format!("{}{{{}}}", metric.name, shown(&point.attributes)),
                        value.to_string(),
                    );
                }
            }
            Some(Data::Histogram(histogram)) => {
                for point in &histogram.data_points {
                    let times = format!("{} times", point.count);
                    lines.insert(format!("{}{{{}}}", metric.name, shown(&point.attributes)), times);
                }
            }
            other => panic!("{}: {other:?}", metric.name),
        }
    }
    lines.into_iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_books_are_told_by_the_names_of_the_conventions() {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    "off".clone_into(&mut config.log_filter);
    config.span_batches = Batching { queue_items: 5, batch_items: 5, ..Batching::default() };
    config.span_batches.delay *= 1_000;
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");
    let spans = |count| (0..count).for_each(|_| drop(telemetry.verb(Verb { name: "games.create" })));

    receiver.behave(Behaviour::RejectSpans(1));
    spans(3);
    telemetry.force_flush().await.expect_err("one is rejected");
    receiver.behave(Behaviour::Answer(StatusCode::UNAUTHORIZED, vec![]));
    spans(2);
    telemetry.force_flush().await.expect_err("all are refused");
    receiver.behave(Behaviour::Take);
    spans(4);
    telemetry.force_flush().await.expect("all are taken");
    telemetry.force_flush().await.expect("nothing is left");

    let report = last_report(&receiver);
    // How many data points there are at the time of a flush is a matter of who comes first.
    let (metrics, others): (Vec<&str>, Vec<&str>) = report.lines().partition(|line| line.contains("metric"));
    assert!(metrics.iter().any(|line| line.contains("metric_data_point.exported{401, ")), "{metrics:?}");
    insta::assert_snapshot!(others.join("\n"), @"
    otel.sdk.exporter.log.exported{on 127.0.0.1, otlp_http_log_exporter/0} = 0
    otel.sdk.exporter.log.inflight{on 127.0.0.1, otlp_http_log_exporter/0} = 0
    otel.sdk.exporter.operation.duration{401, on 127.0.0.1, otlp_http_span_exporter/0} = 1 times
    otel.sdk.exporter.operation.duration{on 127.0.0.1, otlp_http_span_exporter/0} = 2 times
    otel.sdk.exporter.span.exported{401, on 127.0.0.1, otlp_http_span_exporter/0} = 2
    otel.sdk.exporter.span.exported{on 127.0.0.1, otlp_http_span_exporter/0, rejected} = 1
    otel.sdk.exporter.span.exported{on 127.0.0.1, otlp_http_span_exporter/0} = 6
    otel.sdk.exporter.span.inflight{on 127.0.0.1, otlp_http_span_exporter/0} = 0
    otel.sdk.processor.log.processed{batching_log_processor/0} = 0
    otel.sdk.processor.log.queue.capacity{batching_log_processor/0} = 8192
    otel.sdk.processor.log.queue.size{batching_log_processor/0} = 0
    otel.sdk.processor.span.processed{batching_span_processor/0} = 9
    otel.sdk.processor.span.queue.capacity{batching_span_processor/0} = 5
    otel.sdk.processor.span.queue.size{batching_span_processor/0} = 0
    ");
}

#[tokio::test]
async fn what_a_full_queue_drops_is_told_by_its_error_type() {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    config.span_batches = Batching { queue_bytes: 1, ..Batching::default() };
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    drop(telemetry.verb(Verb { name: "games.create" }));
    telemetry.force_flush().await.expect("nothing is lost on the way");

    let report = last_report(&receiver);
    let line = "otel.sdk.processor.span.processed{batching_span_processor/0, queue_full} = 1";
    assert!(report.lines().any(|found| found == line), "{report}");
}
