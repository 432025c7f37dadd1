//! The rooms, built once and given to every service.

use crate::failure::Failure;
use crate::settings::Settings;
use actions::{Ctx, Readiness};
use bus::Bus;
use cache::Cache;
use clock::{Chance, Clock, PracticeClock};
use discord::{Rest, RestConfig};
use std::net::SocketAddr;
use store::Store;
use telemetry::{Secret, ServiceName, Telemetry, TelemetryConfig};
use tokio_util::task::TaskTracker;
use url::Url;

/// What all services of one process share.
#[derive(Debug)]
pub(crate) struct Rooms {
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) cache: Cache,
    pub(crate) discord: Rest,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) readiness: Readiness,
}

impl Rooms {
    /// The rooms as one service uses them: its spans, its logs.
    pub(crate) fn ctx(&self, telemetry: &Telemetry) -> Ctx {
        Ctx {
            store: self.store.for_service(telemetry),
            quiet: self.store.for_service(&Telemetry::off(telemetry.service())),
            bus: self.bus.clone(),
            cache: self.cache.clone(),
            discord: self.discord.for_service(telemetry.clone()),
            telemetry: telemetry.clone(),
            clock: self.clock.clone(),
            chance: self.chance.clone(),
            readiness: self.readiness.clone(),
            background: TaskTracker::new(),
        }
    }
}

/// Time and chance: the machine's, or a practice clock that people can move.
pub(crate) fn ambience(settings: &Settings) -> Result<(Clock, Chance), Failure> {
    let clock = match settings.bot_token {
        None => Clock::Practice(PracticeClock::running()),
        Some(_) => Clock::System,
    };
    Ok((clock, Chance::from_os()?))
}

/// The settings of a service's telemetry; without an endpoint of the operator's it goes to the embedded collector.
pub(crate) fn telemetry_of(
    settings: &Settings,
    collector: SocketAddr,
    (clock, chance): (&Clock, &Chance),
) -> Result<TelemetryConfig, Failure> {
    let mut config = settings.telemetry.clone();
    config.instance_id = chance.uuid(clock.now());
    // One name for four services would make them one.
    config.service_name = None;
    if config.endpoint.is_none() {
        config.endpoint = Some(http_url("MUSTER_OTLP_HTTP", &format!("http://{collector}"))?);
    }
    Ok(config)
}

/// The URL of an address of ours; `variable` is what set it.
pub(crate) fn http_url(variable: &str, url: &str) -> Result<Url, Failure> {
    Url::parse(url).map_err(|error| Failure::setting(variable, error.to_string()))
}

/// An error with its causes, in one line.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What is at the bottom of an error: whatever is above it may say the same once more.
pub(crate) fn root(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

/// The client for the bot's Discord.
pub(crate) fn discord(
    api: &Url,
    token: Secret<String>,
    (telemetry, chance, cache): (&Telemetry, &Chance, &Cache),
) -> Result<Rest, Failure> {
    let api = api.as_str().trim_end_matches('/').to_owned();
    Ok(Rest::sharing(&RestConfig { api, token }, telemetry.clone(), chance.clone(), cache)?)
}

/// One telemetry for each of the five services.
#[derive(Debug)]
pub(crate) struct Telemetries {
    pub(crate) api: Telemetry,
    pub(crate) bot: Telemetry,
    pub(crate) notification: Telemetry,
    pub(crate) status_transition: Telemetry,
    pub(crate) collector: Telemetry,
}

impl Telemetries {
    /// Builds them; the collector needn't be there yet.
    pub(crate) fn init(
        settings: &Settings,
        collector: SocketAddr,
        ambience: (&Clock, &Chance),
    ) -> Result<Self, Failure> {
        let init = |service| -> Result<Telemetry, Failure> {
            Ok(Telemetry::init(service, &telemetry_of(settings, collector, ambience)?)?)
        };
        Ok(Self {
            api: init(ServiceName::Api)?,
            bot: init(ServiceName::Bot)?,
            notification: init(ServiceName::NotificationDaemon)?,
            status_transition: init(ServiceName::StatusTransitionDaemon)?,
            collector: init(ServiceName::Collector)?,
        })
    }

    /// All of them; the collector, which takes what the others send last, comes last.
    pub(crate) fn all(&self) -> [&Telemetry; 5] {
        [&self.api, &self.bot, &self.notification, &self.status_transition, &self.collector]
    }
}
