use crate::StoreError;
use crate::db::Db;
use sqlx::migrate::{Migrate, Migrator};

static LITE: Migrator = sqlx::migrate!("migrations/sqlite");
static PG: Migrator = sqlx::migrate!("migrations/postgres");

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
    let migrated = match db {
        Db::Lite { writer, .. } => tolerant(&LITE).run(writer).await,
        Db::Pg(pool) => tolerant(&PG).run(pool).await,
    };
    migrated.map_err(|error| StoreError::Database(error.into()))
}

pub(crate) async fn state(db: &Db) -> Result<MigrationState, StoreError> {
    match db {
        Db::Lite { readers, .. } => applied(&mut *readers.acquire().await?, &LITE).await,
        Db::Pg(pool) => applied(&mut *pool.acquire().await?, &PG).await,
    }
}

async fn applied<C: Migrate>(connection: &mut C, known: &Migrator) -> Result<MigrationState, StoreError> {
    let table = known.table_name.as_ref();
    // A database without the table has had no migration applied.
    let applied = connection.list_applied_migrations(table).await.unwrap_or_default();
    let known: Vec<_> = known.iter().map(|migration| migration.version).collect();
    let applied = applied.iter().filter(|done| known.contains(&done.version)).count();
    Ok(MigrationState { known: known.len(), applied })
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
