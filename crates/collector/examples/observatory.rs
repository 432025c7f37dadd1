//! A collector with an evening of made-up telemetry, to look at the Observatory's pages.
//!
//! With a path as the second argument it shows the store in that file; with `empty` there is nothing in it.
//!
//! `cargo run -p collector --example observatory -- 127.0.0.1:8090`, then open <http://127.0.0.1:8090/observatory>.

#[path = "../tests/it/story.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod story;

use std::{env, error::Error, time::UNIX_EPOCH};

use axum::{Router, middleware::map_response};
use collector::{Collector, CollectorConfig, Options};
use opentelemetry_proto::tonic::collector::{
    logs::v1::logs_service_client::LogsServiceClient,
    metrics::v1::metrics_service_client::MetricsServiceClient,
    trace::v1::trace_service_client::TraceServiceClient,
};
use story::{API, BOT, CREATED, NOTIFICATION, REMINDED, STATUS};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

const SECOND_NS: u64 = 1_000_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8090".into());
    let folder = tempfile::tempdir()?;
    let what = env::args().nth(2).unwrap_or_default();
    let data = if what.contains('/') { what.clone().into() } else { folder.path().join("telemetry.db") };
    let config = CollectorConfig {
        data,
        http: TcpListener::bind("127.0.0.1:0").await?,
        grpc: TcpListener::bind("127.0.0.1:0").await?,
        bearer_token: None,
        max_bytes: CollectorConfig::DEFAULT_MAX_BYTES,
        max_age: CollectorConfig::DEFAULT_MAX_AGE,
        options: Options::default(),
    };
    let collector = Collector::start(config, CancellationToken::new()).await?;
    if what.is_empty() {
        fill(&collector).await?;
    }
    let app: Router = collector
        .observatory_router(CancellationToken::new())
        .nest(look::ASSETS, look::assets_router())
        .layer(map_response(look::security_headers));
    let listener = TcpListener::bind(&address).await?;
    println!("http://{}/observatory", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn fill(collector: &Collector) -> Result<(), Box<dyn Error>> {
    let channel = Channel::from_shared(format!("http://{}", collector.grpc_address()))?.connect().await?;
    #[expect(clippy::disallowed_methods, reason = "the made-up evening is this evening")]
    let now = u64::try_from(std::time::SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
    spans(TraceServiceClient::new(channel.clone()), now).await?;
    logs(LogsServiceClient::new(channel.clone()), now).await?;
    points(MetricsServiceClient::new(channel), now).await?;
    collector.flush().await;
    Ok(())
}

async fn spans(mut client: TraceServiceClient<Channel>, now: u64) -> Result<(), Box<dyn Error>> {
    client.export(story::export(story::created(now - 700 * SECOND_NS))).await?;
    client.export(story::export(story::reminded(now - 40 * SECOND_NS))).await?;
    client.export(story::export(story::started([0x99; 16], now - 30 * SECOND_NS))).await?;
    for nth in 1..=60_u8 {
        let at = now - 800 * SECOND_NS + u64::from(nth) * 12 * SECOND_NS;
        let mut trace = [nth; 16];
        trace[0] = 0xa0;
        let joined = story::joined(trace, at, 1_000 + u64::from(nth % 7) * 900);
        client.export(story::export(joined)).await?;
    }
    Ok(())
}

async fn logs(mut client: LogsServiceClient<Channel>, now: u64) -> Result<(), Box<dyn Error>> {
    let created = now - 700 * SECOND_NS;
    let reminded = now - 40 * SECOND_NS;
    let said = [
        (API, story::record(created + 20_000_000, 9, "game created", (CREATED, 2))),
        (BOT, story::record(created + 66_000_000, 13, "rate limited by Discord, waiting", (CREATED, 8))),
        (BOT, story::record(created + 180_000_000, 9, "announcement posted", (CREATED, 6))),
        (NOTIFICATION, story::record(reminded + 8_000_000, 9, "reminder is due", (REMINDED, 0x21))),
        (
            BOT,
            story::record(
                reminded + 187_000_000,
                17,
                "direct message refused: recipient has closed them",
                (REMINDED, 0x27),
            ),
        ),
        (STATUS, story::record(now - 30 * SECOND_NS, 9, "game started", ([0x99; 16], 0x31))),
    ];
    for (service, record) in said {
        client.export(story::log_export(service, vec![record])).await?;
    }
    Ok(())
}

async fn points(mut client: MetricsServiceClient<Channel>, now: u64) -> Result<(), Box<dyn Error>> {
    for minute in 0..60_u64 {
        let at = now - (59 - minute) * 60 * SECOND_NS;
        let wave = (minute * 7) % 13;
        let total = i64::try_from(minute * 5 + wave)?;
        let routes = ["/api/v1/games", "/api/v1/games/{id}", "/api/v1/games/{id}/join"];
        let mut metrics: Vec<_> = (1..)
            .zip(routes)
            .map(|(weight, route)| {
                let counts = [minute * 40 * weight, minute * 12 + wave * 3, minute * weight, minute / 9];
                story::histogram("http.server.request.duration", at, counts, &[("http.route", route)])
            })
            .collect();
        metrics.push(story::counter(
            "muster.games.changes",
            at,
            total,
            &[("action", "created"), ("door", "api")],
        ));
        metrics.push(story::counter(
            "muster.games.changes",
            at,
            total / 3,
            &[("action", "cancelled"), ("door", "page")],
        ));
        client.export(story::metric_export(API, metrics)).await?;
    }
    Ok(())
}
