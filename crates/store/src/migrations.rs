use crate::StoreError;
use crate::db::{Db, Pools};
use sqlx::error::DatabaseError;
use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::{Connection, PgConnection, PgPool};
use std::time::{Duration, Instant};

static LITE: Migrator = sqlx::migrate!("migrations/sqlite");
static PG: Migrator = sqlx::migrate!("migrations/postgres");

/// What services may do, on PostgreSQL; said after each migration, so that new tables are among it.
const GRANTS: &str = include_str!("../migrations/grants.sql");

/// PostgreSQL's codes for a table that is not there, for a lock that was not to be had in time, and for two who
/// waited for each other (PostgreSQL documentation, "PostgreSQL Error Codes").
const UNDEFINED_TABLE: &str = "42P01";
const LOCK_NOT_AVAILABLE: &str = "55P03";
const DEADLOCK_DETECTED: &str = "40P01";

/// A migration itself may take as long as it takes, but while it waits for a table everybody else waits behind it: so
/// it gives up after half a second, lets them through, and tries again. Where two wait for each other that is before
/// the server, which looks after a second, ends one of them: a migration gives way, nobody else.
const SESSION: &str = "RESET ROLE; SET statement_timeout = 0; SET lock_timeout = '500ms'";
/// Only one process migrates; the number is ours.
const TURN: &str = "SELECT pg_try_advisory_lock(20261122)";
/// How long to let others through before the next attempt.
const PAUSE: Duration = Duration::from_millis(200);
/// How long to try.
const PATIENCE: Duration = Duration::from_mins(5);

/// How far the schema is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// Migrations that this program knows.
    pub known: usize,
    /// Of those, how many are applied.
    pub applied: usize,
}

impl MigrationState {
    /// How many have to be applied before a service may start.
    pub const fn pending(self) -> usize {
        self.known.saturating_sub(self.applied)
    }
}

/// A newer version may have added to the schema: the previous one runs on it.
fn tolerant(migrator: &'static Migrator) -> Migrator {
    let mut migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
    migrator.set_ignore_missing(true);
    migrator
}

pub(crate) async fn apply(db: &Db) -> Result<(), StoreError> {
    match &db.pools {
        Pools::Lite { writer, .. } => tolerant(&LITE).run(&writer.pool).await.map_err(told),
        Pools::Pg(server) => apply_on_server(&server.pool).await,
    }
}

async fn apply_on_server(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?.detach();
    sqlx::raw_sql(SESSION).execute(&mut connection).await?;
    let began = Instant::now();
    while let Err(error) = attempt(&mut connection).await {
        if !is_in_the_way(&error) || began.elapsed() >= PATIENCE {
            return Err(told(error));
        }
        tokio::time::sleep(PAUSE).await;
    }
    connection.close().await?;
    // What was opened before may not have had the role yet that now there is.
    while let Some(idle) = pool.try_acquire() {
        idle.close().await?;
    }
    Ok(())
}

async fn attempt(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let turn: bool = sqlx::query_scalar(TURN).fetch_one(&mut *connection).await?;
    if !turn {
        return Err(MigrateError::Execute(sqlx::Error::PoolTimedOut));
    }
    tolerant(&PG).run(&mut *connection).await?;
    sqlx::raw_sql(GRANTS).execute(&mut *connection).await?;
    sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut *connection).await?;
    Ok(())
}

/// Whether an attempt gave way to others: to somebody who uses a table, or to another process that migrates.
fn is_in_the_way(error: &MigrateError) -> bool {
    let (MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _)) = error else {
        return false;
    };
    let code = cause.as_database_error().and_then(DatabaseError::code);
    matches!(cause, sqlx::Error::PoolTimedOut)
        || code.is_some_and(|code| code == LOCK_NOT_AVAILABLE || code == DEADLOCK_DETECTED)
}

fn told(error: MigrateError) -> StoreError {
    sqlx::Error::from(error).into()
}

pub(crate) async fn state(db: &Db) -> Result<MigrationState, StoreError> {
    match &db.pools {
        Pools::Lite { readers, .. } => applied(&mut *readers.pool.acquire().await?, &LITE).await,
        Pools::Pg(server) => applied(&mut *server.pool.acquire().await?, &PG).await,
    }
}

async fn applied<C: Migrate>(connection: &mut C, known: &Migrator) -> Result<MigrationState, StoreError> {
    let table = known.table_name.as_ref();
    let applied = match connection.list_applied_migrations(table).await {
        Err(MigrateError::Execute(sqlx::Error::Database(error))) if says_no_such_table(&*error) => Vec::new(),
        listed => listed.map_err(told)?,
    };
    let known: Vec<_> = known.iter().map(|migration| migration.version).collect();
    let applied = applied.iter().filter(|done| known.contains(&done.version)).count();
    Ok(MigrationState { known: known.len(), applied })
}

/// A database without the table has had no migration applied. SQLite has no code of its own for that.
fn says_no_such_table(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == UNDEFINED_TABLE) || error.message().starts_with("no such table")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_the_same_numbered_list() {
        let list = |migrator: &Migrator| {
            migrator.iter().map(|m| (m.version, m.description.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(list(&LITE), list(&PG));
    }
}
