//! What people see.

use http::Request;
use tower::ServiceExt as _;

use crate::{
    harness::World,
    story::{self, API, BOT, CREATED, NOTIFICATION, REMINDED, STATUS},
};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

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

/// One tag a line, without what unfolds.
fn outline(html: &str) -> String {
    let mut lines = Vec::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<div class=\"span-details\"") {
        lines.push(before);
        rest = after.split_once("</details>").unwrap().1;
        lines.push("</details>");
    }
    lines.push(rest);
    lines.concat().replace("><", ">\n<")
}

#[tokio::test]
async fn a_waterfall_over_four_services() {
    let world = small().await;
    let page = world.get(&format!("/observatory/traces/{}", hex::encode(SMALL))).await.text();
    let from = page.find("<section class=\"waterfall\"").unwrap();
    let waterfall = &page[from..page.find("<p class=\"small muted trace-id\"").unwrap()];
    insta::assert_snapshot!(outline(waterfall), @r#"
        <section class="waterfall" aria-label="Spans">
        <div class="span-line span-ruler" aria-hidden="true">
        <span>Span</span>
        <svg class="span-bar" width="100%" height="20">
        <text x="0%" y="14" text-anchor="start">0</text>
        <text x="25%" y="14" text-anchor="middle">25.0 µs</text>
        <text x="50%" y="14" text-anchor="middle">50.0 µs</text>
        <text x="75%" y="14" text-anchor="middle">75.0 µs</text>
        <text x="100%" y="14" text-anchor="end">100 µs</text>
        </svg>
        <span class="span-note">Detail</span>
        </div>
        <details class="span svc-api">
        <summary class="span-line">
        <span class="span-name depth-0">
        <span class="service" title="api-service">
        <b>AP</b>
        <span class="hidden">api-service</span>
        </span>
        <span class="span-what" title="POST /api/v1/games">POST /api/v1/games</span>
        <span class="span-kind">server</span>
        </span>
        <svg class="span-bar" width="100%" height="20" role="img" aria-label="starts after 0, takes 100 µs">
        <rect class="svc-fill" x="0.00%" y="4" width="100.00%" height="12" rx="2">
        </rect>
        <rect class="svc-fill" x="0.00%" y="4" width="2" height="12">
        </rect>
        <text class="span-inside" x="100.00%" dx="-6" y="14" text-anchor="end">100 µs</text>
        </svg>
        <span class="span-note" title="201 /api/v1/games">201 /api/v1/games</span>
        </summary>
        </details>
        <details class="span svc-bot">
        <summary class="span-line">
        <span class="span-name depth-1">
        <span class="service" title="bot-service">
        <b>BO</b>
        <span class="hidden">bot-service</span>
        </span>
        <span class="span-what" title="INSERT games">INSERT games</span>
        <span class="span-kind">client</span>
        </span>
        <svg class="span-bar" width="100%" height="20" role="img" aria-label="starts after 10.0 µs, takes 30.0 µs">
        <rect class="svc-fill" x="10.00%" y="4" width="30.00%" height="12" rx="2">
        </rect>
        <rect class="svc-fill" x="10.00%" y="4" width="2" height="12">
        </rect>
        <text class="" x="40.00%" dx="6" y="14" text-anchor="start">30.0 µs</text>
        </svg>
        <span class="span-note" title="INSERT INTO games (id) VALUES ($1)">INSERT INTO games (id) VALUES ($1)</span>
        </summary>
        </details>
        <p class="span-log depth-2">
        <span class="level level-warn">warn</span>
        <span class="span-log-text">slow insert</span>
        <span class="muted nowrap">+20.0 µs</span>
        </p>
        <div class="span-line span-pending">
        <span class="span-name">
        <span class="span-what">Pending span <code>0909090909090909</code>
        </span>
        </span>
        <span class="muted">has not arrived: it has not ended yet, or is not sent here</span>
        </div>
        <details class="span svc-notification span-failed">
        <summary class="span-line">
        <span class="span-name depth-1">
        <span class="service" title="notification-daemon">
        <b>NO</b>
        <span class="hidden">notification-daemon</span>
        </span>
        <span class="span-what" title="notification.dispatch">notification.dispatch</span>
        </span>
        <svg class="span-bar" width="100%" height="20" role="img" aria-label="starts after 50.0 µs, takes 25.0 µs">
        <rect class="svc-fill" x="50.00%" y="4" width="25.00%" height="12" rx="2">
        </rect>
        <rect class="svc-fill" x="50.00%" y="4" width="2" height="12">
        </rect>
        <text class="" x="75.00%" dx="6" y="14" text-anchor="start">25.0 µs</text>
        </svg>
        <span class="span-note" title="no answer">no answer</span>
        </summary>
        </details>
        <details class="span svc-status">
        <summary class="span-line">
        <span class="span-name depth-2">
        <span class="service" title="status-transition-daemon">
        <b>ST</b>
        <span class="hidden">status-transition-daemon</span>
        </span>
        <span class="span-what" title="status_transition.apply">status_transition.apply</span>
        </span>
        <svg class="span-bar" width="100%" height="20" role="img" aria-label="starts after 60.0 µs, takes 10.0 µs">
        <rect class="svc-fill" x="60.00%" y="4" width="10.00%" height="12" rx="2">
        </rect>
        <rect class="svc-fill" x="60.00%" y="4" width="2" height="12">
        </rect>
        <text class="" x="70.00%" dx="6" y="14" text-anchor="start">10.0 µs</text>
        </svg>
        <span class="span-note">
        </span>
        </summary>
        </details>
        </section>
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
    for path in ["", "/traces", &trace, "/logs", "/metrics", "/metrics?name=muster.games.changes", "/health"]
    {
        let html = world.get(&format!("/observatory{path}")).await.text();
        for forbidden in ["<script", "style=", "<style", "onclick", "javascript:"] {
            assert!(!html.contains(forbidden), "{path} has {forbidden}");
        }
    }
}

#[tokio::test]
async fn what_senders_say_is_text_not_markup() {
    let world = World::start().await;
    let evil = "<script>alert(1)</script>\"'";
    let spans = vec![story::span(API, SMALL, 1, 0, evil).at(AT, 0, 1).with(evil, evil).failed(evil, evil)];
    world.send("traces", &story::export(spans)).await;
    world.send("logs", &story::log_export(API, vec![story::record(AT, 9, evil, (SMALL, 1))])).await;
    world.collector.flush().await;
    for path in ["", "/traces", &format!("/traces/{}", hex::encode(SMALL)), "/logs"] {
        let html = world.get(&format!("/observatory{path}")).await.text();
        assert!(!html.contains("<script>"), "{path}");
        assert!(html.contains("&lt;script&gt;"), "{path}");
    }
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
    let response = world.collector.observatory_router().oneshot(request).await.unwrap();
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
    let router = world.collector.observatory_router();
    let again = router.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(again.status(), 304);
}
