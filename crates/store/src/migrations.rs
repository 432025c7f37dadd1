use crate::StoreError;
use crate::db::{Db, Pools};
use sqlx::error::DatabaseError;
use sqlx::migrate::{Migrate, MigrateError, Migrator};

static LITE: Migrator = sqlx::migrate!("migrations/sqlite");
static PG: Migrator = sqlx::migrate!("migrations/postgres");

/// PostgreSQL's code for a table that is not there (PostgreSQL documentation, "PostgreSQL Error Codes").
const UNDEFINED_TABLE: &str = "42P01";

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
    let migrated = match &db.pools {
        Pools::Lite { writer, .. } => tolerant(&LITE).run(writer).await,
        Pools::Pg(pool) => {
            let mut connection = pool.acquire().await?;
            // A migration may take as long as it takes, and wait for another process that migrates.
            let patience = "SET statement_timeout = 0; SET lock_timeout = 0";
            sqlx::raw_sql(patience).execute(&mut *connection).await?;
            let migrated = tolerant(&PG).run(&mut *connection).await;
            connection.close().await?;
            migrated
        }
    };
    migrated.map_err(|error| StoreError::Database(error.into()))
}

pub(crate) async fn state(db: &Db) -> Result<MigrationState, StoreError> {
    match &db.pools {
        Pools::Lite { readers, .. } => applied(&mut *readers.acquire().await?, &LITE).await,
        Pools::Pg(pool) => applied(&mut *pool.acquire().await?, &PG).await,
    }
}

async fn applied<C: Migrate>(connection: &mut C, known: &Migrator) -> Result<MigrationState, StoreError> {
    let table = known.table_name.as_ref();
    let applied = match connection.list_applied_migrations(table).await {
        Err(MigrateError::Execute(sqlx::Error::Database(error))) if says_no_such_table(&*error) => Vec::new(),
        listed => listed.map_err(|error| StoreError::Database(error.into()))?,
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
