//! The engines, as the settings say: what is embedded, or servers that are waited for.

use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::settings::Settings;
use crate::wiring::{Rooms, describe};
use actions::{Gate, Readiness};
use bus::{Bus, Health, RabbitConfig};
use cache::{Cache, Trouble};
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

/// How long engines may take to say good-bye.
const LEAVES_WITHIN: Duration = Duration::from_secs(2);

/// How often database and cache are asked whether they are there.
const ASK_EVERY: Duration = Duration::from_secs(5);

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
    waiting: (&Readiness, &CancellationToken),
) -> Result<Option<Store>, Failure> {
    let open = async || Ok(due_by(Store::open(config, telemetry).await?, clock));
    once_there(config, waiting, open).await
}

/// The same for a service that brings nothing up to date: a schema that lacks something is an error, too. It is said
/// when the database lets the service see more than it asks for.
pub(crate) async fn complete_store(
    config: &StoreConfig,
    (telemetry, clock): (&Telemetry, &Clock),
    waiting: (&Readiness, &CancellationToken),
) -> Result<Option<Store>, Failure> {
    let open = async || {
        let store = due_by(Store::open(config, telemetry).await?, clock);
        refuse_pending(&store).await?;
        warn_unwalled(&store).await?;
        Ok(store)
    };
    once_there(config, waiting, open).await
}

/// Opens the database as soon as it can be reached to the end of that.
async fn once_there(
    config: &StoreConfig,
    (readiness, stop): (&Readiness, &CancellationToken),
    open: impl AsyncFn() -> Result<Store, Failure>,
) -> Result<Option<Store>, Failure> {
    let gate = readiness.gate("database");
    let mut pause = FIRST_PAUSE;
    loop {
        let failure = match open().await {
            Ok(store) => {
                gate.open();
                return Ok(Some(store));
            }
            Err(failure) if !failure.may_pass() || matches!(config, StoreConfig::Sqlite(_)) => {
                return Err(failure);
            }
            Err(failure) => failure,
        };
        gate.close("The database can't be reached.");
        let reason = describe(&failure);
        tracing::warn!(name: "process.waits_for_database", { reason }, "The database can't be reached; trying again.");
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return Ok(None);
        }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Several processes agree by the server's clock on what is due; a practice clock is one that all follow.
pub(crate) fn due_by(store: Store, clock: &Clock) -> Store {
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

/// Starts what runs beside the services: hearing what other processes write, and saying how the engines are. It ends with
/// `stop`. Without the bus only those are not ready who take events from it: what the others tell stays in the outbox.
pub(crate) fn watch(
    settings: &Settings,
    rooms: &Rooms,
    needs_bus: bool,
    stop: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let Rooms { store, bus, cache, readiness, .. } = rooms;
    let database = watch_database(store.clone(), readiness.gate("database"), stop.clone());
    let mut tasks = vec![telemetry::spawn(database)];
    if settings.engines.database.is_some() {
        let (store, stop) = (store.clone(), stop.clone());
        tasks.push(telemetry::spawn(async move { store.listen(stop).await }));
    }
    if settings.engines.amqp.is_some() {
        let gate = readiness.gate("bus");
        tasks.push(telemetry::spawn(watch_bus((bus.clone(), needs_bus), gate, stop.clone())));
    }
    if settings.engines.redis.is_some() {
        let watching = watch_cache(cache.clone(), readiness.gate("cache"), stop.clone());
        tasks.push(telemetry::spawn(watching));
    }
    tasks
}

/// Says how the cache is, until stopped. Nobody needs it: values are loaded without it, and the limiter that the
/// processes share keeps each of them to a lower rate.
async fn watch_cache(cache: Cache, gate: Gate, stop: CancellationToken) {
    let mut told = false;
    while let Some(health) = stop.run_until_cancelled(cache.health()).await {
        if let Err(old @ Trouble::TooOld { .. }) = &health
            && !std::mem::replace(&mut told, true)
        {
            tracing::warn!(name: "process.cache_too_old", { reason = %old }, "{old}; nothing may be kept in it.");
        }
        match health {
            Ok(()) => gate.open(),
            Err(trouble) => gate.hamper(trouble.to_string()),
        }
        if stop.run_until_cancelled(tokio::time::sleep(ASK_EVERY)).await.is_none() {
            return;
        }
    }
}

/// Says how the bus is, until stopped.
async fn watch_bus((bus, needed): (Bus, bool), gate: Gate, stop: CancellationToken) {
    loop {
        match bus.health() {
            Health::Up => gate.open(),
            // Whoever takes events from it goes on taking them.
            health @ Health::Blocked(_) => gate.hamper(health.to_string()),
            health if needed => gate.close(health.to_string()),
            health => gate.hamper(health.to_string()),
        }
        if stop.run_until_cancelled(tokio::time::sleep(FIRST_PAUSE)).await.is_none() {
            return;
        }
    }
}

/// Says whether the database is there and its schema complete, until stopped.
async fn watch_database(store: Store, gate: Gate, stop: CancellationToken) {
    let mut away = false;
    while let Some(state) = stop.run_until_cancelled(store.migration_state()).await {
        match &state {
            Ok(state) if state.pending() == 0 => gate.open(),
            Ok(state) => gate.close(format!("{} migrations are pending.", state.pending())),
            Err(_) => gate.close("The database can't be reached."),
        }
        if let Err(error) = &state
            && !away
        {
            let reason = describe(error);
            tracing::warn!(name: "process.database_away", { reason }, "The database can't be reached; trying again.");
        } else if away && state.is_ok() {
            tracing::info!(name: "process.database_back", "The database is back.");
        }
        away = state.is_err();
        if stop.run_until_cancelled(tokio::time::sleep(ASK_EVERY)).await.is_none() {
            return;
        }
    }
}

/// Lets go of the engines when nobody works with them any more; one that says nothing is left where it is.
pub(crate) async fn leave(rooms: &Rooms) {
    let leaving = async { tokio::join!(rooms.bus.close(), rooms.store.close()) };
    let _ = tokio::time::timeout(LEAVES_WITHIN, leaving).await;
}

/// A service doesn't start on a schema that lacks something.
pub(crate) async fn refuse_pending(store: &Store) -> Result<(), Failure> {
    match store.migration_state().await?.pending() {
        0 => Ok(()),
        pending => Err(Failure::Pending(pending)),
    }
}

/// Says once when the database lets a service see more than the guild that it asks for.
async fn warn_unwalled(store: &Store) -> Result<(), Failure> {
    if let Some(reason) = store::doctor::unwalled(store).await? {
        tracing::warn!(
            name: "process.unwalled",
            { reason },
            "Row-level security does not hold this process; only its statements keep guilds apart."
        );
    }
    Ok(())
}
