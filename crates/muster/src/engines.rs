//! The engines, as the settings say: what is embedded, or servers that are waited for.

use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::settings::Settings;
use crate::wiring::{Rooms, describe};
use actions::Readiness;
use bus::{Bus, RabbitConfig};
use cache::Cache;
use clock::{Chance, Clock};
use std::time::Duration;
use store::{MigrationState, Store, StoreConfig};
use telemetry::{ServiceName, Telemetry};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Between the first attempts to reach a server; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Between later ones.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Which database the settings name; `folder` holds the embedded one.
pub(crate) fn database(settings: &Settings, folder: Option<&DataFolder>) -> Result<StoreConfig, Failure> {
    match (&settings.engines.database, folder) {
        (Some(url), _) => Ok(StoreConfig::Postgres(url.clone())),
        (None, Some(folder)) => Ok(StoreConfig::Sqlite(folder.database())),
        (None, None) => Err(Failure::setting("DATABASE_URL", NEEDED)),
    }
}

/// What is said of an engine without which processes can't work together.
pub(crate) const NEEDED: &str =
    "a service in a process of its own shares it with the others; muster up has one of its own";

/// Opens the database. A server that can't be reached is waited for, and readiness says so; none when `stop` comes
/// first. One that refuses us is an error at once: waiting mends no password.
pub(crate) async fn store(
    config: &StoreConfig,
    (telemetry, clock): (&Telemetry, &Clock),
    (readiness, stop): (&Readiness, &CancellationToken),
) -> Result<Option<Store>, Failure> {
    let gate = readiness.gate("database");
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match Store::open(config, telemetry).await {
            Ok(store) => {
                gate.open();
                return Ok(Some(due_by(store, clock)));
            }
            Err(error) if !error.is_transient() || matches!(config, StoreConfig::Sqlite(_)) => {
                return Err(error.into());
            }
            Err(error) => error,
        };
        gate.close("The database can't be reached.");
        let reason = describe(&error);
        tracing::warn!(name: "process.waits_for_database", { reason }, "The database can't be reached; trying again.");
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return Ok(None);
        }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Several processes agree by the server's clock on what is due; a practice clock is one that all follow.
fn due_by(store: Store, clock: &Clock) -> Store {
    match clock {
        Clock::System => store.due_by_server(),
        Clock::Practice(_) => store,
    }
}

/// The bus: a broker that needn't be there yet, or channels of this process.
pub(crate) fn bus(settings: &Settings, service: &str) -> Result<Bus, Failure> {
    let Some(url) = &settings.engines.amqp else { return Ok(Bus::in_process()) };
    let config = RabbitConfig { connection_name: service.to_owned(), ..RabbitConfig::new(url.clone()) };
    Bus::rabbitmq(config).map_err(|error| Failure::setting("AMQP_URL", error.to_string()))
}

/// The cache: a server that needn't be there yet, or the memory of this process.
pub(crate) fn cache(settings: &Settings, chance: &Chance) -> Result<Cache, Failure> {
    let Some(url) = &settings.engines.redis else { return Ok(Cache::memory()) };
    Cache::redis(url, chance.clone()).map_err(|error| Failure::setting("REDIS_URL", error.to_string()))
}

/// Applies what the schema lacks, as the owner of the tables where that is somebody else.
pub(crate) async fn migrate(
    settings: &Settings,
    folder: Option<&DataFolder>,
) -> Result<MigrationState, Failure> {
    let config = match &settings.engines.migration {
        Some(url) => StoreConfig::Postgres(url.clone()),
        None => database(settings, folder)?,
    };
    let store = Store::open(&config, &Telemetry::off(ServiceName::Api)).await?;
    let migrated = async {
        store.migrate().await.map_err(|error| Failure::Migrate(describe(&error)))?;
        Ok(store.migration_state().await?)
    };
    let migrated = migrated.await;
    store.close().await;
    migrated
}

/// Starts what runs beside the services when engines are servers: hearing what other processes write, and how the bus
/// is. It ends with `stop`.
pub(crate) fn watch(settings: &Settings, rooms: &Rooms, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    if settings.engines.database.is_some() {
        let (store, stop) = (rooms.store.clone(), stop.clone());
        tasks.push(telemetry::spawn(async move { store.listen(stop).await }));
    }
    if settings.engines.amqp.is_some() {
        tasks.push(telemetry::spawn(watch_bus(rooms.bus.clone(), rooms.readiness.clone(), stop.clone())));
    }
    tasks
}

/// Says how the bus is, until stopped.
async fn watch_bus(bus: Bus, readiness: Readiness, stop: CancellationToken) {
    let gate = readiness.gate("bus");
    loop {
        match bus.health() {
            health if health.is_up() => gate.open(),
            health => gate.close(health.to_string()),
        }
        if stop.run_until_cancelled(tokio::time::sleep(FIRST_PAUSE)).await.is_none() {
            return;
        }
    }
}

/// A service doesn't start on a schema that lacks something.
pub(crate) async fn refuse_pending(store: &Store) -> Result<(), Failure> {
    match store.migration_state().await?.pending() {
        0 => Ok(()),
        pending => Err(Failure::Pending(pending)),
    }
}
