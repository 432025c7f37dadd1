//! The three servers, with something of each that is ours alone.

use crate::program::{Home, browser};
use sqlx::Executor as _;
use sqlx::postgres::PgPoolOptions;

/// Who has a keyspace of Redis above the first sixteen, which belong to other tests; xtask's server has enough.
const KEYSPACES: [&str; 27] = [
    "mute",
    "stalled",
    "half_open",
    "roles",
    "shards",
    "arriving",
    "ailing",
    "rows",
    "cuts",
    "alarm",
    "killed",
    "refusing",
    "redis",
    "cramped",
    "skewed",
    "readiness",
    "refused",
    "rolling",
    "claims",
    "transfer",
    "doctor",
    "strangers",
    "dead",
    "migrating",
    "outage",
    "twos",
    "story",
];

/// Addresses of a database, a keyspace and a virtual host that nobody else uses.
pub(crate) struct Servers {
    pub(crate) database: String,
    /// Who migrates, where that is somebody else.
    pub(crate) owner: Option<String>,
    pub(crate) redis: String,
    pub(crate) amqp: String,
    /// The broker's management API, and the name of our virtual host there.
    management: (String, String),
}

/// The addresses of PostgreSQL, Redis and RabbitMQ, and that of the latter's management API; says what is left out where
/// not all are named.
pub(crate) fn named(what: &str) -> Option<[String; 4]> {
    let variables = [
        "MUSTER_TEST_POSTGRES_URL",
        "MUSTER_TEST_REDIS_URL",
        "MUSTER_TEST_AMQP_URL",
        "MUSTER_TEST_RABBITMQ_MANAGEMENT_URL",
    ];
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where the servers are")]
    let found: Vec<_> = variables.iter().filter_map(|variable| std::env::var(variable).ok()).collect();
    let found: Result<[String; 4], _> = found.try_into();
    if found.is_err() {
        println!("left out: {what}, since not all of {variables:?} are set");
    }
    found.ok()
}

impl Servers {
    /// None where no servers are named.
    pub(crate) async fn of_our_own(name: &str) -> Option<Self> {
        let [postgres, redis, amqp, management] = &named("five processes")?;
        let own = format!("muster_{name}_{}", std::process::id());
        Some(Self {
            database: database(postgres, &own).await,
            owner: None,
            redis: format!("{}/{}", redis.trim_end_matches('/'), keyspace(name)),
            amqp: virtual_host(amqp, management, &own).await,
            management: (management.clone(), own),
        })
    }

    /// An environment in which every service works with these.
    pub(crate) fn home(&self) -> Home {
        let home = Home::watched().set("DATABASE_URL", &self.database);
        let home = home.set("REDIS_URL", &self.redis).set("AMQP_URL", &self.amqp);
        match &self.owner {
            Some(owner) => home.set("DATABASE_MIGRATION_URL", owner),
            None => home,
        }
    }

    /// Makes a queue that is not as ours are.
    pub(crate) async fn declare_classic(&self, queue: &str) {
        let (management, host) = &self.management;
        let classic = serde_json::json!({ "durable": true, "arguments": { "x-queue-type": "classic" } });
        let made =
            browser().put(format!("{management}/api/queues/{host}/{queue}")).json(&classic).send().await;
        assert!(made.unwrap().status().is_success());
    }
}

fn keyspace(name: &str) -> usize {
    let place = KEYSPACES.iter().position(|own| *own == name).expect("a keyspace of its own");
    16 + place
}

async fn database(server: &str, name: &str) -> String {
    let pool = PgPoolOptions::new().max_connections(1).connect(server).await.unwrap();
    pool.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).await.unwrap();
    pool.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    pool.close().await;
    let (before, _) = server.rsplit_once('/').unwrap();
    format!("{before}/{name}")
}

async fn virtual_host(amqp: &str, management: &str, name: &str) -> String {
    let http = browser();
    let user = url::Url::parse(amqp).unwrap().username().to_owned();
    let all = serde_json::json!({ "configure": ".*", "write": ".*", "read": ".*" });
    let vhost = http.put(format!("{management}/api/vhosts/{name}"));
    assert!(vhost.send().await.unwrap().status().is_success());
    let permission = http.put(format!("{management}/api/permissions/{name}/{user}")).json(&all);
    assert!(permission.send().await.unwrap().status().is_success());
    let (before, _) = amqp.rsplit_once('/').unwrap();
    format!("{before}/{name}")
}
