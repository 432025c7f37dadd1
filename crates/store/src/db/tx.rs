use super::run::{answered, run};
use super::wall::Wall;
use super::{Db, Place, Pools};
use crate::at::At;
use crate::hints::CHANNEL;
use crate::{Hint, Hints, StoreError};
use jiff::Timestamp;
use sqlx::{SqlStr, Transaction};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{Database, DbSystem, Lease, Span, Statement, Telemetry, attr};

/// A transaction. What it wrote to the outbox, the schedule or the ledger wakes its loop after the commit;
/// dropped without one, it is rolled back.
#[derive(Debug)]
pub struct Tx {
    pub(crate) connection: Connection,
    pub(crate) telemetry: Telemetry,
    pub(crate) origin: &'static str,
    pub(crate) patience: Option<Duration>,
    place: Arc<Place>,
    hints: Hints,
    wake: Vec<Hint>,
    due_by: DueBy,
    /// Whose rows the database shows.
    pub(super) wall: Wall,
    /// Whether a statement has failed: then PostgreSQL would answer a commit with a rollback, and call it well done.
    pub(crate) failed: bool,
    _lease: Lease,
}

#[derive(Debug)]
pub(crate) enum Connection {
    Lite(Transaction<'static, sqlx::Sqlite>),
    Pg(Transaction<'static, sqlx::Postgres>),
}

/// How a transaction starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// By whose clock something is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DueBy {
    /// The moment that the store is told: that of a practice clock, or of the one machine there is.
    #[default]
    Told,
    /// The server's, if there is one, which is the same for all who share it.
    Server,
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

/// What the server's clock shows, by which it is decided what is due.
const NOW: &str = "SELECT now()";

/// Tells other processes, if the transaction commits.
const NOTIFY: &str = "SELECT pg_notify($1, $2)";

impl Tx {
    pub(crate) async fn begin(
        db: &Db,
        access: Access,
        (telemetry, hints, due_by): (&Telemetry, &Hints, DueBy),
    ) -> Result<Self, StoreError> {
        let statement = match (&db.pools, access) {
            (Pools::Lite { .. }, Access::Write) => &BEGIN_IMMEDIATE,
            (Pools::Pg(_), Access::Read) => &BEGIN_SNAPSHOT,
            _ => &BEGIN,
        };
        let opened = Box::pin(open(db, access, SqlStr::from_static(statement.text)));
        let (connection, lease) = match access {
            Access::Write => {
                run(&span(telemetry, (db.system(), &db.place), statement), db.patience, opened).await?
            }
            Access::Read => answered(db.patience, opened).await?,
        };
        Ok(Self {
            connection,
            telemetry: telemetry.clone(),
            origin: telemetry.service().as_str(),
            patience: db.patience,
            place: Arc::clone(&db.place),
            hints: hints.clone(),
            wake: Vec::new(),
            due_by,
            wall: Wall::default(),
            failed: false,
            _lease: lease,
        })
    }

    /// Makes what was written true, then wakes whoever has to know.
    ///
    /// # Errors
    /// When the database refuses, or a statement had failed; nothing was written then.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Aborted);
        }
        self.notify().await?;
        let span = self.span(&COMMIT);
        let commit = Box::pin(async {
            match self.connection {
                Connection::Lite(tx) => tx.commit().await,
                Connection::Pg(tx) => tx.commit().await,
            }
        });
        run(&span, self.patience, commit).await?;
        for hint in self.wake {
            self.hints.give(hint);
        }
        Ok(())
    }

    /// Says what the commit will wake to the other processes; those of this one hear it directly.
    async fn notify(&mut self) -> Result<(), StoreError> {
        if let (Connection::Pg(tx), false) = (&mut self.connection, self.wake.is_empty()) {
            let said = sqlx::query(NOTIFY).bind(CHANNEL).bind(self.hints.message(&self.wake));
            answered(self.patience, said.execute(&mut **tx)).await?;
        }
        Ok(())
    }

    /// Wakes a loop after the commit.
    pub(crate) fn wake_after_commit(&mut self, hint: Hint) {
        if !self.wake.contains(&hint) {
            self.wake.push(hint);
        }
    }

    /// The moment by which something has to be due; none for the server's own.
    pub(crate) fn due_by(&self, told: Timestamp) -> Option<At> {
        let by_server = self.due_by == DueBy::Server && self.system() == DbSystem::PostgreSql;
        (!by_server).then_some(At(told))
    }

    /// The moment to reckon with where something comes due: the one that is told, or the server's own where processes
    /// go by that, so that those whose clocks differ agree.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn now(&mut self, told: Timestamp) -> Result<Timestamp, StoreError> {
        if self.due_by(told).is_some() { Ok(told) } else { self.shared_now(told).await }
    }

    /// The same for what lives in the machines' time, also under a practice clock: the server's moment, and `here` only
    /// where one machine is all there is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shared_now(&mut self, here: Timestamp) -> Result<Timestamp, StoreError> {
        let Connection::Pg(tx) = &mut self.connection else { return Ok(here) };
        let asked = sqlx::query_scalar::<_, At>(NOW).fetch_one(&mut **tx);
        Ok(answered(self.patience, asked).await?.into())
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

/// Borrows a connection and starts a transaction on it.
async fn open(db: &Db, access: Access, begin: SqlStr) -> Result<(Connection, Lease), sqlx::Error> {
    Ok(match (&db.pools, access) {
        (Pools::Lite { writer, .. }, Access::Write) => {
            let (connection, lease) = writer.borrow().await?;
            (Connection::Lite(Transaction::begin(connection, Some(begin)).await?), lease)
        }
        (Pools::Lite { readers, .. }, Access::Read) => {
            let (connection, lease) = readers.borrow().await?;
            (Connection::Lite(Transaction::begin(connection, Some(begin)).await?), lease)
        }
        (Pools::Pg(server), _) => {
            let (connection, lease) = server.borrow().await?;
            (Connection::Pg(Transaction::begin(connection, Some(begin)).await?), lease)
        }
    })
}

fn span(telemetry: &Telemetry, (system, place): (DbSystem, &Place), statement: &'static Statement) -> Span {
    let span = telemetry.database(Database { system, namespace: &place.namespace, statement });
    if let Some((address, port)) = &place.server {
        span.set(attr::server_address(address));
        span.set(attr::server_port(*port));
    }
    span
}
