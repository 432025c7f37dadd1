//! When nobody listens: refused, black-holed, slow, failing, lying receivers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use telemetry::{Account, Accounts, Batching, HttpServer, ServiceName, Telemetry, TelemetryConfig, Verb};

use crate::places::{FAULTS, Fault};
use crate::receiver::{Asked, Behaviour, Receiver, config, over_grpc, work};

/// How long a request may take in these stories, and how long the end.
const TIMEOUT: Duration = Duration::from_millis(400);
const DEADLINE: Duration = Duration::from_secs(1);

fn impatient(mut config: TelemetryConfig) -> TelemetryConfig {
    for signal in [&mut config.traces, &mut config.metrics, &mut config.logs] {
        signal.timeout = TIMEOUT;
    }
    // Without the line that tells of the outage.
    "test=warn".clone_into(&mut config.log_filter);
    config
}

fn balanced(accounts: &Accounts) -> bool {
    [&accounts.traces, &accounts.metrics, &accounts.logs].into_iter().all(Account::is_balanced)
}

/// Works for a while under somebody's eyes, ends, and tells what became of it.
async fn live_and_die(telemetry: Telemetry, spans: usize) -> (Accounts, Duration) {
    let (seen, done) = (telemetry.clone(), Arc::new(AtomicBool::new(false)));
    let is_done = Arc::clone(&done);
    let watcher = std::thread::spawn(move || {
        loop {
            let last = is_done.load(Ordering::Relaxed);
            let accounts = seen.accounts();
            assert!(balanced(&accounts), "{accounts:?}");
            if last {
                return;
            }
        }
    });
    for _ in 0..spans {
        drop(telemetry.verb(Verb { name: "games.create" }));
    }
    work(&telemetry, "games.join");
    let began = Instant::now();
    let _ = telemetry.shutdown(DEADLINE).await;
    let took = began.elapsed();
    done.store(true, Ordering::Relaxed);
    watcher.join().expect("the books are always right");
    (telemetry.accounts(), took)
}

#[tokio::test]
async fn no_fault_holds_anybody_up_over_http() {
    suffer(|config| config).await;
}

#[tokio::test]
async fn no_fault_holds_anybody_up_over_grpc() {
    suffer(over_grpc).await;
}

/// Meets every fault: each time the end comes in time and everything is counted.
async fn suffer(protocol: impl Fn(TelemetryConfig) -> TelemetryConfig) {
    for fault in FAULTS {
        let place = fault.take_place();
        let config = protocol(impatient(config(place.url())));
        let telemetry = Telemetry::init(ServiceName::Api, &config).expect("it starts without a receiver");

        let (accounts, took) = live_and_die(telemetry, 3_000).await;

        let story = format!("{fault:?} after {took:?}: {accounts:?}");
        assert!(took < DEADLINE + TIMEOUT, "{story}");
        assert_eq!((accounts.traces.created, accounts.traces.lost()), (3_001, 3_001), "{story}");
        for account in [&accounts.traces, &accounts.metrics, &accounts.logs] {
            assert_eq!((account.exported, account.queued, account.queued_bytes), (0, 0, 0), "{story}");
        }
    }
}

#[tokio::test]
async fn what_is_refused_is_counted_by_its_reason() {
    let cases = [
        (Behaviour::Answer(StatusCode::INTERNAL_SERVER_ERROR, vec![]), "500"),
        (Behaviour::Answer(StatusCode::UNAUTHORIZED, vec![]), "401"),
        (Behaviour::Answer(StatusCode::TEMPORARY_REDIRECT, vec![("location", "/elsewhere")]), "307"),
        (Behaviour::Answer(StatusCode::SERVICE_UNAVAILABLE, vec![("retry-after", "60")]), "503"),
        (Behaviour::Page, "invalid_response"),
        (Behaviour::Slow(TIMEOUT * 10), "timeout"),
    ];
    for (behaviour, reason) in cases {
        let receiver = Receiver::listen();
        receiver.behave(behaviour.clone());
        let config = impatient(config(receiver.url()));
        let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

        let (accounts, took) = live_and_die(telemetry, 9).await;

        assert_eq!(accounts.traces.dropped.get(reason), Some(&10), "{behaviour:?}: {accounts:?}");
        assert_eq!(accounts.logs.dropped.get(reason), Some(&1), "{behaviour:?}: {accounts:?}");
        assert!(took < DEADLINE + TIMEOUT, "{behaviour:?} took {took:?}");
    }
}

#[tokio::test]
async fn a_grpc_refusal_is_counted_by_its_code() {
    let receiver = Receiver::listen();
    receiver.behave(Behaviour::Grpc(tonic::Code::Unauthenticated, Vec::new()));
    let config = over_grpc(impatient(config(receiver.url())));
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    let (accounts, _) = live_and_die(telemetry, 0).await;

    assert_eq!(accounts.traces.dropped.get("UNAUTHENTICATED"), Some(&1), "{accounts:?}");
}

#[tokio::test]
async fn partial_success_is_counted() {
    for grpc in [false, true] {
        let receiver = Receiver::listen();
        receiver.behave(Behaviour::RejectSpans(3));
        let config = if grpc { over_grpc(config(receiver.url())) } else { config(receiver.url()) };
        let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

        let (accounts, _) = live_and_die(telemetry, 9).await;

        assert_eq!((accounts.traces.exported, accounts.traces.dropped["rejected"]), (7, 3), "grpc: {grpc}");
        assert_eq!((accounts.logs.exported, accounts.logs.lost()), (1, 0));
    }
}

#[tokio::test]
async fn the_receiver_says_when_to_come_back() {
    let receiver = Receiver::listen();
    receiver.behave(Behaviour::Answer(StatusCode::TOO_MANY_REQUESTS, vec![("retry-after", "1")]));
    let telemetry = Telemetry::init(ServiceName::Api, &config(receiver.url())).expect("telemetry starts");

    drop(telemetry.verb(Verb { name: "games.create" }));
    let flushed = telemetry.clone();
    let flush = telemetry::spawn(async move { flushed.force_flush().await });
    let receiver = tokio::task::spawn_blocking(move || {
        receiver.wait_for("a first attempt", |arrived| {
            arrived.requests.iter().any(|asked| asked.path == "/v1/traces")
        });
        receiver.behave(Behaviour::Take);
        receiver.wait_for("a second attempt", |arrived| !arrived.spans.is_empty());
        let arrived = receiver.arrived();
        let times: Vec<Instant> =
            arrived.requests.iter().filter(|it| it.path == "/v1/traces").map(|it| it.at).collect();
        assert_eq!(times.len(), 2);
        assert!(times[1] - times[0] >= Duration::from_millis(990), "{:?}", times[1] - times[0]);
        drop(arrived);
        receiver
    })
    .await
    .expect("both came");

    flush.await.expect("it ends").expect("all of it was taken");
    drop(receiver);
    assert_eq!(telemetry.accounts().traces.exported, 1);
}

#[tokio::test]
async fn a_queue_that_is_full_drops_and_keeps_its_bounds() {
    let place = Fault::BlackHole.take_place();
    for (queue_items, queue_bytes) in [(500, usize::MAX), (usize::MAX, 1_000_000)] {
        let mut config = impatient(config(place.url()));
        config.span_batches = Batching { queue_items, queue_bytes, ..config.span_batches };
        let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

        for _ in 0..2_000 {
            let path = "x".repeat(2_000);
            let request = HttpServer { method: "GET", route: None, path: &path, scheme: "http", link: None };
            drop(telemetry.http_server(request));
            let account = telemetry.accounts().traces;
            let bytes = usize::try_from(account.queued).expect("few") * 2_000;
            assert!(account.queued <= queue_items as u64, "{account:?}");
            assert!(account.queued_bytes <= queue_bytes && account.queued_bytes >= bytes, "{account:?}");
        }

        let account = telemetry.accounts().traces;
        assert_eq!(account.created, 2_000);
        assert!(account.dropped["queue_full"] >= 1_500 && account.is_balanced(), "{account:?}");
        let _ = telemetry.shutdown(DEADLINE).await;
    }
}

#[tokio::test]
async fn an_outage_is_one_line_when_it_begins_and_one_when_it_ends() {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    config.log_filter = "info".to_owned();
    config.log_batches.delay = Duration::from_mins(10);
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    receiver.behave(Behaviour::Answer(StatusCode::BAD_REQUEST, vec![]));
    for _ in 0..3 {
        work(&telemetry, "games.create");
        telemetry.force_flush().await.expect_err("the receiver refuses");
    }
    receiver.behave(Behaviour::Take);
    for _ in 0..3 {
        telemetry.force_flush().await.expect("the receiver answers");
    }
    telemetry.shutdown(DEADLINE).await.expect("the receiver answers");

    assert_eq!(receiver.senders_of("telemetry.export.resumed"), ["api-service"]);
    let interrupted = receiver.senders_of("telemetry.export.interrupted");
    assert!(interrupted.len() <= 1, "{interrupted:?}");
}

#[tokio::test]
async fn one_signal_that_gets_through_does_not_end_the_outage_of_another() {
    let (good, bad) = (Receiver::listen(), Receiver::listen());
    bad.behave(Behaviour::Answer(StatusCode::NOT_FOUND, vec![]));
    let mut config = config(good.url());
    config.log_filter = "info".to_owned();
    config.traces.endpoint = Some(bad.url().join("v1/traces").expect("it is a path"));
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    for _ in 0..4 {
        work(&telemetry, "games.create");
        telemetry.force_flush().await.expect_err("traces are refused");
    }
    let during = (
        good.senders_of("telemetry.export.interrupted").len(),
        good.senders_of("telemetry.export.resumed").len(),
    );
    bad.behave(Behaviour::Take);
    for _ in 0..2 {
        telemetry.force_flush().await.expect("all is taken");
    }

    assert_eq!(during, (1, 0));
    assert_eq!(good.senders_of("telemetry.export.resumed").len(), 1);
}

#[tokio::test]
async fn what_ends_after_the_end_is_counted() {
    let receiver = Receiver::listen();
    let telemetry = Telemetry::init(ServiceName::Api, &config(receiver.url())).expect("telemetry starts");

    let late = telemetry.verb(Verb { name: "games.create" });
    telemetry.shutdown(DEADLINE).await.expect("there is nothing to send");
    drop(late);

    let account = telemetry.accounts().traces;
    assert_eq!((account.created, account.dropped["already_shutdown"]), (1, 1));
    telemetry.shutdown(DEADLINE).await.expect("a second end is no loss");
    telemetry.force_flush().await.expect("there is nothing to send");
}

#[tokio::test]
async fn who_leaves_without_delay_has_written_off_what_waits() {
    let place = Fault::Refused.take_place();
    for _ in 0..20 {
        let config = impatient(config(place.url()));
        let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");
        work(&telemetry, "games.create");
        telemetry.shutdown(Duration::ZERO).await.expect_err("nobody is there");

        let accounts = telemetry.accounts();
        assert_eq!((accounts.traces.lost(), accounts.traces.queued), (1, 0), "{accounts:?}");
        assert_eq!((accounts.logs.lost(), accounts.logs.queued), (1, 0), "{accounts:?}");
    }
}

#[tokio::test]
async fn a_grpc_receiver_says_when_to_come_back() {
    let receiver = Receiver::listen();
    receiver.behave(Behaviour::Grpc(tonic::Code::ResourceExhausted, in_a_second()));
    let config = over_grpc(config(receiver.url()));
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    drop(telemetry.verb(Verb { name: "games.create" }));
    let flushed = telemetry.clone();
    let flush = telemetry::spawn(async move { flushed.force_flush().await });
    let times = tokio::task::spawn_blocking(move || {
        let is_of_traces = |asked: &&Asked| asked.path.contains("trace");
        receiver.wait_for("a first attempt", |arrived| arrived.requests.iter().any(|it| is_of_traces(&it)));
        receiver.behave(Behaviour::Take);
        receiver.wait_for("a second attempt", |arrived| !arrived.spans.is_empty());
        let arrived = receiver.arrived();
        arrived.requests.iter().filter(is_of_traces).map(|asked| asked.at).collect::<Vec<_>>()
    });
    let times = times.await.expect("both came");

    flush.await.expect("it ends").expect("all of it was taken");
    assert_eq!(times.len(), 2);
    assert!(times[1] - times[0] >= Duration::from_millis(990), "{:?}", times[1] - times[0]);
}

/// A `google.rpc.Status` whose details hold a `RetryInfo` of one second, as bytes.
fn in_a_second() -> Vec<u8> {
    let field = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).expect("it is short");
        [&[tag << 3 | 2, length], content].concat()
    };
    let retry_info = field(1, &[1 << 3, 1]);
    let name = field(1, b"type.googleapis.com/google.rpc.RetryInfo");
    field(3, &[name, field(2, &retry_info)].concat())
}

#[test]
fn telemetry_can_be_dropped_anywhere() {
    let place = Fault::BlackHole.take_place();
    let config = impatient(config(place.url()));
    let inside = |config: &TelemetryConfig| {
        let telemetry = Telemetry::init(ServiceName::Api, config).expect("telemetry starts");
        work(&telemetry, "games.create");
    };

    inside(&config);
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { inside(&over_grpc(config)) });

    assert!(began.elapsed() < TIMEOUT, "{:?}", began.elapsed());
}
