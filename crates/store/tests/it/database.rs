//! A database for one story.

use crate::dump::Dump;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, SqlitePool};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{Store, StoreConfig, Tx};
use telemetry::{Captured, DbSystem, Secret, ServiceName, Telemetry};
use tempfile::TempDir;

/// A server on which tests may make databases; `cargo xtask test` starts one and sets it.
const URL: &str = "MUSTER_TEST_POSTGRES_URL";

/// Tells each story on SQLite and on PostgreSQL.
macro_rules! stories {
    ($($story:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $story() {
                $crate::database::Database::in_a_file().await.tell(super::$story).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $story() {
                if let Some(database) = $crate::database::Database::on_a_server().await {
                    database.tell(super::$story).await;
                }
            })*
        }
    };
}

/// A fresh database with every migration applied, and what its store's spans say.
pub(crate) struct Database {
    pub(crate) store: Store,
    pub(crate) captured: Captured,
    /// Around the store, for what no function of it does.
    pub(crate) raw: Raw,
    pub(crate) config: StoreConfig,
    home: Home,
}

enum Home {
    Folder(TempDir),
    Server { url: String, name: String },
}

/// Connections without the store.
pub(crate) enum Raw {
    Lite(SqlitePool),
    Pg(PgPool),
}

impl Database {
    /// On SQLite.
    pub(crate) async fn in_a_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster.db");
        let config = StoreConfig::Sqlite(path.clone());
        let (store, captured) = open(&config).await;
        store.migrate().await.unwrap();
        let options = SqliteConnectOptions::new().filename(path).foreign_keys(true);
        let raw = Raw::Lite(SqlitePool::connect_lazy_with(options));
        Self { store, captured, raw, config, home: Home::Folder(folder) }
    }

    /// On PostgreSQL, if there is one.
    pub(crate) async fn on_a_server() -> Option<Self> {
        let url = server()?;
        let name = format!("muster_test_{}_{}", std::process::id(), next_number());
        let template = template(&url).await;
        let make = [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name} TEMPLATE {template}"),
        ];
        order(&url, make).await;
        let config = StoreConfig::Postgres(Secret::new(at_database(&url, &name)));
        let (store, captured) = open(&config).await;
        let options = PgConnectOptions::from_str(&url).unwrap().database(&name);
        let raw = Raw::Pg(PgPool::connect_lazy_with(options));
        Some(Self { store, captured, raw, config, home: Home::Server { url, name } })
    }

    /// Tells a story here and takes the database away; one of a story that fails on a server stays to be looked
    /// at.
    pub(crate) async fn tell(self, story: impl AsyncFnOnce(&Self)) {
        story(&self).await;
        self.store.close().await;
        match (self.raw, self.home) {
            (Raw::Lite(pool), Home::Folder(folder)) => {
                pool.close().await;
                folder.close().unwrap();
            }
            (Raw::Pg(pool), Home::Server { url, name }) => {
                pool.close().await;
                order(&url, [format!("DROP DATABASE {name} WITH (FORCE)")]).await;
            }
            _ => unreachable!("a file has a folder and a server has a name"),
        }
    }

    pub(crate) const fn system(&self) -> DbSystem {
        match self.raw {
            Raw::Lite(_) => DbSystem::Sqlite,
            Raw::Pg(_) => DbSystem::PostgreSql,
        }
    }

    /// Where the database is, for somebody else or somewhere else; for a server only.
    pub(crate) fn url(&self, change: impl FnOnce(PgConnectOptions) -> PgConnectOptions) -> String {
        let Home::Server { url, name } = &self.home else { unreachable!("a file has no address") };
        let options = PgConnectOptions::from_str(&at_database(url, name)).unwrap();
        change(options).to_url_lossy().into()
    }

    /// The same database, on which the store works as a user who has nothing but the role of services.
    pub(crate) async fn signed_in_as_service(mut self) -> Self {
        let make = "DO $$ BEGIN CREATE ROLE muster_test_service LOGIN IN ROLE muster_app; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
        self.raw.execute(make).await.unwrap();
        self.store.close().await;
        self.config = StoreConfig::Postgres(Secret::new(self.url(|to| to.username("muster_test_service"))));
        (self.store, self.captured) = open(&self.config).await;
        self
    }

    /// Opens the same database once more.
    pub(crate) async fn again(&self) -> Store {
        Store::open(&self.config, &Telemetry::off(ServiceName::Api)).await.unwrap()
    }

    /// Does something in one transaction and commits it.
    pub(crate) async fn write<T>(&self, work: impl AsyncFnOnce(&mut Tx) -> T) -> T {
        let mut tx = self.store.begin().await.unwrap();
        let done = work(&mut tx).await;
        tx.commit().await.unwrap();
        done
    }

    /// Looks something up in one snapshot.
    pub(crate) async fn read<T>(&self, look: impl AsyncFnOnce(&mut Tx) -> T) -> T {
        look(&mut self.store.read().await.unwrap()).await
    }

    /// Everything that is in it.
    pub(crate) async fn dump(&self) -> Dump {
        Dump::of(&self.raw).await
    }
}

impl Raw {
    /// Runs SQL that returns nothing.
    pub(crate) async fn execute(&self, sql: impl Into<String>) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.into());
        match self {
            Self::Lite(pool) => sqlx::raw_sql(sql).execute(pool).await.map(drop),
            Self::Pg(pool) => sqlx::raw_sql(sql).execute(pool).await.map(drop),
        }
    }

    /// Runs SQL that returns one column of text.
    pub(crate) async fn column(&self, sql: impl Into<String>) -> Vec<String> {
        let sql = AssertSqlSafe(sql.into());
        match self {
            Self::Lite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Self::Pg(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }

    /// The databases' own words for an id of ours.
    pub(crate) fn id(&self, id: uuid::Uuid) -> String {
        match self {
            Self::Lite(_) => format!("x'{}'", id.simple()),
            Self::Pg(_) => format!("'{id}'"),
        }
    }
}

pub(crate) async fn open(config: &StoreConfig) -> (Store, Captured) {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    (Store::open(config, &telemetry).await.unwrap(), captured)
}

/// The server to use; says what is left out without one.
pub(crate) fn server() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it started")]
    let url = std::env::var(URL).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("left out: PostgreSQL, since {URL} is not set (cargo xtask test starts a server)");
    }
    url
}

fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The same server, another database.
pub(crate) fn at_database(url: &str, name: &str) -> String {
    let options = PgConnectOptions::from_str(url).unwrap().database(name);
    options.to_url_lossy().into()
}

pub(crate) async fn order(url: &str, orders: impl IntoIterator<Item = String>) {
    let mut server = PgConnection::connect(url).await.unwrap();
    for sql in orders {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
    }
    server.close().await.unwrap();
}

/// The name of the database that all others are copied from. The first test that comes makes it, whatever process
/// it is in; it is named after the migrations, so that a server that stays needs no tidying.
async fn template(url: &str) -> String {
    let name = format!("muster_template_{:016x}", fingerprint());
    let mut server = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("SELECT pg_advisory_lock(20261122)").execute(&mut server).await.unwrap();
    let made: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut server)
        .await
        .unwrap();
    if !made {
        // Under another name until it is whole.
        let unfinished = format!("{name}_unfinished");
        let start = [
            format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"),
            format!("CREATE DATABASE {unfinished}"),
        ];
        order(url, start).await;
        let config = StoreConfig::Postgres(Secret::new(at_database(url, &unfinished)));
        let (store, _) = open(&config).await;
        store.migrate().await.unwrap();
        store.close().await;
        order(url, [format!("ALTER DATABASE {unfinished} RENAME TO {name}")]).await;
    }
    // Its end gives the lock back.
    server.close().await.unwrap();
    name
}

fn fingerprint() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}
