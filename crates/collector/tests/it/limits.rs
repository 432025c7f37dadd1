//! What is refused, and in which words.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::collector::{
    logs::v1::logs_service_client::LogsServiceClient, trace::v1::trace_service_client::TraceServiceClient,
};
use prost::Message as _;
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use tonic::{Code, codec::CompressionEncoding, metadata::MetadataValue};

use crate::{
    harness::{self, JSON, PROTOBUF, World, gzip, is_alone},
    story::{self, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;
const QUEUE_ITEMS: usize = 65_536;

/// Zeros that fit on the wire and inflate to 64 MiB.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let mebibyte = vec![0; 1 << 20];
    for _ in 0..64 {
        encoder.write_all(&mebibyte).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn bombs_and_whales_are_too_large() {
    let world = World::start().await;
    let answer = world.post("traces", &[("content-type", JSON), ("content-encoding", "gzip")], bomb()).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (413, JSON));
    assert_eq!(
        answer.json(),
        json!({"code": 3, "message": "the body inflates to more than 16777216 bytes", "details": []})
    );
    let answer = world.post("logs", &[("content-type", JSON)], vec![b' '; (4 << 20) + 1]).await;
    assert_eq!(answer.status, 413);
    let health = world.read("health").await;
    assert_eq!(health["signals"][0]["unreadable_requests"], 1);
    assert_eq!(health["signals"][2]["unreadable_requests"], 1);
}

#[tokio::test]
async fn a_bomb_over_grpc_is_refused_too() {
    let world = World::start().await;
    let address = format!("http://{}", world.collector.grpc_address());
    let client = TraceServiceClient::connect(address).await.unwrap();
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let mut client = client.clone().send_compressed(encoding);
        let span = story::span(story::API, CREATED, 1, 0, &" ".repeat(17 << 20)).at(AT, 0, 1);
        let status = client.export(story::export([span])).await.unwrap_err();
        assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{status:?}");
        assert_eq!(world.collector.health().signals[0].received, 0);
    }
}

/// A field of protobuf that has a length.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![tag << 3 | 2];
    prost::encode_length_delimiter(bytes.len(), &mut field).unwrap();
    field.extend_from_slice(bytes);
    field
}

/// The most memory that this process ever had.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

#[tokio::test]
async fn millions_of_empty_items_are_refused_before_they_are_made() {
    // Others would take memory at the same time.
    if !is_alone("limits::millions_of_empty_items_are_refused_before_they_are_made").await {
        return;
    }
    let world = World::start().await;
    let before = peak_mebibytes();
    // Eight million log records, each of two bytes.
    let records = field(1, &field(2, &[2 << 3 | 2, 0].repeat(8_000_000)));
    let bomb = zstd::encode_all(&*records, 1).unwrap();
    drop(records);
    assert!(bomb.len() < 10_000, "{}", bomb.len());
    let post = async |kind: &str, body: Vec<u8>| {
        world.post("logs", &[("content-type", kind), ("content-encoding", "zstd")], body).await
    };
    let answer = post(PROTOBUF, bomb).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    let records = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{}}{}]}}]}}]}}"#,
        ",{}".repeat(5_000_000)
    );
    let bomb = zstd::encode_all(records.as_bytes(), 1).unwrap();
    drop(records);
    assert_eq!(post(JSON, bomb).await.status, 413);
    // Fewer, and texts: each of these becomes many times what it is.
    let records =
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{}}{}]}}]}}]}}"#, ",{}".repeat(700_000));
    assert_eq!(post(JSON, zstd::encode_all(records.as_bytes(), 1).unwrap()).await.status, 413);
    let texts = format!(
        r#"{{"resourceLogs":[{{"resource":{{"entityRefs":[{{"idKeys":[""{}]}}]}}}}]}}"#,
        ",\"\"".repeat(5_000_000)
    );
    assert_eq!(post(JSON, zstd::encode_all(texts.as_bytes(), 1).unwrap()).await.status, 413);
    drop((records, texts));
    assert!(peak_mebibytes() - before < 100, "{} of {before}", peak_mebibytes());

    // Few enough bytes, but more than ever wait.
    let many = vec![opentelemetry_proto::tonic::logs::v1::LogRecord::default(); QUEUE_ITEMS + 1];
    let many = story::log_export(story::API, many);
    assert_eq!(world.send("logs", &many).await.status, 413);
    let address = format!("http://{}", world.collector.grpc_address());
    let mut client = LogsServiceClient::connect(address).await.unwrap();
    let status = client.export(many).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let logs = world.collector.health().signals[2];
    assert_eq!((logs.received, logs.unreadable_requests), (0, 6));
}

/// Numbers that look like chance and are the same each time (Marsaglia's xorshift).
fn scatter(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    usize::try_from(*seed >> 33).unwrap()
}

#[tokio::test]
async fn half_valid_payloads_are_refused_or_kept_and_counted() {
    let world = World::start().await;
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let counter = story::counter("muster.games.changes", AT, 3, &[("action", "created")]);
    let histogram = story::histogram("http.server.request.duration", AT, [7, 2, 1, 0], &[("a", "b")]);
    let record = story::record(AT, 9, "said", (CREATED, 1));
    let whole = [
        ("traces", story::export(story::created(AT)).encode_to_vec()),
        ("metrics", story::metric_export(story::API, vec![counter, histogram]).encode_to_vec()),
        ("logs", story::log_export(story::API, vec![record]).encode_to_vec()),
    ];
    let mut taken = 0;
    for nth in 0..600 {
        let (signal, mut body) = whole[nth % 3].clone();
        for _ in 0..=scatter(&mut seed) % 4 {
            let at = scatter(&mut seed) % body.len();
            body[at] ^= 1 << (scatter(&mut seed) % 8);
        }
        if scatter(&mut seed).is_multiple_of(4) {
            body.truncate(scatter(&mut seed) % body.len());
        }
        let status = world.post(signal, &[("content-type", PROTOBUF)], body).await.status.as_u16();
        assert!([200, 400].contains(&status), "{nth}: {status}");
        taken += u32::from(status == 200);
    }
    assert!((50..550).contains(&taken), "{taken}");
    world.collector.flush().await;
    let unreadable: u64 =
        world.collector.health().signals.iter().map(|counts| counts.unreadable_requests).sum();
    assert_eq!(unreadable, u64::from(600 - taken));
    for page in ["", "/traces", "/logs", "/metrics", "/games"] {
        assert_eq!(world.get(&format!("/observatory{page}")).await.status, 200, "{page}");
    }
    world.stop().await;
}

#[tokio::test]
async fn over_grpc_the_wire_and_the_messages_are_bounded_too() {
    let world = World::start().await;
    let address = format!("http://{}", world.collector.grpc_address());
    let mut client = TraceServiceClient::connect(address).await.unwrap();
    let whale = story::span(story::API, CREATED, 1, 0, &" ".repeat(5 << 20)).at(AT, 0, 1);
    let status = client.export(story::export([whale])).await.unwrap_err();
    assert_eq!(status.message(), "the body has more than 4194304 bytes", "{status:?}");

    let mut bomb = story::export(story::created(AT));
    bomb.resource_spans[0].scope_spans[0].spans[0].links =
        vec![opentelemetry_proto::tonic::trace::v1::span::Link::default(); 1_000_000];
    let status = client.export(bomb).await.unwrap_err();
    assert_eq!(status.message(), "the body holds more messages than fit into 100663296 bytes", "{status:?}");
    let traces = world.collector.health().signals[0];
    assert_eq!((traces.received, traces.unreadable_requests), (0, 2));
    client.export(story::export(story::created(AT))).await.unwrap();
    assert_eq!(world.read("health").await["signals"][0]["stored"], 9);
}

#[tokio::test]
async fn zstandard_is_read_and_bounded_like_gzip() {
    let world = World::start().await;
    let post = async |body: Vec<u8>| {
        world.post("traces", &[("content-type", JSON), ("content-encoding", "zstd")], body).await.status
    };
    let export = serde_json::to_vec(&story::export(story::created(AT))).unwrap();
    let whole = zstd::encode_all(&export[..], 3).unwrap();
    assert_eq!(post(whole.clone()).await, 200);
    assert_eq!(world.collector.health().signals[0].received, 9);
    assert_eq!(post(whole[..whole.len() - 1].to_vec()).await, 400, "its end is missing");
    assert_eq!(post(b"not zstd".to_vec()).await, 400);
    assert_eq!(post(zstd::encode_all(&vec![b' '; 64 << 20][..], 3).unwrap()).await, 413);
    let two_frames =
        [zstd::encode_all(&export[..40], 3).unwrap(), zstd::encode_all(&export[40..], 3).unwrap()];
    assert_eq!(post(two_frames.concat()).await, 200);

    let address = format!("http://{}", world.collector.grpc_address());
    let client = TraceServiceClient::connect(address).await.unwrap();
    let mut client = client.send_compressed(CompressionEncoding::Zstd);
    client.export(story::export(story::created(AT))).await.unwrap();
    assert_eq!(world.collector.health().signals[0].received, 27);
}

#[tokio::test]
async fn what_is_not_otlp_is_a_bad_request() {
    let world = World::start().await;
    let post =
        async |headers: &[(&str, &str)], body: &[u8]| world.post("traces", headers, body.into()).await.status;
    assert_eq!(post(&[("content-type", JSON)], b"{\"resourceSpans\": 7}").await, 400);
    assert_eq!(post(&[("content-type", PROTOBUF)], b"\xff\xff").await, 400);
    assert_eq!(post(&[("content-type", PROTOBUF), ("content-encoding", "gzip")], b"not gzip").await, 400);
    let cut = &gzip(b"{}")[..12];
    assert_eq!(post(&[("content-type", JSON), ("content-encoding", "gzip")], cut).await, 400);
    assert_eq!(post(&[("content-type", "text/plain")], b"{}").await, 415);
    assert_eq!(post(&[("content-type", JSON), ("content-encoding", "br")], b"{}").await, 415);
    assert_eq!(post(&[], b"").await, 415);
}

#[tokio::test]
async fn a_full_queue_asks_to_come_back_and_loses_nothing_it_took() {
    let world = World::start().await;
    // Somebody else holds the file, so that nothing leaves the queue.
    let path = format!("sqlite://{}", world.folder.path().join("telemetry.db").display());
    let mut other = SqliteConnection::connect(&path).await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();

    let records = vec![opentelemetry_proto::tonic::logs::v1::LogRecord::default(); QUEUE_ITEMS];
    assert_eq!(world.send("logs", &story::log_export(story::API, records)).await.status, 200);
    let refused = serde_json::to_vec(&story::export(story::created(AT))).unwrap();
    let answer = world.post("traces", &[("content-type", JSON)], refused).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "1"));
    assert_eq!(answer.json()["details"][0]["retryDelay"], "1s");

    let address = format!("http://{}", world.collector.grpc_address());
    let mut client = TraceServiceClient::connect(address).await.unwrap();
    let status = client.export(story::export(story::created(AT))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(String::from_utf8_lossy(status.details()).contains("google.rpc.RetryInfo"));
    assert_eq!(world.collector.health().signals[0].refused, 18);
    assert_eq!(world.collector.health().queued_items, QUEUE_ITEMS as u64);

    lock.rollback().await.unwrap();
    let health = world.read("health").await;
    assert_eq!(health["signals"][2]["stored"], QUEUE_ITEMS);
    assert_eq!(health["queued_items"], 0);
    assert_eq!(world.send("traces", &story::export(story::created(AT))).await.status, 200);
    assert_eq!(world.read("health").await["signals"][0]["stored"], 9);
}

#[tokio::test]
async fn with_a_token_only_its_bearers_may_send() {
    let world = World::with_token("let-me-in").await;
    let body = || serde_json::to_vec(&story::export(story::created(AT))).unwrap();
    let answer = world.post("traces", &[("content-type", JSON)], body()).await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"));
    let wrong = [("content-type", JSON), ("authorization", "Bearer let-me-out")];
    assert_eq!(world.post("traces", &wrong, body()).await.status, 401);
    let right = [("content-type", JSON), ("authorization", "Bearer let-me-in")];
    assert_eq!(world.post("traces", &right, body()).await.status, 200);

    let address = format!("http://{}", world.collector.grpc_address());
    let mut client = TraceServiceClient::connect(address).await.unwrap();
    let status = client.export(story::export(story::created(AT))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let mut request = tonic::Request::new(story::export(story::created(AT)));
    request.metadata_mut().insert("authorization", MetadataValue::from_static("Bearer let-me-in"));
    client.export(request).await.unwrap();
    let id = hex::encode(CREATED);
    assert_eq!(world.read(&format!("traces/{id}")).await["spans"].as_array().unwrap().len(), 9);
}

#[tokio::test]
async fn an_address_that_others_reach_needs_a_token() {
    for is_grpc in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = harness::config(&folder).await;
        let exposed = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
        *(if is_grpc { &mut config.grpc } else { &mut config.http }) = exposed;
        let stop = tokio_util::sync::CancellationToken::new();
        let error = collector::Collector::start(config, stop).await.unwrap_err().to_string();
        let why = "can be reached by other machines: OTLP is only received there with a bearer token or";
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn a_file_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = harness::config(&folder).await;
    std::fs::write(&config.data, "this is a diary").unwrap();
    let error =
        collector::Collector::start(config, tokio_util::sync::CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("cannot be opened"), "{error}");

    let config = harness::config(&folder).await;
    std::fs::remove_file(&config.data).unwrap();
    let path = format!("sqlite://{}?mode=rwc", config.data.display());
    let mut other = SqliteConnection::connect(&path).await.unwrap();
    sqlx::query("CREATE TABLE diary (day TEXT)").execute(&mut other).await.unwrap();
    let error =
        collector::Collector::start(config, tokio_util::sync::CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().ends_with("is a database of something else"), "{error}");
}
