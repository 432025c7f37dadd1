//! What arrives at a receiver, over both protocols.

use std::time::Duration;

use telemetry::{Batching, Protocol, Sampling, Secret, ServiceName, Telemetry, TelemetryConfig, Tls, Verb};

use crate::receiver::{Behaviour, Receiver, config, over_grpc, work};

const DEADLINE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn two_services_of_one_process_arrive_apart() {
    for grpc in [false, true] {
        let receiver = Receiver::listen();
        let config = if grpc { over_grpc(config(receiver.url())) } else { config(receiver.url()) };
        let api = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");
        let bot = Telemetry::init(ServiceName::Bot, &config).expect("telemetry starts");

        api.observe_process();
        work(&api, "games.create");
        work(&bot, "games.join");
        api.force_flush().await.expect("the receiver answers");
        bot.shutdown(DEADLINE).await.expect("the receiver answers");
        api.shutdown(DEADLINE).await.expect("the receiver answers");

        assert_eq!(receiver.senders_of("games.create"), ["api-service"]);
        assert_eq!(receiver.senders_of("games.join"), ["bot-service"]);
        let mut logs = receiver.senders_of("test.event");
        logs.sort();
        assert_eq!(logs, ["api-service", "bot-service"]);
        assert!(receiver.senders_of("muster.games.changes").contains(&"bot-service".to_owned()));
        let of_the_process = receiver.senders_of("process.memory.usage");
        assert!(of_the_process.iter().all(|sender| sender == "api-service") && !of_the_process.is_empty());
        for telemetry in [&api, &bot] {
            let accounts = telemetry.accounts();
            assert_eq!((accounts.traces.exported, accounts.logs.exported), (1, 1), "grpc: {grpc}");
            assert!(accounts.metrics.is_balanced() && accounts.metrics.lost() == 0);
        }
    }
}

#[tokio::test]
async fn headers_and_compression_travel_with_both_protocols() {
    for grpc in [false, true] {
        let receiver = Receiver::listen();
        let mut config = if grpc { over_grpc(config(receiver.url())) } else { config(receiver.url()) };
        config.traces.gzip = true;
        config.traces.headers.insert("authorization".to_owned(), Secret::new("Bearer x".to_owned()));
        let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

        drop(telemetry.verb(Verb { name: "games.create" }));
        telemetry.force_flush().await.expect("the receiver answers");

        let arrived = receiver.arrived();
        let asked = arrived.requests.iter().find(|asked| asked.path.contains("trace")).expect("it came");
        assert_eq!(asked.headers["authorization"], "Bearer x");
        let encoding = if grpc { "grpc-encoding" } else { "content-encoding" };
        assert_eq!(asked.headers[encoding], "gzip");
        assert_eq!(arrived.spans.len(), 1);
    }
}

#[tokio::test]
async fn tls_with_an_own_authority_and_a_client_certificate() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls");
    for protocol in ["http/protobuf", "grpc"] {
        let receiver = Receiver::listen_with_tls();
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url().to_string()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.to_owned()),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", format!("{folder}/authority.pem")),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", format!("{folder}/client.pem")),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", format!("{folder}/client.key.pem")),
        ];
        let lookup = |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|it| it.1.clone());
        let config = TelemetryConfig::from_lookup(&lookup).expect("all of it is right");
        let known = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");
        let mut unknown = config.clone();
        for signal in [&mut unknown.traces, &mut unknown.metrics, &mut unknown.logs] {
            signal.tls = Tls { identity: None, ..signal.tls.clone() };
            signal.timeout = Duration::from_millis(300);
        }
        let unknown = Telemetry::init(ServiceName::Bot, &unknown).expect("telemetry starts");

        work(&known, "games.create");
        work(&unknown, "games.join");
        known.force_flush().await.expect("the receiver knows us");
        unknown.force_flush().await.expect_err("the receiver asks for a certificate");

        assert_eq!(receiver.senders_of("games.create"), ["api-service"], "{protocol}");
        assert!(receiver.senders_of("games.join").is_empty(), "{protocol}");
    }
}

#[tokio::test]
async fn what_is_switched_off_is_not_sent() {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    config.enabled = false;
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    work(&telemetry, "games.create");
    telemetry.shutdown(DEADLINE).await.expect("there is nothing to send");

    assert!(receiver.arrived().requests.is_empty());
}

#[tokio::test]
async fn exporting_makes_no_telemetry() {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    config.log_filter = "trace".to_owned();
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    work(&telemetry, "games.create");
    telemetry.force_flush().await.expect("the receiver answers");
    telemetry.force_flush().await.expect("the receiver answers");

    let accounts = telemetry.accounts();
    assert_eq!((accounts.traces.created, accounts.logs.created), (1, 1));
}

#[tokio::test]
async fn a_running_service_takes_over_address_sampler_and_level() {
    let (before, after) = (Receiver::listen(), Receiver::listen());
    let mut config = config(before.url());
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");
    let say = |text: &'static str| {
        tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
            tracing::info!(name: "test.info", target: "test", { text }, "Something is going on.");
        });
    };

    say("not logged at this level");
    drop(telemetry.verb(Verb { name: "games.create" }));
    telemetry.force_flush().await.expect("the receiver answers");
    config.endpoint = Some(after.url());
    config.sampling = Sampling { ratio: 0.0, parent_based: true };
    config.log_filter = "info".to_owned();
    config.traces.protocol = Protocol::Grpc;
    telemetry.reload(&config).expect("it can be used");
    say("logged at this one");
    drop(telemetry.verb(Verb { name: "games.join" }));
    telemetry.force_flush().await.expect("the other receiver answers");
    config.sampling.ratio = 1.0;
    telemetry.reload(&config).expect("it can be used");
    drop(telemetry.verb(Verb { name: "games.leave" }));
    telemetry.force_flush().await.expect("the other receiver answers");

    assert_eq!((before.senders_of("games.create").len(), before.senders_of("test.info").len()), (1, 0));
    assert_eq!((after.senders_of("games.join").len(), after.senders_of("test.info").len()), (0, 1));
    assert_eq!((before.senders_of("games.leave").len(), after.senders_of("games.leave").len()), (0, 1));
}

#[tokio::test]
async fn what_cannot_be_taken_over_changes_nothing() {
    let receiver = Receiver::listen();
    let config = config(receiver.url());
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    let elsewhere = Receiver::listen();
    let wrong = TelemetryConfig { endpoint: Some(elsewhere.url()), log_filter: "=[=".to_owned(), ..config };
    telemetry.reload(&wrong).expect_err("that is no filter");
    drop(telemetry.verb(Verb { name: "games.create" }));
    telemetry.force_flush().await.expect("the receiver answers");

    assert_eq!(receiver.senders_of("games.create"), ["api-service"]);
}

#[tokio::test]
async fn spans_leave_by_themselves_when_a_batch_is_full_or_old() {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    config.span_batches = Batching { batch_items: 10, delay: DEADLINE * 100, ..Batching::default() };
    config.log_batches = Batching { delay: Duration::from_millis(1), ..Batching::default() };
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    for _ in 0..10 {
        work(&telemetry, "games.create");
    }

    receiver.wait_for("a full batch", |arrived| arrived.spans.len() == 10);
    receiver.wait_for("old records", |arrived| arrived.logs.len() == 10);
}

#[tokio::test]
async fn console_and_none_send_nothing() {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    config.traces.exporter = telemetry::Exporter::None;
    config.metrics.exporter = telemetry::Exporter::Console;
    config.logs.exporter = telemetry::Exporter::Console;
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    work(&telemetry, "games.create");
    telemetry.shutdown(DEADLINE).await.expect("there is nothing to send");

    assert!(receiver.arrived().requests.is_empty());
}

#[tokio::test]
async fn without_propagation_traces_end_at_the_border() {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    config.trace_context = false;
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    let verb = telemetry.verb(Verb { name: "games.create" });
    let carried = verb.in_scope(telemetry::TraceContext::current);

    assert!(verb.trace_context().is_empty() && carried.is_empty());
    receiver.behave(Behaviour::Take);
}
