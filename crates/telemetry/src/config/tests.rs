//! What operators write, and what comes of it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::TelemetryError;

fn read(variables: &[(&str, &str)]) -> Result<TelemetryConfig, TelemetryError> {
    TelemetryConfig::from_lookup(&|wanted| {
        variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn nothing_set_gives_the_defaults() {
    assert_eq!(read(&[]).expect("defaults"), TelemetryConfig::default());
}

#[test]
fn empty_counts_as_not_set() {
    assert_eq!(
        read(&[("OTEL_TRACES_EXPORTER", " "), ("OTEL_SDK_DISABLED", "")]).expect("defaults"),
        TelemetryConfig::default()
    );
}

#[test]
fn what_is_set_is_read() {
    let config = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.test:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20canary, x=1"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x=2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "9000"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "4000"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "gzip"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("OTEL_PROPAGATORS", "baggage"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=a%2Cb,service.version=9"),
        ("OTEL_LOG_LEVEL", "DEBUG"),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "always_off"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"),
        ("MUSTER_TELEMETRY_USER_IDS", "hashed"),
        ("MUSTER_TELEMETRY_USER_ID_KEY", "a key of sixteen"),
    ])
    .expect("all of it is right");

    assert_eq!(config.endpoint.as_ref().map(Url::as_str), Some("http://collector.test:4318/"));
    assert_eq!(config.traces.headers["authorization"].expose(), "Bearer canary");
    assert_eq!(config.logs.headers.len(), 1);
    assert_eq!(config.traces.timeout, Duration::from_millis(2_500));
    assert_eq!(config.metrics.timeout, Duration::from_secs(4));
    assert_eq!((config.traces.protocol, config.logs.protocol), (Protocol::Grpc, Protocol::HttpProtobuf));
    assert_eq!((config.traces.gzip, config.logs.gzip), (false, true));
    assert_eq!(config.metrics.exporter, Exporter::None);
    assert_eq!(config.sampling, Sampling { ratio: 0.25, parent_based: true });
    assert!(!config.trace_context);
    assert_eq!(config.resource_attributes["team"], "a,b");
    assert_eq!(config.log_filter, "debug");
    assert_eq!(config.exemplars, ExemplarFilter::AlwaysOff);
    assert_eq!(config.temporality, TemporalityPreference::Delta);
    assert!(matches!(config.user_ids, UserIds::Hashed(_)));
    let shown = format!("{config:?} {}", config.effective());
    assert!(!shown.contains("canary") && !shown.contains("sixteen"), "secrets are shown: {shown}");
}

#[test]
fn limits_and_queues_are_read_for_their_signal() {
    let config = read(&[
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
        ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "200"),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "9"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "8"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "7"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "6"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "5"),
        ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "300"),
        ("OTEL_BSP_SCHEDULE_DELAY", "1500"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "7000"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "1000"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "64"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "5000"),
    ])
    .expect("all of it is right");

    insta::assert_debug_snapshot!((config.limits, config.metric_interval), @r"
    (
        Limits {
            span_value_characters: 100,
            log_value_characters: 200,
            span_attributes: 8,
            span_links: 6,
            log_attributes: 9,
        },
        5s,
    )
    ");
    let (spans, logs) = (config.span_batches, config.log_batches);
    assert_eq!((spans.queue_items, spans.batch_items), (300, 300), "a batch is not larger than the queue");
    assert_eq!((spans.delay, spans.timeout), (Duration::from_millis(1_500), Duration::from_secs(7)));
    assert_eq!((logs.queue_items, logs.batch_items), (1_000, 64));
}

/// Values that can't be used.
const WRONG: [(&str, &str); 29] = [
    ("OTEL_SDK_DISABLED", "perhaps"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://x"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "novalue"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "a%20b=c"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0Ac"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization: Basic Y2FuYXJ5OmNhbmFyeQ=="),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
    ("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "/proc/self/status"),
    ("OTEL_LOGS_EXPORTER", "paper"),
    ("OTEL_PROPAGATORS", "tracecontext,b3"),
    ("OTEL_TRACES_SAMPLER", "sometimes"),
    ("OTEL_RESOURCE_ATTRIBUTES", "a=%zz"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", "few"),
    ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "-1"),
    ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "1.5"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
    ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "9000"),
    ("OTEL_SPAN_LINK_COUNT_LIMIT", "-1"),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "long"),
    ("OTEL_METRICS_EXEMPLAR_FILTER", "some"),
    ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "both"),
    ("OTEL_LOG_LEVEL", "loud\nline"),
    ("MUSTER_TELEMETRY_USER_IDS", "secret"),
    ("MUSTER_TELEMETRY_USER_IDS", "hashed"),
];

#[test]
fn what_is_wrong_is_one_line_that_names_the_variable() {
    let lines: Vec<String> = WRONG
        .iter()
        .map(|setting| read(&[*setting]).map_or_else(|error| error.to_string(), |_| "accepted".to_owned()))
        .collect();

    insta::assert_snapshot!(lines.join("\n"), @r#"
    OTEL_SDK_DISABLED: "perhaps" must be true or false
    OTEL_EXPORTER_OTLP_ENDPOINT: it must be an http:// or https:// address
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: it must be an http:// or https:// address
    OTEL_EXPORTER_OTLP_HEADERS: it must be key=value,key=value, percent-encoded
    OTEL_EXPORTER_OTLP_HEADERS: one of them is no header that can be sent
    OTEL_EXPORTER_OTLP_HEADERS: one of them is no header that can be sent
    OTEL_EXPORTER_OTLP_HEADERS: one of them is no header that can be sent
    OTEL_EXPORTER_OTLP_TIMEOUT: "soon" must be a number of milliseconds, at least 1
    OTEL_EXPORTER_OTLP_PROTOCOL: "carrier-pigeon" must be http/protobuf or grpc
    OTEL_EXPORTER_OTLP_COMPRESSION: "zip" must be gzip or none
    OTEL_EXPORTER_OTLP_CERTIFICATE: "/nowhere/ca.pem": No such file or directory (os error 2)
    OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE: "/proc/self/status" is no PEM file
    OTEL_LOGS_EXPORTER: "paper" must be otlp, console or none
    OTEL_PROPAGATORS: "b3" must be tracecontext, baggage or none
    OTEL_TRACES_SAMPLER: "sometimes" must be always_on, always_off, traceidratio, or parentbased_ before one
    OTEL_RESOURCE_ATTRIBUTES: it must be key=value,key=value, percent-encoded
    OTEL_METRIC_EXPORT_INTERVAL: "0" must be a number of milliseconds, at least 1
    OTEL_SPAN_EVENT_COUNT_LIMIT: "few" must be a number, at least 0
    OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: "-1" must be a number, at least 0
    OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: "1.5" must be a number, at least 0
    OTEL_BSP_MAX_QUEUE_SIZE: "0" must be a number of items, at least 1
    OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "9000" must be at most the size of the queue
    OTEL_SPAN_LINK_COUNT_LIMIT: "-1" must be a number, at least 0
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "long" must be a number of characters, at least 1
    OTEL_METRICS_EXEMPLAR_FILTER: "some" must be trace_based, always_on or always_off
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "both" must be cumulative, delta or lowmemory
    OTEL_LOG_LEVEL: "loud\nline" must be error, warn, info, debug, trace or none
    MUSTER_TELEMETRY_USER_IDS: "secret" must be plain or hashed
    MUSTER_TELEMETRY_USER_ID_KEY: MUSTER_TELEMETRY_USER_IDS=hashed needs a key of at least 16 characters
    "#);
}

#[test]
fn a_client_certificate_needs_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("client.pem");
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n").expect("it is written");
    let path = file.to_str().expect("it is text");

    let alone = read(&[("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", path)]).expect_err("its key is missing");
    let both = read(&[
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", path),
        ("OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", path),
    ])
    .expect_err("traces have no key");

    assert_eq!(alone.to_string(), "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: it needs its CLIENT_KEY");
    assert_eq!(both.to_string(), alone.to_string());
}

#[test]
fn the_effective_configuration_is_one_line_without_secrets() {
    let config = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:canary@otlp.test/base?token=canary"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
    ])
    .expect("all of it is right");

    insta::assert_snapshot!(config.effective().to_string(), @"traces=https://otlp.test(http/protobuf,authorization:***) metrics=https://otlp.test(grpc,authorization:***) logs=none sampler=traceidratio:0.5 propagators=tracecontext log=info metric_interval=60s temporality=cumulative exemplars=trace_based queue=8192+8192 user_ids=plain");
    insta::assert_snapshot!(TelemetryConfig { enabled: false, ..config }.effective().to_string(), @"telemetry=off log=info");
}

#[test]
fn an_address_is_completed_for_its_protocol() {
    let of = |variables: &[(&str, &str)]| {
        let config = read(variables).expect("all of it is right");
        config.address(&config.traces, "v1/traces").map(String::from)
    };
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otlp.test/base/");
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces.test/here");

    assert_eq!(of(&[]).as_deref(), Some("http://localhost:4318/v1/traces"));
    assert_eq!(of(&[grpc]).as_deref(), Some("http://localhost:4317/"));
    assert_eq!(of(&[base]).as_deref(), Some("http://otlp.test/base/v1/traces"));
    assert_eq!(of(&[base, grpc]).as_deref(), Some("http://otlp.test/base/"));
    assert_eq!(of(&[base, own]).as_deref(), Some("http://traces.test/here"));
}

/// The variables that are looked up when these are set.
fn looked_up(given: &[(&str, &str)]) -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::new());
    let config = TelemetryConfig::from_lookup(&|name| {
        names.borrow_mut().insert(name.to_owned());
        given.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
    });
    config.expect("what is given is right");
    names.into_inner()
}

#[test]
fn every_variable_that_is_read_is_shown_and_the_reverse() {
    let read = looked_up(&[
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("MUSTER_TELEMETRY_USER_IDS", "hashed"),
        ("MUSTER_TELEMETRY_USER_ID_KEY", "0123456789abcdef"),
    ]);
    let shown: Vec<_> =
        TelemetryConfig::default().settings().into_iter().map(|setting| setting.variable).collect();
    let set: BTreeSet<_> = shown.iter().cloned().collect();

    assert_eq!(set.len(), shown.len(), "none is there twice");
    assert_eq!(set, read);
}

#[test]
fn what_is_shown_is_what_was_given_but_for_secrets() {
    let given = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:canary@otlp.test/base/?token=canary"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "canary123=="),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("MUSTER_TELEMETRY_USER_IDS", "hashed"),
        ("MUSTER_TELEMETRY_USER_ID_KEY", "canary-canary-canary"),
    ];
    let config = TelemetryConfig::from_lookup(&|name| {
        given.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
    });
    let before = TelemetryConfig::default().settings();
    let changed = config.expect("it is right").settings().into_iter().zip(before);
    let changed: Vec<_> = changed
        .filter(|(now, before)| now.value != before.value)
        .map(|(now, _)| format!("{}={}", now.variable, now.value))
        .collect();

    insta::assert_snapshot!(changed.join("\n"), @r"
    OTEL_TRACES_SAMPLER_ARG=0.25
    MUSTER_TELEMETRY_USER_IDS=hashed
    MUSTER_TELEMETRY_USER_ID_KEY=***
    OTEL_EXPORTER_OTLP_ENDPOINT=https://otlp.test/***
    OTEL_EXPORTER_OTLP_PROTOCOL=by signal
    OTEL_EXPORTER_OTLP_HEADERS=by signal
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://otlp.test/***/v1/traces
    OTEL_EXPORTER_OTLP_TRACES_HEADERS=authorization=***
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=https://otlp.test/***/v1/metrics
    OTEL_EXPORTER_OTLP_METRICS_HEADERS=authorization=***
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=https://otlp.test/***
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=grpc
    OTEL_EXPORTER_OTLP_LOGS_HEADERS=***=***
    ");
}
