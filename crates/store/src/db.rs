use crate::error::error_type_of;
use crate::{Hint, Hints, StoreError};
use sqlx::{PgPool, SqlitePool};
use std::future::Future;
use std::sync::Arc;
use telemetry::{Database, DbSystem, Span, Statement, Telemetry, attr};

/// The database: chosen once, when the store is opened.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    pub(crate) pools: Pools,
    pub(crate) place: Arc<Place>,
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
    Lite { writer: SqlitePool, readers: SqlitePool },
    /// A server.
    Pg(PgPool),
}

impl Db {
    pub(crate) const fn system(&self) -> DbSystem {
        match self.pools {
            Pools::Lite { .. } => DbSystem::Sqlite,
            Pools::Pg(_) => DbSystem::PostgreSql,
        }
    }
}

/// A transaction. What it wrote to the outbox, the schedule or the ledger wakes its loop after the commit;
/// dropped without one, it is rolled back.
#[derive(Debug)]
pub struct Tx {
    pub(crate) connection: Connection,
    pub(crate) telemetry: Telemetry,
    pub(crate) origin: &'static str,
    place: Arc<Place>,
    hints: Hints,
    wake: Vec<Hint>,
    /// Whether a statement has failed: then PostgreSQL would answer a commit with a rollback, and call it well done.
    pub(crate) failed: bool,
}

#[derive(Debug)]
pub(crate) enum Connection {
    Lite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Pg(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// How a transaction starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

const fn plain(text: &'static str, operation: &'static str) -> Statement {
    Statement { summary: text, operation, collection: None, text }
}

const BEGIN: Statement = plain("BEGIN", "BEGIN");
/// Takes SQLite's write lock at once: a transaction that reads first and writes later could fail halfway.
const BEGIN_IMMEDIATE: Statement = plain("BEGIN IMMEDIATE", "BEGIN");
/// One snapshot for all that is read, as SQLite gives it by itself.
const BEGIN_SNAPSHOT: Statement = plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN");
const COMMIT: Statement = plain("COMMIT", "COMMIT");

impl Tx {
    pub(crate) async fn begin(
        db: &Db,
        access: Access,
        (telemetry, hints): (&Telemetry, &Hints),
    ) -> Result<Self, StoreError> {
        let statement = match (&db.pools, access) {
            (Pools::Lite { .. }, Access::Write) => &BEGIN_IMMEDIATE,
            (Pools::Pg(_), Access::Read) => &BEGIN_SNAPSHOT,
            _ => &BEGIN,
        };
        let open = Box::pin(async {
            Ok::<_, sqlx::Error>(match (&db.pools, access) {
                (Pools::Lite { writer, .. }, Access::Write) => {
                    Connection::Lite(writer.begin_with(statement.text).await?)
                }
                (Pools::Lite { readers, .. }, Access::Read) => Connection::Lite(readers.begin().await?),
                (Pools::Pg(pool), _) => Connection::Pg(pool.begin_with(statement.text).await?),
            })
        });
        let place = Arc::clone(&db.place);
        let connection = match access {
            Access::Write => run(&span(telemetry, (db.system(), &place), statement), open).await?,
            Access::Read => open.await?,
        };
        let origin = telemetry.service().as_str();
        let (telemetry, hints) = (telemetry.clone(), hints.clone());
        Ok(Self { connection, telemetry, origin, place, hints, wake: Vec::new(), failed: false })
    }

    /// Makes what was written true, then wakes whoever has to know.
    ///
    /// # Errors
    /// When the database refuses, or a statement had failed; nothing was written then.
    pub async fn commit(self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Aborted);
        }
        let span = self.span(&COMMIT);
        let commit = Box::pin(async {
            match self.connection {
                Connection::Lite(tx) => tx.commit().await,
                Connection::Pg(tx) => tx.commit().await,
            }
        });
        run(&span, commit).await?;
        for hint in self.wake {
            self.hints.give(hint);
        }
        Ok(())
    }

    /// Wakes a loop after the commit.
    pub(crate) fn wake_after_commit(&mut self, hint: Hint) {
        if !self.wake.contains(&hint) {
            self.wake.push(hint);
        }
    }

    pub(crate) const fn system(&self) -> DbSystem {
        match self.connection {
            Connection::Lite(_) => DbSystem::Sqlite,
            Connection::Pg(_) => DbSystem::PostgreSql,
        }
    }

    pub(crate) fn span(&self, statement: &'static Statement) -> Span {
        span(&self.telemetry, (self.system(), &self.place), statement)
    }
}

fn span(telemetry: &Telemetry, (system, place): (DbSystem, &Place), statement: &'static Statement) -> Span {
    let span = telemetry.database(Database { system, namespace: &place.namespace, statement });
    if let Some((address, port)) = &place.server {
        span.set(attr::server_address(address));
        span.set(attr::server_port(*port));
    }
    span
}

/// Runs a statement inside its span and records on it what went wrong.
pub(crate) async fn run<T>(
    span: &Span,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    let result = span.run(statement).await;
    if let Err(error) = &result {
        if let sqlx::Error::Database(refusal) = error
            && let Some(code) = refusal.code()
        {
            span.set(attr::db_status_code(&code));
        }
        span.fail(error_type_of(error), error);
    }
    Ok(result?)
}

/// One body per backend inside one span: the text is the same, the types that sqlx wants are not.
macro_rules! on_both {
    ($tx:ident, $statement:expr, $query:expr, [$($bind:expr),*], $finish:ident, $map:expr) => {{
        let span = $tx.span($statement);
        let text = $statement.text;
        // Boxed, since the futures of both arms would otherwise lie side by side in every caller's.
        let statement = Box::pin(async {
            match &mut $tx.connection {
                $crate::db::Connection::Lite(tx) => {
                    let query = $query(text);
                    $(let query = query.bind($bind);)*
                    query.$finish(&mut **tx).await.map($map)
                }
                $crate::db::Connection::Pg(tx) => {
                    let query = $query(text);
                    $(let query = query.bind($bind);)*
                    query.$finish(&mut **tx).await.map($map)
                }
            }
        });
        let result = $crate::db::run(&span, statement).await;
        $tx.failed |= result.is_err();
        (span, result)
    }};
}
pub(crate) use on_both;

/// Runs a statement that returns no rows; gives the number of rows that it touched.
macro_rules! execute {
    ($tx:ident, $statement:expr, [$($bind:expr),* $(,)?]) => {{
        let (_, result) = $crate::db::on_both!(
            $tx, $statement, ::sqlx::query, [$($bind),*], execute, |done| done.rows_affected()
        );
        result
    }};
}
pub(crate) use execute;

/// Runs a statement that returns at most one row.
macro_rules! fetch_optional {
    ($tx:ident, $statement:expr => $row:ty, [$($bind:expr),* $(,)?]) => {{
        let (span, result) = $crate::db::on_both!(
            $tx, $statement, ::sqlx::query_as::<_, $row>, [$($bind),*], fetch_optional, |row| row
        );
        span.returned_rows(result.as_ref().map_or(0, |row: &Option<$row>| u64::from(row.is_some())));
        result
    }};
}
pub(crate) use fetch_optional;

/// Runs a statement that returns rows.
macro_rules! fetch_all {
    ($tx:ident, $statement:expr => $row:ty, [$($bind:expr),* $(,)?]) => {{
        let (span, result) = $crate::db::on_both!(
            $tx, $statement, ::sqlx::query_as::<_, $row>, [$($bind),*], fetch_all, |rows| rows
        );
        span.returned_rows(result.as_ref().map_or(0, |rows: &Vec<$row>| rows.len() as u64));
        result
    }};
}
pub(crate) use fetch_all;
