//! What senders and the machine do to a collector: it says no, counts, and goes on.

use std::time::{Duration, Instant};

use axum::body::Body;
use collector::{Health, Signal};
use http::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceResponse, trace_service_client::TraceServiceClient},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Command,
};

use crate::{
    harness::{self, World},
    story::{self, API, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;
/// Half past two on New Year's Day of 1970, and of 2500.
const IN_1970: u64 = 9_000_000_000_000;
const IN_2500: u64 = 16_725_234_600_000_000_000;

#[tokio::test]
async fn ids_of_the_wrong_length_and_times_of_other_ages_are_refused_or_kept() {
    let world = World::start().await;
    let mut export = story::export((1..=6).map(|id| story::span(API, CREATED, id, 0, "GET /").at(AT, 0, 1)));
    let spans = &mut export.resource_spans[0].scope_spans[0].spans;
    spans[1].trace_id = vec![1; 15];
    spans[2].span_id = vec![1; 9];
    spans[3].parent_span_id = vec![1; 3];
    spans[4].start_time_unix_nano = IN_2500;
    spans[4].end_time_unix_nano = IN_2500 + 1;
    spans[5].start_time_unix_nano = IN_1970;
    spans[5].end_time_unix_nano = IN_1970 + 1;
    let answer = world.send("traces", &export).await;
    assert_eq!(answer.status, 200);
    let partial = ExportTraceServiceResponse::decode(&*answer.body).unwrap().partial_success.unwrap();
    insta::assert_snapshot!(partial.error_message, @"4 rejected, the first because trace_id is not 16 bytes that are not all zero");
    assert_eq!(partial.rejected_spans, 4);
    let health = world.read("health").await;
    assert_eq!((&health["signals"][0]["stored"], &health["signals"][0]["rejected"]), (&2.into(), &4.into()));
    // One from 1970 does not spoil a page.
    for path in ["", "/traces", "/traces?to=1971-01-01T00:00", &format!("/traces/{}", hex::encode(CREATED))] {
        assert_eq!(world.get(&format!("/observatory{path}")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_million_attributes_are_a_span_like_any_other() {
    let world = World::start().await;
    let value = Some(AnyValue { value: Some(Value::BoolValue(true)) });
    let attribute = KeyValue { key: "k".into(), value, ..KeyValue::default() };
    let mut export = story::export([story::span(API, CREATED, 1, 0, "GET /").at(AT, 0, 1)]);
    let span: &mut Span = &mut export.resource_spans[0].scope_spans[0].spans[0];
    span.attributes = vec![attribute; 1_000_000];
    let body = zstd::encode_all(&*export.encode_to_vec(), 1).unwrap();
    let headers = [("content-type", harness::PROTOBUF), ("content-encoding", "zstd")];
    assert_eq!(world.post("traces", &headers, body).await.status, 200);
    let trace = format!("/observatory/traces/{}", hex::encode(CREATED));
    world.collector.flush().await;
    assert_eq!(world.get(&trace).await.status, 200);
    assert_eq!(world.read("health").await["signals"][0]["stored"], 1);
}

/// Sends the beginning of a request, then waits for what comes of it.
async fn begin(world: &World, words: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.collector.http_address()).await.unwrap();
    stream.write_all(words).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn who_dawdles_is_cut_off() {
    let world = World::start().await;
    let dawdle = async |words: &[u8]| {
        let began = Instant::now();
        let answer = begin(&world, words).await;
        (answer, began.elapsed())
    };
    let head = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    let (no_header, no_body) = tokio::join!(dawdle(&head[..30]), dawdle(head));
    assert!(!no_header.0.contains(" 200 "), "{}", no_header.0);
    assert_eq!(no_header.1.as_secs(), 5);
    assert!(no_body.0.starts_with("HTTP/1.1 408 "), "{}", no_body.0);
    assert_eq!(no_body.1.as_secs(), 10);
    assert_eq!(world.send("traces", &story::export(story::created(AT))).await.status, 200);
}

#[tokio::test]
async fn who_dawdles_over_grpc_is_cut_off_too() {
    let world = World::start().await;
    let address = world.collector.grpc_address();
    // As many as are served at once, and none of them says a word.
    let mut silent = Vec::new();
    for _ in 0..256 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let began = Instant::now();
    let mut client = TraceServiceClient::connect(format!("http://{address}")).await.unwrap();
    client.export(story::export(story::created(AT))).await.unwrap();
    assert!((4..9).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    // The end of the connection, after what the other side says first.
    let _ = silent[0].read_to_end(&mut Vec::new()).await;

    // The first bytes of a message, and nothing more.
    let beginning =
        futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[0, 0, 0, 0, 9, 1]))]);
    let body = Body::from_stream(futures_util::StreamExt::chain(beginning, futures_util::stream::pending()));
    let request =
        Request::post(format!("http://{address}/opentelemetry.proto.collector.trace.v1.TraceService/Export"))
            .header("content-type", "application/grpc")
            .body(body)
            .unwrap();
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let mut connections = tokio::task::JoinSet::new();
    connections.spawn(connection);
    let began = Instant::now();
    let answer = sender.send_request(request).await.unwrap();
    let deadline_exceeded = "4";
    assert_eq!(answer.headers()["grpc-status"], deadline_exceeded);
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(world.collector.health().signals[0].unreadable_requests, 1);
}

#[tokio::test]
async fn two_hundred_and_fifty_six_connections_are_served_at_once() {
    let world = World::start().await;
    let mut open = Vec::new();
    for _ in 0..256 {
        let mut stream = TcpStream::connect(world.collector.http_address()).await.unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        // It is answered, so it has its place, and keeps it.
        assert_ne!(stream.read(&mut [0; 4_096]).await.unwrap(), 0);
        open.push(stream);
    }
    let mut one_more = TcpStream::connect(world.collector.http_address()).await.unwrap();
    one_more.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 4_096];
    let early = tokio::time::timeout(Duration::from_millis(200), one_more.read(&mut answer)).await;
    assert!(early.is_err(), "it was not served");
    open.pop();
    assert_ne!(one_more.read(&mut answer).await.unwrap(), 0);
}

/// The name of the variable that tells this test binary that its files are limited.
const SMALL_DISK: &str = "COLLECTOR_ON_A_SMALL_DISK";
/// In blocks of 512 bytes: a file may have three mebibytes, fewer than the write-ahead log wants.
const FILE_BLOCKS: u32 = 6_144;

/// Whoever ignores the signal is told by an error that a file may not grow, as by a disk that is full.
#[tokio::test]
async fn a_full_disk_costs_what_comes_meanwhile_and_nothing_else() {
    #[expect(clippy::disallowed_methods, reason = "a parent tells its child by it")]
    if std::env::var(SMALL_DISK).is_ok() {
        return fill_a_disk_and_make_room().await;
    }
    let limited = format!("trap '' XFSZ; ulimit -S -f {FILE_BLOCKS}; exec \"$@\"");
    let child = Command::new("sh")
        .args(["-c", &limited, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "faults::a_full_disk_costs_what_comes_meanwhile_and_nothing_else"])
        .env(SMALL_DISK, "1")
        .kill_on_drop(true)
        .output();
    let child = child.await.unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}

/// Sends a quarter of a mebibyte of logs, and reads what became of it.
async fn write_much(world: &World) -> Health {
    let body = "x".repeat(65_536);
    let records = (1..=4).map(|nth| story::record(AT + nth, 9, &body, (CREATED, 1))).collect();
    assert_eq!(world.send("logs", &story::log_export(API, records)).await.status, 200);
    world.collector.flush().await;
    world.collector.health()
}

async fn fill_a_disk_and_make_room() {
    let queue = tempfile::tempdir().unwrap();
    let mut forward = crate::forward::to("http://127.0.0.1:1", queue.path());
    // One file that grows until it may not.
    forward.pace.segment = Duration::from_mins(10);
    let world = World::with(|config| config.options.forward = Some(forward)).await;
    let logs = Signal::Logs as usize;
    let mut health = write_much(&world).await;
    while health.signals[logs].failed == 0 {
        assert!(health.turning && health.signals[logs].stored < 1_000, "{health:?}");
        health = write_much(&world).await;
    }
    for _ in 0..2 {
        health = write_much(&world).await;
    }
    assert!(!health.turning, "{health:?}");
    let passage = || world.collector.health().forward.unwrap().signals[logs];
    while passage().lost == 0 {
        assert!(passage().kept < 1_000, "{:?}", passage());
        write_much(&world).await;
    }
    let settled = || passage().kept + passage().lost == world.collector.health().signals[logs].received;
    while !settled() {
        tokio::task::yield_now().await;
    }
    let pid = std::process::id().to_string();
    let room = Command::new("prlimit").args(["--fsize=unlimited", "--pid", &pid]).status();
    assert!(room.await.unwrap().success());

    let (full, full_queue) = (world.collector.health().signals[logs], passage());
    health = write_much(&world).await;
    assert!(health.turning, "{health:?}");
    assert_eq!(
        (health.signals[logs].stored, health.signals[logs].failed, health.signals[logs].queued),
        (full.stored + 4, full.failed, 0)
    );
    while !settled() {
        tokio::task::yield_now().await;
    }
    assert_eq!(passage().kept, full_queue.kept + 4, "{:?}", passage());
    let held = world.read("logs?limit=500").await.as_array().unwrap().len() as u64;
    assert_eq!(held, health.signals[logs].stored);
    world.stop().await;
}
