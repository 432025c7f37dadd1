//! What comes in by which door.

use opentelemetry_proto::tonic::collector::{
    metrics::v1::{ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient},
    trace::v1::{ExportTraceServiceResponse, trace_service_client::TraceServiceClient},
};
use prost::Message as _;
use serde_json::json;
use tonic::codec::CompressionEncoding;

use crate::{
    harness::{JSON, PROTOBUF, World, gzip},
    story::{self, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;

async fn span_count(world: &World) -> usize {
    let id = hex::encode(CREATED);
    world.read(&format!("traces/{id}")).await["spans"].as_array().unwrap().len()
}

#[tokio::test]
async fn protobuf_over_http() {
    let world = World::start().await;
    let answer = world.send("traces", &story::export(story::created(AT))).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, PROTOBUF));
    assert_eq!(
        ExportTraceServiceResponse::decode(&*answer.body).unwrap(),
        ExportTraceServiceResponse::default()
    );
    assert_eq!(span_count(&world).await, 9);
    world.stop().await;
}

#[tokio::test]
async fn json_over_http() {
    let world = World::start().await;
    let body = serde_json::to_vec(&story::export(story::created(AT))).unwrap();
    let answer = world.post("traces", &[("content-type", "application/json; charset=utf-8")], body).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, JSON));
    assert_eq!(answer.text(), "{}");
    assert_eq!(span_count(&world).await, 9);
}

#[tokio::test]
async fn gzip_over_http() {
    let world = World::start().await;
    let body = gzip(&story::export(story::created(AT)).encode_to_vec());
    let answer =
        world.post("traces", &[("content-type", PROTOBUF), ("content-encoding", "gzip")], body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(span_count(&world).await, 9);
}

#[tokio::test]
async fn grpc_with_and_without_gzip() {
    let world = World::start().await;
    let address = format!("http://{}", world.collector.grpc_address());
    let mut traces = TraceServiceClient::connect(address.clone()).await.unwrap();
    let answer = traces.export(story::export(story::created(AT))).await.unwrap();
    assert_eq!(answer.into_inner(), ExportTraceServiceResponse::default());
    assert_eq!(span_count(&world).await, 9);

    let metrics = MetricsServiceClient::connect(address).await.unwrap();
    let mut metrics =
        metrics.send_compressed(CompressionEncoding::Gzip).accept_compressed(CompressionEncoding::Gzip);
    let counter = story::counter("muster.games.changes", AT, 3, &[("action", "created")]);
    metrics.export(story::metric_export(story::API, vec![counter])).await.unwrap();
    let names = world.read("metrics").await;
    assert_eq!(names[0]["name"], "muster.games.changes");
    drop((traces, metrics));
    world.stop().await;
}

#[tokio::test]
async fn malformed_spans_are_rejected_one_by_one() {
    let world = World::start().await;
    let mut export = story::export(story::created(AT));
    let spans = &mut export.resource_spans[0].scope_spans[0].spans;
    spans[1].trace_id = vec![1; 15];
    spans[2].span_id = vec![0; 8];
    let answer = world.send("traces", &export).await;
    assert_eq!(answer.status, 200);
    let partial = ExportTraceServiceResponse::decode(&*answer.body).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 2);
    insta::assert_snapshot!(
        partial.error_message,
        @"2 rejected, the first because trace_id is not 16 bytes that are not all zero"
    );
    assert_eq!(span_count(&world).await, 7);

    let spans = &mut export.resource_spans[0].scope_spans[0].spans;
    spans.truncate(2);
    export.resource_spans.truncate(1);
    let body = serde_json::to_vec(&export).unwrap();
    let answer = world.post("traces", &[("content-type", JSON)], body).await;
    assert_eq!(answer.json()["partialSuccess"]["rejectedSpans"], "1");
}

#[tokio::test]
async fn malformed_points_and_records_are_rejected_one_by_one() {
    let world = World::start().await;
    let good = story::histogram("http.server.request.duration", AT, [1, 2, 3, 0], &[]);
    let mut nameless = good.clone();
    nameless.name.clear();
    let answer = world.send("metrics", &story::metric_export(story::API, vec![good, nameless])).await;
    assert_eq!(answer.status, 200);
    let mut bad = story::record(AT, 9, "who sent this", (CREATED, 1));
    bad.span_id = vec![1, 2, 3];
    let good = story::record(AT, 9, "game created", (CREATED, 1));
    let answer = world.send("logs", &story::log_export(story::API, vec![bad, good])).await;
    assert_eq!(answer.status, 200);

    let health = world.read("health").await;
    let fates = |signal: usize| {
        let of = &health["signals"][signal];
        json!([of["signal"], of["received"], of["stored"], of["rejected"]])
    };
    assert_eq!(fates(1), json!(["metrics", 2, 1, 1]));
    assert_eq!(fates(2), json!(["logs", 2, 1, 1]));
}

#[tokio::test]
async fn a_repeated_export_is_stored_once() {
    let world = World::start().await;
    let export = story::export(story::created(AT));
    world.send("traces", &export).await;
    world.send("traces", &export).await;
    assert_eq!(span_count(&world).await, 9);
    let health = world.read("health").await;
    assert_eq!(health["signals"][0]["duplicate"], 9);
    assert_eq!(health["signals"][0]["queued"], 0);
}

#[tokio::test]
async fn an_empty_export_is_fine() {
    let world = World::start().await;
    let answer = world.send("metrics", &ExportMetricsServiceRequest::default()).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
}

#[tokio::test]
async fn logs_are_found_by_their_words() {
    let world = World::start().await;
    let records = vec![
        story::record(AT, 9, "announcement posted", (CREATED, 6)),
        story::record(AT + 1, 13, "recipient has closed direct messages", (CREATED, 6)),
    ];
    world.send("logs", &story::log_export(story::BOT, records)).await;
    let found = world.read("logs?q=closed+direct").await;
    // A whole build may have serde_json keep the order of insertion.
    insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(found, @r#"
        [
          {
            "attributes": {
              "muster.game.id": "019a9c3e-7d10-7000-8000-00000000001a"
            },
            "body": "recipient has closed direct messages",
            "event_name": "",
            "service": "bot-service",
            "severity": "warn",
            "severity_number": 13,
            "span_id": "0606060606060606",
            "time_unix_nano": "1777660200000000001",
            "trace_id": "4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b"
          }
        ]
        "#); });
    assert_eq!(world.read("logs?q=messages+announcement").await, json!([]));
    assert_eq!(
        world.read(&format!("logs?trace_id={}", hex::encode(CREATED))).await.as_array().unwrap().len(),
        2
    );
    assert_eq!(world.read("logs?severity=warn").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn ten_thousand_spans_are_all_there() {
    let world = World::start().await;
    for hundred in 0..10_u8 {
        let spans = (0..1_000_u64).map(|nth| {
            let mut made =
                story::span(story::API, [hundred + 1; 16], 1, 0, "GET /api/v1/games").at(AT, nth, nth + 1);
            made.set_id(nth + 1);
            made
        });
        assert_eq!(world.send("traces", &story::export(spans)).await.status, 200);
    }
    let health = world.read("health").await;
    let traces = &health["signals"][0];
    assert_eq!((&traces["received"], &traces["stored"]), (&json!(10_000), &json!(10_000)));
}
