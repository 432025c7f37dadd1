#![expect(clippy::expect_used, clippy::panic, reason = "a harness for tests fails by panicking")]

//! One harness for every test: a real store, the practice Discord behind the real client, a clock that stands still,
//! captured telemetry.
//!
//! A test opens a [`House`], lets people do things by the doors that it builds on [`House::ctx`], and ends it with
//! [`House::close`], which looks whether anything was left lying about.

mod games;
mod group;
mod guild;
mod network;
mod ports;
mod postgres;
mod rabbitmq;
mod script;

pub use games::actor;
pub use guild::{GUILD, person, snapshot};
pub use network::{Network, Proxy};
pub use postgres::Postgres;
pub use rabbitmq::RabbitMq;
pub use script::sketch;

use actions::{Ctx, Readiness};
use bus::Bus;
use cache::Cache;
use clock::{Chance, Clock, PracticeClock};
use discord::{Rest, RestConfig};
use jiff::Timestamp;
use practice::{Practice, PracticeConfig};
use std::path::PathBuf;
use std::time::Duration;
use store::{Store, StoreConfig};
use telemetry::{Captured, Secret, ServiceName, Telemetry};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// When every story begins.
pub const START: &str = "2026-06-01T12:00:00Z";
/// What should come in a moment is waited for this long; on a busy machine a moment is long.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the world is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The rooms of one service, with the practice Discord beside them.
#[derive(Debug)]
pub struct House {
    /// What verbs work with.
    pub ctx: Ctx,
    /// The clock that everything lives by; it stands still until it is moved.
    pub clock: PracticeClock,
    /// What the service told.
    pub captured: Captured,
    /// Stops what a test has started in the house.
    pub stop: CancellationToken,
    practice: Practice,
    stop_practice: CancellationToken,
    http: reqwest::Client,
    folder: TempDir,
}

impl House {
    /// Opens a house for one service. The guild is not known yet: the bot would hear of it, or
    /// [`House::know_the_guild`] tells it.
    ///
    /// # Panics
    /// When the machine has no port, no folder or no randomness to give.
    pub async fn open(service: ServiceName) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let start: Timestamp = START.parse().expect("it is an instant");
        let clock = PracticeClock::stopped_at(start);
        let stop_practice = CancellationToken::new();
        let practice = open_practice(&clock, &stop_practice).await;
        let folder = tempfile::tempdir().expect("a folder");
        let (telemetry, captured) = Telemetry::captured(service);
        let discord = client(&practice, telemetry.clone());
        let ctx = context(&folder, (telemetry, &clock), discord).await;
        let http = reqwest::Client::builder().build().expect("a client");
        let stop = CancellationToken::new();
        Self { ctx, clock, captured, stop, practice, stop_practice, http, folder }
    }

    /// Tells the house of the practice guild, as the gateway would.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn know_the_guild(&self) {
        actions::guilds::sync(&self.ctx, snapshot()).await.expect("the store takes it");
        self.captured.clear();
    }

    /// The rooms for work on another runtime, whose connections to Discord have to be its own.
    pub fn ctx_elsewhere(&self) -> Ctx {
        Ctx { discord: client(&self.practice, self.ctx.telemetry.clone()), ..self.ctx.clone() }
    }

    /// The rooms of another service in the same house, and what it tells.
    pub fn beside(&self, service: ServiceName) -> (Ctx, Captured) {
        let (telemetry, captured) = Telemetry::captured(service);
        let ctx = Ctx {
            store: self.ctx.store.for_service(&telemetry),
            quiet: self.ctx.store.for_service(&Telemetry::off(service)),
            discord: client(&self.practice, telemetry.clone()),
            readiness: Readiness::default(),
            telemetry,
            ..self.ctx.clone()
        };
        (ctx, captured)
    }

    /// The same rooms in another process: on the same database, whose commits give no hints here, and with a bus and
    /// a cache of its own.
    ///
    /// # Panics
    /// When the database can't be opened once more.
    pub async fn in_another_process(&self) -> Ctx {
        let telemetry = self.ctx.telemetry.clone();
        context(&self.folder, (telemetry.clone(), &self.clock), client(&self.practice, telemetry)).await
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        database(&self.folder)
    }

    /// The bot's token.
    pub fn token(&self) -> Secret<String> {
        Secret::new(self.practice.token().to_owned())
    }

    /// The address of the practice Discord's REST API.
    pub fn discord_api(&self) -> String {
        format!("http://{}/api/v10", self.practice.address())
    }

    /// Waits until something is so.
    ///
    /// # Panics
    /// When it never comes.
    pub async fn until(&self, what: &str, so: impl AsyncFn(&Self) -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while !so(self).await {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        let came = waited.await.is_ok();
        assert!(came, "it never came: {what}\n{:#}", serde_json::Value::from(self.oracle().await));
    }

    /// Ends everything that was started in the house.
    ///
    /// # Panics
    /// When something of it is still in use.
    pub async fn close(self) {
        self.stop.cancel();
        self.ctx.background.close();
        self.ctx.background.wait().await;
        self.stop_practice.cancel();
        self.practice.wait().await;
        self.ctx.store.close().await;
        self.folder.close().expect("the folder can be removed");
    }

    /// Looks whether anything was left lying about, for tests in which relay and bot run.
    ///
    /// # Panics
    /// When an event was not published or a delivery has not ended.
    pub async fn assert_tidy(&self) {
        self.until("an empty outbox and an ended ledger", async |house| {
            let mut tx = house.ctx.quiet.read().await.expect("the store");
            let waiting = store::outbox::waiting(&mut tx).await.expect("the outbox");
            let open = store::deliveries::open(&mut tx).await.expect("the ledger");
            waiting.pending == 0 && open == 0
        })
        .await;
    }
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("muster.db")
}

async fn open_practice(clock: &PracticeClock, stop: &CancellationToken) -> Practice {
    let config = PracticeConfig {
        listener: TcpListener::bind("127.0.0.1:0").await.expect("a port"),
        clock: Clock::Practice(clock.clone()),
        chance: Chance::seeded(1),
        data: None,
        strict_limits: true,
        token: None,
    };
    Practice::start(config, stop.clone()).await.expect("the practice Discord")
}

fn client(practice: &Practice, telemetry: Telemetry) -> Rest {
    let api = format!("http://{}/api/v10", practice.address());
    let config = RestConfig { api, token: Secret::new(practice.token().to_owned()) };
    Rest::new(&config, telemetry, Chance::seeded(2)).expect("a client")
}

async fn context(folder: &TempDir, (telemetry, clock): (Telemetry, &PracticeClock), discord: Rest) -> Ctx {
    let file = StoreConfig::Sqlite(database(folder));
    let store = Store::open(&file, &telemetry).await.expect("a database");
    store.migrate().await.expect("a schema");
    let bus = Bus::in_process();
    bus.declare(actions::relay::BOT_QUEUE);
    Ctx {
        quiet: store.for_service(&Telemetry::off(telemetry.service())),
        store,
        bus,
        cache: Cache::memory(),
        discord,
        telemetry,
        clock: Clock::Practice(clock.clone()),
        chance: Chance::seeded(3),
        readiness: Readiness::default(),
        background: TaskTracker::new(),
    }
}
