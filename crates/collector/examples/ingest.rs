//! How fast a collector takes spans, and how fast its pages are when it holds many.
//!
//! `cargo run --release -p collector --example ingest -- [spans per second] [seconds] [spans for the pages]` starts a
//! collector in a process of its own and sends it OTLP over gRPC at that rate (arrivals on a schedule), then fills it up
//! to a million spans and asks for each page. It prints what was received and stored, the CPU time and the memory of the
//! collector alone, and percentiles of the pages. With `serve` as the first argument it is that collector.
//! `cargo xtask bench collector` runs it and reads the lines that begin with `figure` and `sample`.

use std::{
    env,
    error::Error,
    process::Stdio,
    time::{Duration, Instant},
};

use axum::{Router, middleware::map_response};
use collector::{Collector, CollectorConfig, Options};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, trace_service_client::TraceServiceClient},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::SpanKind, status::StatusCode},
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

const SERVICES: [&str; 4] = ["api-service", "bot-service", "notification-daemon", "status-transition-daemon"];
const SPANS_PER_TRACE: u64 = 10;
const SPANS_PER_EXPORT: u64 = 500;
const SENDERS: u64 = 4;
/// At its memory, while it receives.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
const PAGE_ROUNDS: usize = 40;
const MAX_STORE_BYTES: u64 = 4 << 30;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    if env::args().nth(1).as_deref() == Some("serve") {
        return serve().await;
    }
    let number = |nth, usual: u64| env::args().nth(nth).map_or(Ok(usual), |text| text.parse());
    let (rate, seconds, held) = (number(1, 10_000)?, number(2, 60)?, number(3, 1_000_000)?);
    let mut world = World::start().await?;
    world.ingest(rate, seconds).await?;
    world.fill(held.saturating_sub(rate * seconds), rate * seconds).await?;
    world.pages().await?;
    world.child.kill().await?;
    Ok(())
}

/// The collector, with its pages, until it is killed.
async fn serve() -> Outcome {
    let folder = tempfile::tempdir()?;
    let config = CollectorConfig {
        data: folder.path().join("telemetry.db"),
        http: TcpListener::bind("127.0.0.1:0").await?,
        grpc: TcpListener::bind("127.0.0.1:0").await?,
        bearer_token: None,
        max_bytes: MAX_STORE_BYTES,
        max_age: CollectorConfig::DEFAULT_MAX_AGE,
        options: Options::default(),
    };
    let collector = Collector::start(config, CancellationToken::new()).await?;
    let app: Router =
        collector.observatory_router(CancellationToken::new()).layer(map_response(look::security_headers));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{} {}", collector.grpc_address(), listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

struct World {
    child: Child,
    pages: String,
    channel: Channel,
    now_ns: u64,
}

impl World {
    async fn start() -> Outcome<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg("serve")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the collector says nothing")?;
        let line = BufReader::new(stdout).lines().next_line().await?.ok_or("the collector ended")?;
        let (grpc, pages) = line.split_once(' ').ok_or("the collector says something else")?;
        let channel = Channel::from_shared(format!("http://{grpc}"))?.connect().await?;
        #[expect(clippy::disallowed_methods, reason = "what is sent happens now")]
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        Ok(Self {
            child,
            pages: format!("http://{pages}/observatory"),
            channel,
            now_ns: u64::try_from(now.as_nanos())?,
        })
    }

    /// Sends at a rate and says what became of it.
    async fn ingest(&self, rate: u64, seconds: u64) -> Outcome {
        let before = self.usage()?;
        let began = Instant::now();
        let mut senders = tokio::task::JoinSet::new();
        for sender in 0..SENDERS {
            let (channel, now_ns) = (self.channel.clone(), self.now_ns);
            senders.spawn(send(
                channel,
                now_ns,
                Schedule { sender, rate, exports: rate * seconds / SPANS_PER_EXPORT / SENDERS },
            ));
        }
        let mut refused = 0;
        let (mut resident, mut look) = (Vec::new(), tokio::time::interval(BETWEEN_LOOKS));
        loop {
            tokio::select! {
                sent = senders.join_next() => match sent {
                    Some(sent) => refused += sent??,
                    None => break,
                },
                _ = look.tick() => resident.push(self.usage()?.rss_mib),
            }
        }
        let sending = began.elapsed();
        let health = self.settled().await?;
        let took = began.elapsed();
        let after = self.usage()?;
        let cpu = after.cpu_seconds - before.cpu_seconds;
        println!(
            "sent for {sending:.1?}, all stored after {took:.1?}; exports that were refused and repeated: {refused}"
        );
        let spans = |what| health["signals"][0][what].as_u64().unwrap_or_default();
        let (received, stored) = (spans("received"), spans("stored"));
        println!("received {received} stored {stored}");
        let cpu_percent = cpu / took.as_secs_f64() * 100.0;
        let Usage { rss_mib, peak_mib, .. } = after;
        println!(
            "CPU {cpu:.1} s = {cpu_percent:.0} % of one core; RSS {rss_mib:.0} MiB, peak {peak_mib:.0} MiB"
        );
        println!("figure,spans sent and not stored,{}", (rate * seconds).abs_diff(stored));
        println!("figure,spans received and not stored,{}", received.abs_diff(stored));
        println!("figure,percent of one core,{cpu_percent:.1}");
        told_of_memory(&resident);
        Ok(())
    }

    /// As fast as it goes.
    async fn fill(&self, spans: u64, from: u64) -> Outcome {
        let mut client = TraceServiceClient::new(self.channel.clone());
        for export in 0..spans / SPANS_PER_EXPORT {
            let request = request(self.now_ns, from + export * SPANS_PER_EXPORT);
            while client.export(request.clone()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        let health = self.settled().await?;
        println!(
            "holds {} spans in {} MiB",
            health["signals"][0]["stored"],
            health["store_bytes"].as_u64().unwrap_or_default() >> 20
        );
        Ok(())
    }

    /// Waits until nothing is queued.
    async fn settled(&self) -> Outcome<serde_json::Value> {
        loop {
            let health: serde_json::Value =
                serde_json::from_slice(&get(&format!("{}/api/health", self.pages)).await?.1)?;
            if health["queued_items"] == 0 && health["signals"][0]["queued"] == 0 {
                return Ok(health);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks for each page many times.
    async fn pages(&self) -> Outcome {
        let trace = hex::encode(trace_id(7_000));
        let slow = self.now_ns;
        let minute =
            jiff::Timestamp::from_nanosecond(i128::from(slow))?.strftime("%Y-%m-%dT%H:%M").to_string();
        let paths = [
            String::new(),
            "/traces".into(),
            "/traces?service=bot-service".into(),
            "/traces?error=true".into(),
            "/traces?min_ms=500".into(),
            "/traces?name=games.join".into(),
            "/traces?name=nothing-is-called-so".into(),
            "/traces?attribute=server.address%3Dnowhere".into(),
            format!("/traces?to={minute}"),
            format!("/traces/{trace}"),
            "/games".into(),
            format!("/games/{}", game(3)),
            "/logs".into(),
            "/logs?q=nothing".into(),
            "/metrics".into(),
            "/health".into(),
        ];
        println!("{:42} {:>9} {:>9} {:>9}", "page", "p50", "p95", "bytes");
        let mut slowest = Duration::ZERO;
        for path in paths {
            slowest = slowest.max(self.page(&path).await?);
        }
        let usage = self.usage()?;
        println!("RSS {:.0} MiB, peak {:.0} MiB", usage.rss_mib, usage.peak_mib);
        println!("figure,slowest page p95 in ms,{:.1}", slowest.as_secs_f64() * 1e3);
        println!("figure,most memory in MiB,{:.1}", usage.peak_mib);
        Ok(())
    }

    /// Asks for one page many times; gives the time that 95 % of the answers stay below.
    async fn page(&self, path: &str) -> Outcome<Duration> {
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..PAGE_ROUNDS {
            let began = Instant::now();
            let (status, body) = get(&format!("{}{path}", self.pages)).await?;
            times.push(began.elapsed());
            if status != 200 {
                return Err(format!("{path}: {status}").into());
            }
            bytes = body.len();
        }
        times.sort();
        for took in &times {
            println!("sample,/observatory{path} in µs,{}", took.as_micros());
        }
        let (p50, p95) = (times[times.len() / 2], times[times.len() * 95 / 100]);
        println!("{path:42} {p50:>9.1?} {p95:>9.1?} {bytes:>9}");
        Ok(p95)
    }

    fn usage(&self) -> Outcome<Usage> {
        const TICKS_PER_SECOND: f64 = 100.0;
        let id = self.child.id().ok_or("the collector ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let mib = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default()
                / 1024.0
        };
        Ok(Usage { cpu_seconds: ticks / TICKS_PER_SECOND, rss_mib: mib("VmRSS:"), peak_mib: mib("VmHWM:") })
    }
}

struct Usage {
    cpu_seconds: f64,
    rss_mib: f64,
    peak_mib: f64,
}

/// Every look at the memory, and what the last quarter of them is of the second: the first is its beginning.
fn told_of_memory(resident: &[f64]) {
    for mib in resident {
        println!("sample,memory while it receives in MiB,{mib:.1}");
    }
    let median = |looks: &[f64]| {
        let mut looks = looks.to_vec();
        looks.sort_by(f64::total_cmp);
        looks.get(looks.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let quarter = resident.len() / 4;
    let (early, late) = (median(&resident[quarter..2 * quarter]), median(&resident[3 * quarter..]));
    println!("memory while it receives: {early:.1} MiB in the second quarter, {late:.1} MiB in the last");
    println!("figure,growth of memory,{:.3}", late / early);
}

async fn get(address: &str) -> Outcome<(u16, Vec<u8>)> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().gzip(true).build()?;
    let answer = http.get(address).send().await?;
    Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
}

/// What one of the senders has to send.
#[derive(Clone, Copy)]
struct Schedule {
    sender: u64,
    rate: u64,
    exports: u64,
}

/// Sends each export when its time has come, late ones at once; repeats what is refused and says how often.
async fn send(channel: Channel, now_ns: u64, Schedule { sender, rate, exports }: Schedule) -> Outcome<u64> {
    let mut client = TraceServiceClient::new(channel);
    let began = Instant::now();
    let gap = Duration::from_secs(SPANS_PER_EXPORT * SENDERS) / u32::try_from(rate)?;
    let mut refused = 0;
    for export in 0..exports {
        tokio::time::sleep_until((began + gap * u32::try_from(export)?).into()).await;
        let request = request(now_ns, (export * SENDERS + sender) * SPANS_PER_EXPORT);
        while client.export(request.clone()).await.is_err() {
            refused += 1;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(refused)
}

/// 500 spans of 50 traces over four services, as services send them.
fn request(now_ns: u64, first: u64) -> ExportTraceServiceRequest {
    let mut spans: Vec<Vec<Span>> = vec![Vec::new(); SERVICES.len()];
    for nth in first..first + SPANS_PER_EXPORT {
        let at = usize::try_from(nth % SPANS_PER_TRACE / 3).unwrap_or_default();
        spans[at].push(span(now_ns, nth));
    }
    let resource_spans = spans.into_iter().zip(SERVICES).map(|(spans, service)| ResourceSpans {
        resource: Some(Resource { attributes: vec![text("service.name", service)], ..Resource::default() }),
        scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    });
    ExportTraceServiceRequest { resource_spans: resource_spans.collect() }
}

fn span(now_ns: u64, nth: u64) -> Span {
    let (trace, within) = (nth / SPANS_PER_TRACE, nth % SPANS_PER_TRACE);
    // A quarter of an hour, most of it before now.
    let start = now_ns - 880_000_000_000 + trace % 90_000 * 10_000_000 + within * 400_000;
    let slow = if trace.is_multiple_of(1_000) { 600_000_000 } else { 0 };
    let mut attributes = vec![text("db.system.name", "postgresql"), text("server.address", "127.0.0.1")];
    let (name, kind) = match within {
        0 => ("POST /api/v1/games/{id}/join", SpanKind::Server),
        1 => ("games.join", SpanKind::Internal),
        3 => ("publish muster.events", SpanKind::Producer),
        4 => ("process muster.bot", SpanKind::Consumer),
        9 => ("delivery.send card", SpanKind::Internal),
        _ => ("SELECT participants", SpanKind::Client),
    };
    match kind {
        SpanKind::Client => attributes.push(text(
            "db.query.text",
            "SELECT id, user_id, joined_at FROM participants WHERE game_id = $1 ORDER BY joined_at, id",
        )),
        _ => attributes.push(text("muster.game.id", &game(trace % 5_000))),
    }
    let failed = trace.is_multiple_of(100) && within == 9;
    let code = if failed { StatusCode::Error } else { StatusCode::Unset } as i32;
    Span {
        trace_id: trace_id(trace),
        span_id: mixed(nth + 1).to_be_bytes().to_vec(),
        parent_span_id: if within == 0 { Vec::new() } else { mixed(nth).to_be_bytes().to_vec() },
        name: name.into(),
        kind: kind as i32,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 1_000_000 * (SPANS_PER_TRACE - within) + slow,
        attributes,
        status: Some(Status { code, ..Status::default() }),
        ..Span::default()
    }
}

fn game(nth: u64) -> String {
    format!("019a9c3e-7d10-7000-8000-{nth:012}")
}

fn trace_id(nth: u64) -> Vec<u8> {
    [mixed(nth ^ 0x5555), mixed(nth + 77)].map(u64::to_be_bytes).concat()
}

/// Ids are random bytes; these are the same in every run (the finalizer of splitmix64).
fn mixed(nth: u64) -> u64 {
    let mut x = nth.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.into())) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}
