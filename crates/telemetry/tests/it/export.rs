//! What arrives at a receiver, over both protocols.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::resource::v1::Resource;
use telemetry::{Batching, Protocol, Sampling, Secret, ServiceName, Telemetry, TelemetryConfig, Tls, Verb};

use crate::receiver::{Arrived, Behaviour, Receiver, Schemed, config, over_grpc, work};

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
        let exported = api.accounts().metrics.exported + bot.accounts().metrics.exported;
        assert_eq!(exported, points(&receiver), "each data point is counted, and no other; grpc: {grpc}");
    }
}

/// How many data points arrived.
fn points(receiver: &Receiver) -> u64 {
    let arrived = receiver.arrived();
    let points = arrived.metrics.iter().map(|(_, metric)| match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        other => panic!("we have no such metric: {other:?}"),
    });
    points.sum::<usize>() as u64
}

#[tokio::test]
async fn what_arrives_says_who_sends_and_by_which_conventions() {
    let receiver = Receiver::listen();
    let variables = [
        ("OTEL_SERVICE_NAME", "my-api"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "team=dragons,deployment.environment.name=staging,service.name=not-this",
        ),
    ];
    let lookup = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
    let read = TelemetryConfig::from_lookup(&lookup).expect("all of it is right");
    let config = TelemetryConfig {
        endpoint: Some(receiver.url()),
        log_filter: "warn".to_owned(),
        service_version: "1.2.3+abcdef".to_owned(),
        ..read
    };
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    work(&telemetry, "games.create");
    telemetry.shutdown(DEADLINE).await.expect("the receiver answers");

    let arrived = receiver.arrived();
    let told: BTreeSet<String> = arrived.sources.iter().map(|(_, resource, _)| source(resource)).collect();
    assert_eq!(told.len(), 1, "all three signals say the same: {told:#?}");
    insta::assert_snapshot!(told.into_iter().collect::<String>(), @"
    deployment.environment.name = staging
    host.name: one
    os.type = linux
    process.pid: ours
    service.instance.id: one
    service.name = my-api
    service.namespace = muster
    service.version = 1.2.3+abcdef
    team = dragons
    telemetry.distro.name = muster
    telemetry.distro.version: ours
    telemetry.sdk.language = rust
    telemetry.sdk.name = opentelemetry
    telemetry.sdk.version = 0.33.1
    by https://opentelemetry.io/schemas/1.44.0
    ");
    insta::assert_snapshot!(scopes(&arrived), @"
    logs test ours https://opentelemetry.io/schemas/1.44.0
    metrics muster ours https://opentelemetry.io/schemas/1.44.0
    traces muster ours https://opentelemetry.io/schemas/1.44.0
    ");
}

/// Who of the program speaks in which signal.
fn scopes(arrived: &Arrived) -> String {
    let scopes: BTreeSet<String> = arrived
        .sources
        .iter()
        .flat_map(|(kind, _, scopes)| {
            scopes.iter().map(move |(scope, schema)| {
                let version =
                    if scope.version == env!("CARGO_PKG_VERSION") { "ours" } else { &scope.version };
                format!("{kind} {} {version} {schema}", scope.name)
            })
        })
        .collect();
    scopes.into_iter().collect::<Vec<_>>().join("\n")
}

/// A resource in lines; what differs from one run to the next is left out when it is there at all.
fn source((resource, schema): &Schemed<Resource>) -> String {
    let mut lines: Vec<String> = resource
        .attributes
        .iter()
        .map(|attribute| {
            let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
            match (attribute.key.as_str(), value) {
                ("service.instance.id", Some(Value::StringValue(id))) if id.len() == 36 => {
                    "service.instance.id: one".into()
                }
                ("host.name", Some(Value::StringValue(name))) if !name.is_empty() => "host.name: one".into(),
                ("process.pid", Some(Value::IntValue(pid))) if *pid == i64::from(std::process::id()) => {
                    "process.pid: ours".into()
                }
                ("telemetry.distro.version", Some(Value::StringValue(version)))
                    if version == env!("CARGO_PKG_VERSION") =>
                {
                    "telemetry.distro.version: ours".into()
                }
                (key, Some(Value::StringValue(text))) => format!("{key} = {text}"),
                (key, other) => format!("{key} = {other:?}"),
            }
        })
        .collect();
    lines.sort();
    lines.push(format!("by {schema}"));
    lines.join("\n")
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
    for (exporter, verb) in
        [(telemetry::Exporter::None, "games.join"), (telemetry::Exporter::Console, "games.create")]
    {
        for signal in [&mut config.traces, &mut config.metrics, &mut config.logs] {
            signal.exporter = exporter;
        }
        let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

        work(&telemetry, verb);
        telemetry.shutdown(DEADLINE).await.expect("there is nothing to send");

        assert!(receiver.arrived().requests.is_empty());
    }
}

/// Stdout is the process's: the story is told in one of its own, which is this program again.
#[test]
fn the_console_is_stdout() {
    let mut again = Command::new(std::env::current_exe().expect("it has a name"));
    again.args(["--exact", "export::console_and_none_send_nothing", "--nocapture"]);
    let written = again.output().expect("it runs");

    let stdout = String::from_utf8(written.stdout).expect("it is text");
    assert!(written.status.success(), "{stdout}");
    let of_the_console: Vec<&str> = stdout
        .lines()
        .filter_map(|line| {
            let kinds = ["CapturedSpan", "muster.games.changes", "\"name\":\"test.event\""];
            let kind = kinds.into_iter().find(|kind| line.contains(kind))?;
            assert!(kind.starts_with('"') || !line.contains("games.join"), "none is none: {line}");
            Some(kind)
        })
        .collect();
    assert_eq!(
        of_the_console,
        ["\"name\":\"test.event\"", "\"name\":\"test.event\"", "CapturedSpan", "muster.games.changes"],
        "{stdout}"
    );
    assert!(stdout.contains("name: \"games.create\""), "{stdout}");
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
