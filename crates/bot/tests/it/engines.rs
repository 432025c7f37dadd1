//! A database of PostgreSQL, behind a network that can fail, and a corner of a RabbitMQ broker for one story.

use actions::Ctx;
use bus::{Bus, RabbitConfig};
use clock::Clock;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use std::str::FromStr;
use store::{Store, StoreConfig};
use telemetry::{Secret, Telemetry};
use testkit::Proxy;

/// Servers on which tests may make things; `cargo xtask test` starts them and sets these.
const DATABASE: &str = "MUSTER_TEST_POSTGRES_URL";
const BROKER: &str = "MUSTER_TEST_AMQP_URL";

pub(crate) struct Engines {
    pub(crate) network: Proxy,
    /// Around the store and the network.
    pub(crate) raw: PgPool,
    name: String,
    server: String,
    broker: String,
}

impl Engines {
    /// None where no servers are named.
    pub(crate) async fn of_our_own(name: &str) -> Option<Self> {
        let (server, broker) = (variable(DATABASE)?, variable(BROKER)?);
        let name = format!("muster_bot_{name}_{}", std::process::id());
        order(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        order(&server, &format!("CREATE DATABASE {name}")).await;
        let options = PgConnectOptions::from_str(&server).unwrap().database(&name);
        let address = format!("{}:{}", options.get_host(), options.get_port());
        let address = tokio::net::lookup_host(address).await.unwrap().next().unwrap();
        let network = Proxy::before(address).await;
        Some(Self { network, raw: PgPool::connect_lazy_with(options), name, server, broker })
    }

    /// The rooms of a process on these engines, whose clock is its own.
    pub(crate) async fn ctx(&self, rooms: Ctx, clock: Clock) -> Ctx {
        let store = self.store(&rooms.telemetry, self.network.port()).await;
        store.migrate().await.unwrap();
        let store = match clock {
            Clock::System => store.due_by_server(),
            Clock::Practice(_) => store,
        };
        let broker = RabbitConfig {
            name_prefix: format!("{}.", self.name),
            ..RabbitConfig::new(Secret::new(self.broker.clone()))
        };
        let bus = Bus::rabbitmq(broker).unwrap();
        bus.declare(actions::relay::BOT_QUEUE);
        let quiet = store.for_service(&Telemetry::off(rooms.telemetry.service()));
        Ctx { store, quiet, bus, clock, ..rooms }
    }

    /// The same rooms in another process, from which the network doesn't stand before the database.
    pub(crate) async fn elsewhere(&self, rooms: &Ctx) -> Ctx {
        let options = PgConnectOptions::from_str(&self.server).unwrap();
        let store = self.store(&rooms.telemetry, options.get_port()).await;
        let quiet = store.for_service(&Telemetry::off(rooms.telemetry.service()));
        Ctx { store, quiet, ..rooms.clone() }
    }

    async fn store(&self, telemetry: &Telemetry, port: u16) -> Store {
        let options = PgConnectOptions::from_str(&self.server).unwrap().database(&self.name);
        let url = options.host("127.0.0.1").port(port).to_url_lossy();
        Store::open(&StoreConfig::Postgres(Secret::new(url.into())), telemetry).await.unwrap()
    }

    /// Runs SQL that returns nothing.
    pub(crate) async fn execute(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&self.raw).await.unwrap();
    }

    /// Takes everything away that was made here; what a story that fails has made stays to be looked at.
    pub(crate) async fn clear(self, ctx: &Ctx) {
        ctx.bus.close().await;
        ctx.store.close().await;
        self.raw.close().await;
        order(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it started")]
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        eprintln!(
            "left out: a bot whose engines fail, since {name} is not set (cargo xtask test starts them)"
        );
    }
    value
}

async fn order(server: &str, sql: &str) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
