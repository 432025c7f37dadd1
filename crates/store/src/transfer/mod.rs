//! Moves an embedded database into a PostgreSQL server, for a community that outgrows one process.
//!
//! All or nothing: one transaction fills the empty target, reads back what it holds, and commits only if that is the
//! same, row for row. The source is read on one snapshot and not changed; what is written to it meanwhile is not
//! moved, so nobody may. It is the owner's work, as migrating is.

mod columns;
mod digest;
mod source;
mod target;

use crate::{Store, StoreError};
use columns::Column;
use digest::Digest;
use source::Source;
use target::Target;

/// Every table, in an order in which what is referred to comes first.
const TABLES: [&str; 16] = [
    "guilds",
    "users",
    "channels",
    "members",
    "templates",
    "games",
    "participants",
    "sessions",
    "api_tokens",
    "idempotent_answers",
    "outbox",
    "inbox",
    "schedule",
    "deliveries",
    "cards",
    "shards",
];

/// Rows that are moved at once.
const BATCH_ROWS: usize = 1000;

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The table in hand.
    pub table: &'static str,
    /// Of its rows, how many are written.
    pub written: u64,
    /// How many there are.
    pub rows: u64,
}

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// Each table with its rows.
    pub tables: Vec<(&'static str, u64)>,
}

impl Transferred {
    /// How many rows that were, of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

/// Why nothing was moved. The target is what it was.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The one isn't a file or the other no server.
    #[error("a transfer goes from an embedded database to a PostgreSQL server")]
    Direction,
    /// Migrations are pending.
    #[error("{0} migrations of the {1} are pending; run muster migrate on it first")]
    Pending(usize, &'static str),
    /// A table that this program doesn't know: a newer one has written to the source.
    #[error("the embedded database has a table that this version doesn't know: {0}")]
    Unknown(String),
    /// A column that the target doesn't have: a newer version has written to the source.
    #[error("the embedded database has a column that the PostgreSQL database lacks: {0}")]
    UnknownColumn(String),
    /// A column that only the target has.
    #[error("the PostgreSQL database has a column that the embedded database lacks: {0}")]
    LacksColumn(String),
    /// The target has rows.
    #[error("the PostgreSQL database isn't empty: there are rows in {0}")]
    NotEmpty(&'static str),
    /// Whoever signed in doesn't own the tables.
    #[error(
        "only the owner of the PostgreSQL database's tables can fill them: sign in as whoever migrates it"
    )]
    NotOwner,
    /// A value that PostgreSQL can't hold, or that is none of ours.
    #[error("a row of {table} can't be moved: {what}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// What arrived is not what was sent.
    #[error("{0} did not arrive as it was sent")]
    Differs(&'static str),
    /// A database failed.
    #[error("the transfer was broken off")]
    Store(#[from] StoreError),
}

/// Copies everything from an embedded database into an empty PostgreSQL server whose schema is complete; tells of
/// its progress after each batch. Events that a bus in the embedded process had taken and nobody had handled are
/// lost with that bus: give them back by [`outbox::redo_untaken`](crate::outbox::redo_untaken) before.
///
/// # Errors
/// As the kinds of [`TransferError`] say; nothing has changed then.
pub async fn transfer(
    from: &Store,
    to: &Store,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Transferred, TransferError> {
    for (store, name) in [(from, "embedded database"), (to, "PostgreSQL database")] {
        let pending = store.migration_state().await?.pending();
        if pending > 0 {
            return Err(TransferError::Pending(pending, name));
        }
    }
    let mut source = Source::open(&from.db).await?;
    source.knows_only(&TABLES).await?;
    let mut target = Target::open(&to.db).await?;
    let mut tables = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let columns = target.columns(table).await?;
        source.has_exactly(table, &columns).await?;
        let sent = send(&mut source, &mut target, (table, &columns), &mut progress).await?;
        if target.digest(table, &columns).await? != sent {
            return Err(TransferError::Differs(table));
        }
        tables.push((table, sent.rows()));
    }
    target.finish().await?;
    Ok(Transferred { tables })
}

/// Copies one table; gives what was sent.
async fn send(
    source: &mut Source,
    target: &mut Target,
    (table, columns): (&'static str, &[Column]),
    progress: &mut (impl FnMut(Progress) + Send),
) -> Result<Digest, TransferError> {
    let rows = source.count(table).await?;
    let mut sent = Digest::default();
    let mut from = Some(i64::MIN);
    while let Some(first) = from {
        let (batch, next) = source.batch((table, columns), first).await?;
        if batch.rows > 0 {
            sent.add(&batch);
            target.write((table, columns), batch).await?;
            progress(Progress { table, written: sent.rows(), rows });
        }
        from = next;
    }
    Ok(sent)
}

/// A row that one of the databases can't give or take.
fn unreadable(table: &'static str, error: &sqlx::Error) -> TransferError {
    let what = error.as_database_error().map_or_else(|| error.to_string(), |it| it.message().to_owned());
    TransferError::Unreadable { table, what }
}
