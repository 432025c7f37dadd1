//! What strangers send: bounded, cut, never trusted, never a new series.

use std::collections::BTreeSet;
use std::sync::Barrier;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use telemetry::{
    Captured, GatewayEvent, HttpServer, Interaction, ServiceName, Telemetry, TelemetryConfig, TraceContext,
    UserIds, Verb, attr,
};

use crate::receiver::{Receiver, config};

fn request(telemetry: &Telemetry, method: &str, route: Option<&str>) {
    let request = HttpServer { method, route, path: "/", scheme: "http", link: None };
    telemetry.http_server(request).response(200);
}

fn series(captured: &Captured, name: &str) -> usize {
    captured.metric(name).map_or(0, |metric| metric.points.len())
}

fn names(captured: &Captured) -> BTreeSet<String> {
    captured.spans().into_iter().map(|span| span.name).collect()
}

#[test]
fn ten_thousand_methods_are_one_series() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);

    for number in 0..10_000 {
        request(&telemetry, &format!("BREW{number}"), Some("/pot"));
    }

    assert_eq!(series(&captured, "http.server.request.duration"), 1);
    assert_eq!(series(&captured, "http.server.active_requests"), 1);
    assert_eq!(names(&captured), BTreeSet::from(["HTTP".to_owned()]));
    assert_eq!(captured.spans()[9].attributes["http.request.method"], "_OTHER");
}

#[test]
fn ten_thousand_routes_are_not_ten_thousand_series() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);

    for number in 0..10_000 {
        request(&telemetry, "GET", Some(&format!("/games/{number}")));
    }
    request(&telemetry, "GET", Some("/games/0"));

    let metric = captured.metric("http.server.request.duration").expect("it is recorded");
    let (overflow, known): (Vec<_>, Vec<_>) =
        metric.points.iter().partition(|point| point.attributes.contains_key("otel.metric.overflow"));
    assert!(known.len() <= 256, "{}", known.len());
    assert_eq!(overflow.len(), 1);
    assert_eq!(metric.points.iter().map(|point| point.count).sum::<u64>(), 10_001, "none is lost");
    let first = known.iter().find(|point| point.attributes["http.route"] == "/games/0");
    assert_eq!(first.map(|point| point.count), Some(2), "who came early keeps its place");
    assert!(names(&captured).len() <= 257, "span names are bounded as well");
    assert_eq!(series(&captured, "http.server.active_requests"), 1);
}

#[test]
fn many_who_ask_at_once_for_the_same_take_one_place() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let threads = 32;
    let together = Barrier::new(threads);

    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for number in 0..200 {
                    together.wait();
                    request(&telemetry, "GET", Some(&format!("/games/{number}")));
                }
            });
        }
    });
    request(&telemetry, "GET", Some("/one/more"));

    let metric = captured.metric("http.server.request.duration").expect("it is recorded");
    let count = |route: &str| {
        let point =
            metric.points.iter().find(|it| it.attributes.get("http.route").is_some_and(|it| it == route));
        point.map(|point| point.count)
    };
    assert_eq!((count("/games/0"), count("/games/199"), count("/one/more")), (Some(32), Some(32), Some(1)));
    assert!(names(&captured).contains("GET /one/more"), "there is room for it");
}

#[test]
fn ten_thousand_schemes_are_one_series() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);

    for number in 0..10_000 {
        let scheme = format!("x{number}");
        drop(telemetry.http_server(HttpServer {
            method: "GET",
            route: None,
            path: "/",
            scheme: &scheme,
            link: None,
        }));
    }

    assert_eq!(series(&captured, "http.server.request.duration"), 1);
}

#[test]
fn names_that_discord_sends_are_bounded() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);

    for number in 0..5_000 {
        let name = format!("name-{number}");
        drop(telemetry.interaction(Interaction { kind: "component", name: &name, id: 1 }));
        drop(telemetry.gateway_event(GatewayEvent { event: &name, shard: 0 }));
    }
    let long = "x".repeat(1_000_000);
    drop(telemetry.interaction(Interaction { kind: "component", name: &long, id: 1 }));

    let names = names(&captured);
    assert!(names.len() <= 2 * 257, "{}", names.len());
    assert!(names.contains("discord.interaction _OTHER") && names.contains("discord.gateway _OTHER"));
}

#[test]
fn a_hostile_traceparent_is_neither_parent_nor_link() {
    let flood = format!("00-{}-{}-01", "a".repeat(100_000), "b".repeat(100_000));
    let hostile = [
        "",
        "00",
        "garbage",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "\u{0}\u{1b}[31m",
        "'; DROP TABLE games; --",
        &flood,
    ];
    for traceparent in hostile {
        let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
        let link = TraceContext::parse(Some(traceparent), Some("evil=1"));
        let request =
            HttpServer { method: "GET", route: None, path: "/", scheme: "http", link: Some(link.clone()) };
        drop(telemetry.http_server(request));
        let given = TraceContext { traceparent: traceparent.to_owned(), tracestate: None };
        drop(telemetry.http_server_of_sibling(
            HttpServer { method: "GET", route: None, path: "/", scheme: "http", link: Some(given.clone()) },
            &given,
        ));

        assert!(link.is_empty(), "{traceparent:.80?}");
        for span in captured.spans() {
            assert_eq!((span.parent_span_id, span.links.len()), (None, 0), "{traceparent:.80?}");
        }
    }
}

#[test]
fn a_strangers_sampling_decision_and_state_are_not_taken_over() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let state = (0..400).map(|number| format!("vendor{number}=x")).collect::<Vec<_>>().join(",");

    let link = TraceContext::parse(Some(unsampled), Some(&state));
    let span = telemetry.http_server(HttpServer {
        method: "GET",
        route: None,
        path: "/",
        scheme: "http",
        link: Some(link),
    });
    let ours = span.trace_context();
    drop(span);

    assert_eq!(captured.spans().len(), 1, "it is recorded all the same");
    assert!(ours.traceparent.ends_with("-01") && ours.tracestate.is_none(), "{ours:?}");
}

#[tokio::test]
async fn a_megabyte_is_cut_on_spans_links_and_log_records() {
    let receiver = Receiver::listen();
    let config = config(receiver.url());
    let longest = config.limits.span_value_characters;
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");
    let megabyte = "é".repeat(500_000);

    let span = telemetry.http_server(HttpServer {
        method: "GET",
        route: None,
        path: &megabyte,
        scheme: "http",
        link: None,
    });
    span.set(attr::user_agent(&megabyte));
    tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
        tracing::warn!(name: "test.event", target: "test", { field = megabyte }, "{megabyte}");
    });
    span.fail("storage", &std::io::Error::other(megabyte.clone()));
    drop(span);
    telemetry.force_flush().await.expect("the receiver answers");

    let arrived = receiver.arrived();
    let characters = |value: &Value| match value {
        Value::StringValue(text) => text.chars().count(),
        _ => 0,
    };
    let (_, span): &(String, Span) = &arrived.spans[0];
    let records = arrived.logs.iter().map(|(_, record)| record);
    let bodies = records.clone().filter_map(|record| record.body.as_ref());
    let attributes = span.attributes.iter().chain(records.flat_map(|record| &record.attributes));
    let values = attributes.filter_map(|attribute| attribute.value.as_ref()).chain(bodies);
    let most = values.filter_map(|value| value.value.as_ref()).map(characters).max();
    assert_eq!(most, Some(longest));
}

#[tokio::test]
async fn what_is_more_than_the_limits_is_counted_as_dropped() {
    let receiver = Receiver::listen();
    let variables = [
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "2"),
        ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "1"),
    ];
    let lookup = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
    let read = TelemetryConfig::from_lookup(&lookup).expect("all of it is right");
    let config = TelemetryConfig { limits: read.limits, ..config(receiver.url()) };
    let telemetry = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");

    let others: Vec<TraceContext> =
        (0..5).map(|_| telemetry.verb(Verb { name: "games.create" }).trace_context()).collect();
    let verb = telemetry.verb(Verb { name: "games.join" });
    verb.set(attr::user_id(1));
    verb.set(attr::guild_id(2));
    verb.set(attr::game_id(&3));
    verb.set(attr::outcome("ok"));
    for other in &others {
        verb.link(other);
    }
    tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
        tracing::warn!(name: "test.event", target: "test", { a = 1, b = 2, c = 3 }, "Much is said.");
    });
    drop(verb);
    telemetry.force_flush().await.expect("the receiver answers");

    let arrived = receiver.arrived();
    let (_, span) = arrived.spans.iter().find(|(_, span)| span.name == "games.join").expect("it arrived");
    let keys: Vec<_> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["muster.action", "user.id", "discord.guild.id"]);
    assert_eq!((span.dropped_attributes_count, span.links.len(), span.dropped_links_count), (2, 2, 3));
    let (_, record) = &arrived.logs[0];
    assert_eq!((record.attributes.len(), record.dropped_attributes_count), (1, 2));
}

#[tokio::test]
async fn people_are_hashed_on_spans_and_in_logs_when_the_operator_wants_it() {
    let receiver = Receiver::listen();
    let mut config = config(receiver.url());
    config.user_ids = UserIds::Hashed(telemetry::Secret::new("a key of one deployment".to_owned()));
    let api = Telemetry::init(ServiceName::Api, &config).expect("telemetry starts");
    let bot = Telemetry::init(ServiceName::Bot, &config).expect("telemetry starts");

    for telemetry in [&api, &bot] {
        let verb = telemetry.verb(Verb { name: "games.join" });
        verb.set(attr::user_id(80_351_110_224_678_912));
        verb.set(attr::guild_id(7));
        tracing::dispatcher::with_default(&telemetry.log_dispatch(), || {
            tracing::warn!(
                name: "test.event", target: "test",
                { user_id = "80351110224678912", guild_id = "7" }, "Somebody."
            );
            tracing::warn!(name: "test.event", target: "test", { user_id = 80_351_110_224_678_912_u64 }, "A number.");
        });
        drop(verb);
        telemetry.force_flush().await.expect("the receiver answers");
    }

    let arrived = receiver.arrived();
    let text = format!("{:?} {:?}", arrived.spans, arrived.logs);
    assert!(!text.contains("80351110224678912"), "an id is readable");
    let hash = "caef1978ee346bdb8ade7779eea468ac";
    let found = text.matches(hash).count();
    assert_eq!(found, 6, "the same on every span and record of every service");
}
