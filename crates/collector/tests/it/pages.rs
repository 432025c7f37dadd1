//! What people see.

use collector::KnownNames;
use http::Request;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    harness::{self, World},
    story::{self, API, BOT, CREATED, NOTIFICATION, REMINDED, STATUS},
};
use opentelemetry_proto::tonic::{
    metrics::v1::{Gauge, Metric, NumberDataPoint, metric::Data, number_data_point},
    trace::v1::span::SpanKind,
};

const AT: u64 = 1_777_660_200_000_000_000;
const SMALL: [u8; 16] = [0x51; 16];

/// A trace over four services, with a log line and a parent that has not arrived.
async fn small() -> World {
    let world = World::start().await;
    let spans = vec![
        story::span(API, SMALL, 1, 0, "POST /api/v1/games")
            .kind(SpanKind::Server)
            .at(AT, 0, 100)
            .with("http.route", "/api/v1/games")
            .number("http.response.status_code", 201),
        story::span(BOT, SMALL, 2, 1, "INSERT games")
            .kind(SpanKind::Client)
            .at(AT, 10, 40)
            .with("db.query.text", "INSERT INTO games (id) VALUES ($1)"),
        story::span(NOTIFICATION, SMALL, 3, 9, "notification.dispatch")
            .at(AT, 50, 75)
            .failed("timeout", "no answer"),
        story::span(STATUS, SMALL, 4, 3, "status_transition.apply").at(AT, 60, 70),
    ];
    world.send("traces", &story::export(spans)).await;
    let record = story::record(AT + 20_000, 13, "slow insert", (SMALL, 2));
    world.send("logs", &story::log_export(BOT, vec![record])).await;
    world.collector.flush().await;
    world
}

/// The waterfall as it reads: a line each, `depth class [where its bar lies] what is said`.
fn outline(page: &str) -> String {
    let from = page.find("<section class=\"waterfall\"").unwrap();
    let waterfall = &page[from..page.find("<p class=\"small muted trace-id\"").unwrap()];
    let lines = waterfall.split_inclusive('>').fold(vec![String::new()], |mut lines, tag| {
        let begins = ["<details class=\"span", "<p class=\"span-log", "<div class=\"span-line"];
        if begins.iter().any(|begin| tag.contains(begin)) {
            lines.push(String::new());
        }
        lines.last_mut().unwrap().push_str(tag);
        lines
    });
    lines.iter().skip(1).map(|line| line_outline(line)).collect::<Vec<_>>().join("\n")
}

fn line_outline(line: &str) -> String {
    let shown = line.split("<div class=\"span-details\"").next().unwrap();
    let attribute = |name: &str| shown.split_once(name).and_then(|(_, rest)| rest.split('"').next());
    let depth: usize = attribute("depth-").map_or(0, |depth| depth.parse().unwrap());
    let bar = attribute("<rect class=\"svc-fill\" x=\"").zip(attribute("y=\"4\" width=\""));
    let bar = bar.map(|(x, width)| format!("[{x} +{width}]")).unwrap_or_default();
    let words: Vec<_> = shown.split('<').filter_map(|tag| Some(tag.split_once('>')?.1.trim())).collect();
    let said = words.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" ");
    format!("{}{} {bar} {said}", "  ".repeat(depth), attribute("class=\"").unwrap())
}

#[tokio::test]
async fn a_waterfall_over_four_services() {
    let world = small().await;
    let page = world.get(&format!("/observatory/traces/{}", hex::encode(SMALL))).await.text();
    insta::assert_snapshot!(outline(&page), @r#"
        span-line span-ruler  Span 0 25.0 µs 50.0 µs 75.0 µs 100 µs Detail
        span svc-api [0.00% +100.00%] AP api-service POST /api/v1/games server 100 µs 201 /api/v1/games
          span svc-bot [10.00% +30.00%] BO bot-service INSERT games client 30.0 µs INSERT INTO games (id) VALUES ($1)
            span-log depth-2  warn slow insert +20.0 µs
        span-line span-pending  Pending span 0909090909090909 has not arrived: it has not ended yet, or is not sent here
          span svc-notification span-failed [50.00% +25.00%] NO notification-daemon notification.dispatch 25.0 µs no answer
            span svc-status [60.00% +10.00%] ST status-transition-daemon status_transition.apply 10.0 µs
        "#);
}

#[tokio::test]
async fn a_span_unfolds_to_everything_it_carries() {
    let world = small().await;
    let page = world.get(&format!("/observatory/traces/{}", hex::encode(SMALL))).await.text();
    for said in
        ["db.query.text", "service.instance.id", "0202020202020202", "Scope muster 0.1.0", "error.type"]
    {
        assert!(page.contains(said), "{said}");
    }
}

#[tokio::test]
async fn links_lead_both_ways() {
    let world = World::start().await;
    world.send("traces", &story::export(story::created(AT))).await;
    world.send("traces", &story::export(story::reminded(AT + 3_600_000_000_000))).await;
    world.collector.flush().await;
    let (created, reminded) = (hex::encode(CREATED), hex::encode(REMINDED));
    let page = world.get(&format!("/observatory/traces/{reminded}")).await.text();
    assert!(page.contains("Scheduled by"));
    assert!(page.contains(&format!("href=\"/observatory/traces/{created}#span-0202020202020202\"")));
    let page = world.get(&format!("/observatory/traces/{created}")).await.text();
    assert!(page.contains("Leads to"));
    assert!(page.contains(&format!("href=\"/observatory/traces/{reminded}#span-2121212121212121\"")));
}

#[tokio::test]
async fn every_page_says_what_it_is_before_anything_arrives() {
    let world = World::start().await;
    let said = [
        ("", "Nothing has arrived yet"),
        ("/traces", "No traces yet"),
        ("/traces?service=x", "No trace matches"),
        ("/logs", "No logs yet"),
        ("/logs?q=x", "No log record matches"),
        ("/metrics", "No metrics yet"),
        ("/metrics?name=x", "Nothing in this time"),
        ("/health", "The pipeline is turning"),
    ];
    for (path, words) in said {
        let answer = world.get(&format!("/observatory{path}")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.text().contains(words), "{path}");
    }
}

#[tokio::test]
async fn pages_need_no_script_and_no_inline_style() {
    let world = small().await;
    let counter = story::counter("muster.games.changes", AT, 3, &[("action", "created")]);
    world.send("metrics", &story::metric_export(API, vec![counter])).await;
    world.collector.flush().await;
    let trace = format!("/traces/{}", hex::encode(SMALL));
    for path in [
        "",
        "/traces",
        "/traces?name=games",
        "/games",
        &trace,
        "/logs",
        "/metrics",
        "/metrics?name=muster.games.changes",
        "/health",
    ] {
        let html = world.get(&format!("/observatory{path}")).await.text();
        for forbidden in ["<script", "style=", "<style", "onclick", "javascript:"] {
            assert!(!html.contains(forbidden), "{path} has {forbidden}");
        }
    }
}

#[tokio::test]
async fn what_senders_say_is_text_not_markup() {
    const EVIL: &str = "<script>alert(1)</script>\"'";
    let world = World::start().await;
    let at = harness::now_ns() - 1_000_000_000;
    let called = [
        story::span(API, SMALL, 1, 0, "GET /").kind(SpanKind::Server).at(at, 0, 9),
        story::span(EVIL, SMALL, 2, 1, EVIL)
            .kind(SpanKind::Server)
            .at(at, 0, 5)
            .with(EVIL, EVIL)
            .failed(EVIL, EVIL),
        story::span(EVIL, SMALL, 3, 2, EVIL)
            .at(at, 0, 1)
            .with("muster.game.id", EVIL)
            .with("muster.action", "games.join")
            .with("muster.delivery.id", EVIL)
            .with("muster.delivery.kind", EVIL)
            .with("muster.outcome", EVIL)
            .with("discord.channel.id", EVIL)
            .with("user.id", EVIL),
    ];
    world.send("traces", &story::export(called)).await;
    world.send("logs", &story::log_export(EVIL, vec![story::record(at, 9, EVIL, (SMALL, 1))])).await;
    let exported = [("error.type", EVIL)];
    let mut metrics =
        [(EVIL, 1), (EVIL, 2), ("otel.sdk.exporter.span.exported", 3), ("up", 0)].map(|(name, value)| {
            story::counter(name, at, value, if name == EVIL { &[(EVIL, EVIL)] } else { &exported })
        });
    metrics[0].description = EVIL.into();
    metrics[0].unit = EVIL.into();
    world.send("metrics", &story::metric_export(EVIL, metrics.into())).await;
    world.collector.flush().await;
    let evil: String = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    let trace = format!("/traces/{}", hex::encode(SMALL));
    let searched = format!("/traces?name={evil}&attribute={evil}&game={evil}");
    let (logs, metric) = (format!("/logs?q={evil}"), format!("/metrics?name={evil}"));
    let (story, found) = (format!("/games/{}", evil.replace('+', "%20")), format!("/traces?service={evil}"));
    for path in [
        "", "/traces", &searched, &found, &trace, "/games", &story, "/logs", &logs, "/metrics", &metric,
        "/health",
    ] {
        let html = world.get(&format!("/observatory{path}")).await.text();
        assert!(!html.contains("<script>"), "{path}");
        assert!(html.contains("&lt;script&gt;"), "{path}");
    }
    assert!(world.get(&format!("/observatory{story}")).await.text().contains("Joined"));
}

/// What the tiles of the overview say: label, value, and how it stands to its objective.
fn tiles(page: &str) -> Vec<String> {
    let tiles = page.split("class=\"card tile\"").skip(1).map(|tile| tile.split("</a>").next().unwrap());
    tiles.map(|tile| words(tile.split_once('>').unwrap().1)).collect()
}

fn words(html: &str) -> String {
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join(" | ")
}

#[tokio::test]
async fn tiles_and_the_map_say_what_is_not_well() {
    let world = World::start().await;
    let at = harness::now_ns() - 60_000_000_000;
    for nth in 0..4_u8 {
        let served =
            story::span(API, [nth + 1; 16], 1, 0, "POST /games").kind(SpanKind::Server).at(at, 0, 9_000);
        let served = if nth == 0 { served.failed("500", "It broke.") } else { served };
        let taken =
            story::span(BOT, [nth + 1; 16], 2, 1, "process").kind(SpanKind::Consumer).at(at, 9, 99_000);
        world.send("traces", &story::export([served, taken])).await;
    }
    for (minute, slow) in [(0, 0), (1, 50)] {
        let at = at + minute * 30_000_000_000;
        let acks = story::histogram("muster.interaction.ack.duration", at, [0, slow, 0, slow], &[]);
        world.send("metrics", &story::metric_export(BOT, vec![acks])).await;
    }
    world.send("metrics", &story::metric_export("postgresql", vec![gauge("up", at, 0)])).await;
    let redis = vec![gauge("up", at, 1), gauge("redis.memory.used", at, 3 << 20)];
    world.send("metrics", &story::metric_export("redis", redis)).await;
    world.collector.flush().await;
    let page = world.get("/observatory").await.text();
    insta::assert_snapshot!(tiles(&page).join("\n"), @"
    Requests answered | 75.0 % | objective 99.9 %
    Answers to Discord, p99 | over 500 ms | objective 500 ms
    postgresql | down | does not answer
    redis | 3.00 MiB memory | answers
    ");
    let drawing = page.split("class=\"map\"").nth(1).unwrap().split("</svg>").next().unwrap();
    insta::assert_snapshot!(words(drawing), @"4 calls | 4× | AP api-service | 4×, p99 9.14 ms,  | 25.0 % errors | BO bot-service | 4×, p99 103 ms");
}

fn gauge(name: &str, at_ns: u64, value: i64) -> Metric {
    let point = NumberDataPoint {
        time_unix_nano: at_ns,
        value: Some(number_data_point::Value::AsInt(value)),
        ..NumberDataPoint::default()
    };
    let data = Some(Data::Gauge(Gauge { data_points: vec![point] }));
    Metric { name: name.into(), data, ..Metric::default() }
}

#[tokio::test]
async fn every_log_record_can_be_reached() {
    let world = World::start().await;
    let said = |nth: u64| story::record(AT + nth * 1_000_000, 9, &format!("number {nth}."), (SMALL, 1));
    world.send("logs", &story::log_export(API, (0..120).map(said).collect())).await;
    world.collector.flush().await;
    let mut path = "/observatory/logs?service=api-service".to_owned();
    let (mut seen, mut pages) = (std::collections::BTreeSet::new(), 0);
    loop {
        let page = world.get(&path).await.text();
        let numbers = page.split("number ").skip(1).map(|rest| rest.split('.').next().unwrap().to_owned());
        seen.extend(numbers);
        pages += 1;
        let Some(href) = page.split('"').find(|part| part.contains("to=2")) else { break };
        path = href.replace("&amp;", "&");
        assert!(path.contains("service=api-service") && pages < 9, "{path}");
    }
    assert_eq!((seen.len(), pages), (120, 3));
    let before = world.read("logs?to=2026-05-01T18:30:00.003Z&from=2026-05-01T18:30:00.001Z").await;
    assert_eq!(before.as_array().unwrap().len(), 2, "from is inclusive, to is not");
}

#[tokio::test]
async fn names_that_nobody_lists_are_marked() {
    let known = KnownNames {
        metrics: ["muster.games.changes".to_owned()].into(),
        attributes: ["muster.action".to_owned()].into(),
    };
    let world = World::with(|config| config.options.known = Some(known)).await;
    let names = ["muster.games.changes", "muster.games.chnages", "redis.uptime", "otelcol.store.used", "up"];
    let metrics = names.map(|name| story::counter(name, AT, 3, &[])).into();
    world.send("metrics", &story::metric_export(API, metrics)).await;
    let span = story::span(API, SMALL, 1, 0, "games.join").at(AT, 0, 1);
    let span = span.with("muster.action", "games.join").with("muster.actoin", "games.join");
    world.send("traces", &story::export([span])).await;
    world.collector.flush().await;
    let mark = "not listed";
    let page = world.get("/observatory/metrics").await.text();
    assert_eq!(page.matches(mark).count(), 1, "one is not known, and some are the collector's own");
    let row = page.split("<tr>").find(|row| row.contains(mark)).unwrap();
    assert!(row.contains("name=muster.games.chnages"), "{row}");
    let page = world.get(&format!("/observatory/traces/{}", hex::encode(SMALL))).await.text();
    assert_eq!(page.matches(mark).count(), 1);
    let name = page.split("<dt>").find(|name| name.contains(mark)).unwrap();
    assert!(name.starts_with("muster.actoin"), "{name}");

    let silent = small().await;
    assert!(
        !silent.get("/observatory/traces").await.text().contains(mark),
        "nothing is marked without a list"
    );
}

#[tokio::test]
async fn what_is_wrong_is_said_on_a_page_of_its_own() {
    let world = World::start().await;
    let answer = world.get("/observatory/traces/4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("No such trace"));
    let answer = world.get("/observatory/traces?from=yesterday").await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("Wanted for from: a time like 2026-05-01T18:30:00Z."));
}

#[tokio::test]
async fn the_frame_shows_who_is_signed_in() {
    let world = World::start().await;
    let frame =
        collector::Frame { viewer: Some(("Wren".into(), "token".into())), ..collector::Frame::default() };
    let request = Request::get("/observatory").extension(frame).body(axum::body::Body::empty()).unwrap();
    let response =
        world.collector.observatory_router(CancellationToken::new()).oneshot(request).await.unwrap();
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("Wren"));
}

#[tokio::test]
async fn the_stylesheet_is_sent_once() {
    let world = World::start().await;
    let page = world.get("/observatory").await.text();
    let href = page.split('"').find(|part| part.starts_with("/observatory/assets/")).unwrap();
    let first = world.get(href).await;
    assert_eq!(
        (first.status.as_u16(), first.header("cache-control")),
        (200, "public, max-age=31536000, immutable")
    );
    let tag = first.header("etag").to_owned();
    let request = Request::get("/observatory/assets/observatory.css").header("if-none-match", tag);
    let router = world.collector.observatory_router(CancellationToken::new());
    let again = router.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(again.status(), 304);
}

#[tokio::test]
async fn pages_travel_compressed() {
    let world = small().await;
    let request = Request::get("/observatory/traces").header("accept-encoding", "gzip");
    let router = world.collector.observatory_router(CancellationToken::new());
    let response = router.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
}
