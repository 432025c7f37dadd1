//! What a page costs when a hundred thousand spans are held, and when one trace has most of them.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    harness::{self, World},
    story::{self, API, BOT, Made},
};

/// The slowest that a page may be; the quickest of a few tries says what it costs, the others what else the machine did.
const BAR: Duration = Duration::from_millis(200);
const TRIES: usize = 5;
const TRACES: u16 = 1_000;
const SPANS_PER_TRACE: u64 = 40;
/// One trace that somebody forgot to end.
const LONG: [u8; 16] = [0xee; 16];
const SPANS_OF_LONG: u64 = 60_000;
const SPANS_PER_EXPORT: usize = 10_000;
const MINUTE_NS: u64 = 60_000_000_000;

/// A thousand traces of two services, each about a game, one in twenty with an error.
fn traces(now: u64) -> impl Iterator<Item = Made> {
    (0..TRACES).flat_map(move |nth| {
        let mut trace = [0x10; 16];
        trace[..2].copy_from_slice(&nth.to_be_bytes());
        let at = now - 10 * MINUTE_NS + u64::from(nth) * 1_000_000;
        (0..SPANS_PER_TRACE).map(move |id| {
            let service = if id < 20 { API } else { BOT };
            let parent = u8::from(id > 0);
            let mut span =
                story::span(service, trace, 1, parent, "SELECT games").at(at, id * 10, id * 10 + 900);
            if id == 0 {
                span = story::span(service, trace, 1, 0, "POST /api/v1/games/{id}/join").at(at, 0, 40_000);
                span = span
                    .with("muster.game.id", &format!("game-{}", nth % 50))
                    .with("muster.action", "games.join");
            }
            if id == 39 && nth % 20 == 0 {
                span = span.failed("50007", "Cannot send messages to this user");
            }
            if id > 0 {
                span.set_id(id + 1_000);
            }
            span
        })
    })
}

fn long(now: u64) -> impl Iterator<Item = Made> {
    (0..SPANS_OF_LONG).map(move |id| {
        let mut span = story::span(BOT, LONG, 1, 0, "loop.turn").at(now - 5 * MINUTE_NS, id, id + 1);
        span.set_id(id + 1);
        span
    })
}

async fn crowd() -> World {
    let world = World::with(|config| config.max_bytes = 512 << 20).await;
    let now = harness::now_ns();
    let spans: Vec<Made> = traces(now).chain(long(now)).collect();
    for spans in spans.chunks(SPANS_PER_EXPORT) {
        assert_eq!(world.send("traces", &story::export(spans.iter().cloned())).await.status, 200);
        world.collector.flush().await;
    }
    for minute in 0..10 {
        let at = now - 10 * MINUTE_NS + minute * MINUTE_NS;
        let records =
            (0..500).map(|nth| story::record(at + nth, 9, "Answered a request.", (LONG, 1))).collect();
        world.send("logs", &story::log_export(API, records)).await;
        let counts = [minute * 40, minute * 12, minute, 0];
        let metric =
            story::histogram("http.server.request.duration", at, counts, &[("http.route", "/games")]);
        world.send("metrics", &story::metric_export(API, vec![metric])).await;
    }
    world.collector.flush().await;
    assert_eq!(world.collector.health().signals[0].stored, 100_000);
    world
}

#[tokio::test]
async fn every_page_is_quick_over_a_hundred_thousand_spans() {
    let world = crowd().await;
    let one = hex::encode([&[0, 7][..], &[0x10; 14]].concat());
    let pages = [
        "",
        "/traces",
        "/traces?service=api-service",
        "/traces?service=bot-service&error=true",
        "/traces?name=join",
        "/traces?attribute=error.type%3D50007",
        "/traces?game=game-7",
        &format!("/traces/{one}"),
        "/games",
        "/games/game-7",
        "/logs",
        "/logs?q=answered",
        "/logs?severity=warn",
        "/metrics",
        "/metrics?name=http.server.request.duration",
        "/health",
    ];
    let mut slow = Vec::new();
    for page in pages {
        let took = quickest(&world, page).await;
        println!("{took:>10.1?} {page}");
        slow.extend((took > BAR).then(|| format!("{page} took {took:?}")));
    }
    assert_eq!(slow, [""; 0]);
}

async fn quickest(world: &World, page: &str) -> Duration {
    let mut quickest = Duration::MAX;
    for _ in 0..TRIES {
        let began = Instant::now();
        let answer = world.get(&format!("/observatory{page}")).await;
        quickest = quickest.min(began.elapsed());
        assert_eq!(answer.status, 200, "{page}");
    }
    quickest
}

#[tokio::test]
async fn one_endless_trace_spoils_no_page() {
    let world = crowd().await;
    let listed = world.read("traces?limit=3").await;
    assert_eq!(listed[0]["trace_id"], hex::encode(LONG), "the newest");
    assert_eq!((&listed[0]["spans"], &listed[0]["partial"]), (&500.into(), &true.into()));
    assert!(world.get("/observatory/traces").await.text().contains("500+"));
    let other = world.read("traces?game=game-7&limit=1").await;
    assert_eq!((&other[0]["spans"], &other[0]["partial"]), (&40.into(), &Value::Null));

    let told = world.read(&format!("traces/{}", hex::encode(LONG))).await;
    assert_eq!((told["spans"].as_array().unwrap().len(), &told["partial"]), (20_000, &true.into()));
    let page = world.get(&format!("/observatory/traces/{}", hex::encode(LONG))).await.text();
    assert!(page.contains("more spans than are read at once"));

    // What is behind it is found by looking further back, however often that takes.
    let mut path = "/observatory/traces?service=bot-service&attribute=error.type%3D50007".to_owned();
    let mut looks = 0;
    loop {
        let page = world.get(&path).await.text();
        if page.contains("/join") {
            break;
        }
        assert!(!page.contains("No trace matches"), "it says that there is none");
        assert!(page.contains("Looked back to"), "{page}");
        path = page.split('"').find(|part| part.contains("to=")).unwrap().replace("&amp;", "&");
        looks += 1;
        assert!(looks < 100, "it comes no further than {path}");
    }
}
