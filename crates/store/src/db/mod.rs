//! The connections, and the transactions on them.

mod run;
mod tx;
mod wall;

pub(crate) use run::{answered, execute, fetch_all, fetch_optional, on_both, run};
pub use tx::Tx;
pub(crate) use tx::{Access, Connection, DueBy};

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Pool};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{DbSystem, Lease, PoolMetrics, PoolState, Telemetry};

/// The database: chosen once, when the store is opened.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    pub(crate) pools: Pools,
    pub(crate) place: Arc<Place>,
    /// How long to wait for an answer, where there is somebody who may not give one.
    pub(crate) patience: Option<Duration>,
    /// How often to look whether hints can still come.
    pub(crate) heartbeat: Duration,
}

/// Where a database is, as spans say it.
#[derive(Debug)]
pub(crate) struct Place {
    /// The database's name.
    pub(crate) namespace: String,
    /// The server's address and port, if there is one.
    pub(crate) server: Option<(String, u16)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Pools {
    /// One writer and many readers on one file.
    Lite { writer: Measured<sqlx::Sqlite>, readers: Measured<sqlx::Sqlite> },
    /// A server.
    Pg(Measured<sqlx::Postgres>),
}

impl Db {
    pub(crate) const fn system(&self) -> DbSystem {
        match self.pools {
            Pools::Lite { .. } => DbSystem::Sqlite,
            Pools::Pg(_) => DbSystem::PostgreSql,
        }
    }

    /// Closes every connection.
    pub(crate) async fn close(&self) {
        match &self.pools {
            Pools::Lite { writer, readers } => {
                readers.pool.close().await;
                writer.pool.close().await;
            }
            Pools::Pg(server) => server.pool.close().await,
        }
    }
}

/// A pool that says how it is used.
#[derive(Debug)]
pub(crate) struct Measured<D: sqlx::Database> {
    pub(crate) pool: Pool<D>,
    metrics: PoolMetrics,
}

impl<D: sqlx::Database> Clone for Measured<D> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), metrics: self.metrics.clone() }
    }
}

impl<D: sqlx::Database> Measured<D> {
    /// Observes a pool; `name` is one of few words.
    pub(crate) fn new(pool: Pool<D>, name: &'static str, telemetry: &Telemetry) -> Self {
        let observed = telemetry::Pool { name, max: pool.options().get_max_connections() };
        let counted = pool.clone();
        let metrics = telemetry.connection_pool(observed, move || {
            let idle = u32::try_from(counted.num_idle()).unwrap_or(u32::MAX);
            PoolState { idle, used: counted.size().saturating_sub(idle) }
        });
        Self { pool, metrics }
    }

    /// The first connection was opened, before anybody waited for one.
    pub(crate) fn opened(&self, took: Duration) {
        self.metrics.created(took);
    }

    /// Waits for a connection; its use ends with the lease.
    pub(crate) async fn borrow(&self) -> Result<(PoolConnection<D>, Lease), sqlx::Error> {
        let timed_out = |error: &sqlx::Error| matches!(error, sqlx::Error::PoolTimedOut);
        self.metrics.borrow(self.pool.acquire(), timed_out).await
    }
}

impl Pools {
    /// The server's connections.
    pub(crate) const fn server(&self) -> Option<&PgPool> {
        match self {
            Self::Lite { .. } => None,
            Self::Pg(server) => Some(&server.pool),
        }
    }
}
