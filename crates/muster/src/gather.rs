//! `muster collector`: the collector and its Observatory in a process of their own.

use crate::banner;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::lifecycle::Signals;
use crate::listeners::Bound;
use crate::service;
use crate::settings::Settings;
use crate::wiring;
use actions::Readiness;
use axum::Router;
use clock::{Chance, Clock};
use collector::Collector;
use std::process::ExitCode;
use std::time::Duration;
use telemetry::{ServiceName, Telemetry};
use tokio_util::sync::CancellationToken;
use web::Health;

/// For its own last telemetry, which it takes itself.
const FLUSH: Duration = Duration::from_secs(5);

/// Receives, shows and forwards until it is asked to stop.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    if !settings.listen.ip().is_loopback() {
        let reason = "the Observatory asks nobody who they are, so it listens on this machine only";
        return Err(Failure::setting("MUSTER_LISTEN", reason));
    }
    let doors = Doors {
        pages: Bound::bind(settings.listen, "MUSTER_LISTEN")?,
        health: Bound::bind(settings.health, "MUSTER_HEALTH_LISTEN")?,
        grpc: Bound::bind(settings.otlp_grpc, "MUSTER_OTLP_GRPC")?,
        http: Bound::bind(settings.otlp_http, "MUSTER_OTLP_HTTP")?,
    };
    let folder = DataFolder::take(&settings.data)?;
    let ambience = (&Clock::System, &Chance::from_os()?);
    let config = wiring::telemetry_of(settings, doors.http.address, ambience)?;
    let telemetry = Telemetry::init(ServiceName::Collector, &config)?;
    telemetry.observe_process();
    tracing::dispatcher::set_global_default(telemetry.log_dispatch())
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    let ground = service::runtime("collector", &telemetry, settings.workers)?;
    let end = ground.block_on(live(settings, doors, (&folder, &telemetry)));
    ground.shutdown_timeout(FLUSH);
    end.map(|()| ExitCode::SUCCESS)
}

struct Doors {
    pages: Bound,
    health: Bound,
    grpc: Bound,
    http: Bound,
}

impl Doors {
    fn lines(&self, data: &std::path::Path) -> Vec<String> {
        vec![
            "Muster's collector is running. Ctrl-C stops it.".to_owned(),
            format!("  observatory  http://{}/observatory", self.pages.address),
            format!("  health       http://{}", self.health.address),
            format!("  otlp-grpc    http://{}", self.grpc.address),
            format!("  otlp-http    http://{}", self.http.address),
            format!("  data         {}", data.display()),
        ]
    }
}

async fn live(
    settings: &Settings,
    doors: Doors,
    (folder, telemetry): (&DataFolder, &Telemetry),
) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let lines = doors.lines(&settings.data);
    let Doors { pages, health, grpc, http } = doors;
    // Receiving goes on until the last of what it tells of itself is in.
    let (serving, receiving) = (CancellationToken::new(), CancellationToken::new());
    let config = settings.collector(folder.telemetry(), (http, grpc))?;
    let collector = Collector::start(config, receiving.clone()).await?;
    let routes = Router::new()
        .merge(collector.observatory_router(serving.clone()))
        .nest(look::ASSETS, look::assets_router());
    let pages = telemetry::spawn(web::serve_routes(pages.into_tokio()?, routes, serving.clone()));
    let answers =
        Health { readiness: Readiness::default(), version: crate::VERSION.to_owned(), stop: serving.clone() };
    let health = telemetry::spawn(web::serve_health(health.into_tokio()?, answers));
    banner::say(&lines);
    signals.asked_to_stop().await;
    serving.cancel();
    for task in [pages, health] {
        // A panic there has been logged.
        let _ = task.await;
    }
    if let Err(error) = telemetry.shutdown(FLUSH).await {
        tracing::warn!(name: "telemetry.flush_failed", { reason = %error }, "Some telemetry was lost.");
    }
    receiving.cancel();
    collector.flush().await;
    collector.wait().await;
    Ok(())
}
