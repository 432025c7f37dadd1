//! What a span costs its caller, from its creation to its place in the queue, with its metrics.
//!
//! `cargo bench -p telemetry` prints, for each kind, the median over many rounds of the nanoseconds per span:
//! recorded and queued; the same while the export thread works on batches at that very rate, which no service
//! reaches; not sampled; and with telemetry off. The last column is the CPU time of all threads per span, until
//! it is in a request to a receiver. The receiver is away, as in the worst case.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench tells people what it found")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use telemetry::{
    Batching, CacheCall, CacheSystem, Cycle, Daemon, Database, DbSystem, Delivery, Dispatch, Exporter,
    GatewayEvent, HttpClient, HttpServer, Interaction, MessagingSystem, Process, Publish, Sampling,
    ServiceName, Settle, Settlement, Statement, Telemetry, TelemetryConfig, TraceContext, Transition, Verb,
    attr,
};
use tokio::runtime::Runtime;
use url::Url;

const ROUNDS: usize = 200;
/// About a batch: more would measure how the queue's memory is fetched from the operating system.
const SPANS_PER_ROUND: u32 = 500;

static SELECT: Statement = Statement {
    summary: "SELECT games",
    operation: "SELECT",
    collection: Some("games"),
    text: "SELECT id, title, starts_at FROM games WHERE guild_id = $1 ORDER BY starts_at LIMIT 50",
};

type Kind = (&'static str, fn(&Telemetry, &TraceContext));

const KINDS: [Kind; 15] = [
    ("verb", |telemetry, _| drop(telemetry.verb(Verb { name: "games.join" }))),
    ("verb, three attributes", |telemetry, _| {
        let span = telemetry.verb(Verb { name: "games.join" });
        span.set(attr::user_id(80_351_110_224_678_912));
        span.set(attr::guild_id(80_351_110_224_678_913));
        span.set(attr::outcome("seated"));
    }),
    ("http server", |telemetry, _| {
        telemetry.http_server(request()).response(200);
    }),
    ("http client", |telemetry, _| {
        telemetry.http_client(call()).response(200);
    }),
    ("database", |telemetry, _| {
        let database = Database { system: DbSystem::Sqlite, namespace: "muster", statement: &SELECT };
        telemetry.database(database).returned_rows(3);
    }),
    ("cache (redis)", |telemetry, _| {
        drop(telemetry.cache(CacheCall { system: CacheSystem::Redis, operation: "GET", prefix: "member" }));
    }),
    ("publish", |telemetry, parent| drop(telemetry.publish(published(), parent))),
    ("process", |telemetry, parent| drop(telemetry.process(processed(), parent))),
    ("settle", |telemetry, _| {
        let (system, operation) = (MessagingSystem::InProcess, Settlement::Ack);
        drop(telemetry.settle(Settle { system, queue: "muster.bot", operation, delivery_tag: 7 }));
    }),
    ("interaction", |telemetry, _| {
        drop(telemetry.interaction(Interaction { kind: "component", name: "join", id: 7 }));
    }),
    ("gateway event", |telemetry, _| {
        drop(telemetry.gateway_event(GatewayEvent { event: "GUILD_CREATE", shard: 0 }));
    }),
    ("cycle", |telemetry, _| {
        drop(telemetry.cycle(Cycle { daemon: Daemon::Notification, due: 3, claimed: 3, wake_reason: "due" }));
    }),
    ("dispatch", |telemetry, link| {
        let scheduled = "2026-11-22T18:00:00Z";
        let dispatch = Dispatch { notification: "n1", kind: "reminder", scheduled, game: "g1" };
        drop(telemetry.dispatch(dispatch, link));
    }),
    ("transition", |telemetry, link| {
        let time = "2026-11-22T18:00:00Z";
        drop(telemetry.transition(Transition { game: "g1", old: "scheduled", new: "running", time }, link));
    }),
    ("delivery", |telemetry, parent| {
        let delivery = Delivery { kind: "reminder", delivery: "d1", attempt: 1, game: "g1" };
        drop(telemetry.delivery(delivery, parent));
    }),
];

const fn request() -> HttpServer<'static> {
    HttpServer {
        method: "GET",
        route: Some("/api/v1/games/{id}"),
        path: "/api/v1/games/0199",
        scheme: "http",
        link: None,
    }
}

const fn call() -> HttpClient<'static> {
    HttpClient {
        method: "POST",
        template: "/channels/{channel}/messages",
        server: "discord.test",
        port: 443,
        url: "https://discord.test/api/v10/channels/80351110224678912/messages",
    }
}

const fn published() -> Publish<'static> {
    Publish {
        system: MessagingSystem::InProcess,
        exchange: "muster.events",
        routing_key: "game.created",
        message_id: "0199c0de-0000-7000-8000-000000000000",
        body_bytes: 120,
    }
}

const fn processed() -> Process<'static> {
    Process {
        system: MessagingSystem::InProcess,
        queue: "muster.bot",
        routing_key: "game.created",
        message_id: "0199c0de-0000-7000-8000-000000000000",
        delivery_tag: 7,
    }
}

fn telemetry(ratio: f64, batch_items: usize, delay: Duration) -> Telemetry {
    // Nobody listens at the port that means nothing, and nobody waits long for them.
    let endpoint = Url::parse("http://127.0.0.1:9").expect("it is a URL");
    let mut config = TelemetryConfig { endpoint: Some(endpoint), ..TelemetryConfig::default() };
    config.sampling = Sampling { ratio, parent_based: true };
    config.traces.timeout = Duration::from_millis(1);
    config.metrics.exporter = Exporter::None;
    config.logs.exporter = Exporter::None;
    "off".clone_into(&mut config.log_filter);
    let limits = Batching { queue_items: 20_000, queue_bytes: 64 << 20, ..Batching::default() };
    config.span_batches = Batching { batch_items, delay, ..limits };
    Telemetry::init(ServiceName::Api, &config).expect("telemetry starts")
}

/// The median over all rounds of the nanoseconds per span; between rounds the queue is emptied.
fn measure(runtime: &Runtime, telemetry: &Telemetry, work: fn(&Telemetry, &TraceContext)) -> f64 {
    let elsewhere = telemetry.verb(Verb { name: "games.create" }).trace_context();
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..SPANS_PER_ROUND {
                work(black_box(telemetry), black_box(&elsewhere));
            }
            let nanos = began.elapsed().as_secs_f64() * 1e9 / f64::from(SPANS_PER_ROUND);
            // What nobody takes is dropped and counted, which is an error of no interest here.
            let _ = runtime.block_on(telemetry.force_flush());
            nanos
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

/// The CPU time of all threads per span in nanoseconds, from its creation to its place in a request.
fn measure_in_all(telemetry: &Telemetry, work: fn(&Telemetry, &TraceContext)) -> f64 {
    let elsewhere = telemetry.verb(Verb { name: "games.create" }).trace_context();
    let before = cpu_nanos();
    for _ in 0..ROUNDS {
        for _ in 0..SPANS_PER_ROUND {
            work(black_box(telemetry), black_box(&elsewhere));
        }
        while telemetry.accounts().traces.queued > u64::from(SPANS_PER_ROUND) {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
    let spans = f64::from(SPANS_PER_ROUND) * f64::from(u32::try_from(ROUNDS).unwrap_or(u32::MAX));
    (cpu_nanos() - before) / spans
}

/// What the threads of this process have run so far, as the scheduler counts it.
fn cpu_nanos() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux tells of threads");
    let nanos = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    nanos.sum()
}

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (never, soon) = (Duration::from_hours(1), Duration::from_millis(20));
    let (quiet, busy) = (telemetry(1.0, 20_000, never), telemetry(1.0, 64, never));
    let (unsampled, off) = (telemetry(0.0, 512, never), Telemetry::off(ServiceName::Api));
    println!("ns per span, median");
    let steady = telemetry(1.0, 512, soon);
    println!(
        "{:<24} {:>10} {:>12} {:>12} {:>8} {:>8}",
        "kind", "recorded", "exporting", "not sampled", "off", "in all"
    );
    for (name, work) in KINDS {
        let [quiet, busy, unsampled, off] =
            [&quiet, &busy, &unsampled, &off].map(|telemetry| measure(&runtime, telemetry, work));
        let in_all = measure_in_all(&steady, work);
        println!("{name:<24} {quiet:>10.0} {busy:>12.0} {unsampled:>12.0} {off:>8.0} {in_all:>8.0}");
    }
    let account = busy.accounts().traces;
    println!(
        "spans: {} created, {} lost, balanced: {}",
        account.created,
        account.lost(),
        account.is_balanced()
    );
}
