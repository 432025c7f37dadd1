//! Rows that were claimed, of which one may not be readable: it mustn't hold up the others.

use crate::StoreError;
use jiff::SignedDuration;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

/// Why a row is dead that can't be read; what is wrong with it stands in the log.
pub(crate) const UNREADABLE: &str = "unreadable";
/// How long a row waits for somebody newer after each time that somebody older has met it.
pub(crate) const LEFT_FOR: SignedDuration = SignedDuration::from_mins(1);

/// A claimed row: its id, and the rest as far as it can be decoded.
pub(crate) struct Claimed<T> {
    id: Uuid,
    row: Result<T, sqlx::Error>,
}

impl<T> Claimed<T> {
    pub(crate) fn into_parts(self) -> (Uuid, Result<T, sqlx::Error>) {
        (self.id, self.row)
    }
}

impl<'r, R, T> FromRow<'r, R> for Claimed<T>
where
    R: Row,
    T: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self { id: row.try_get("id")?, row: T::from_row(row) })
    }
}

/// Why a row isn't what it should be.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is of a kind that only a newer version knows.
    Newer(String),
    /// It holds what no version writes.
    Broken(StoreError),
}

impl Unreadable {
    /// A word that no version so far knows.
    pub(crate) fn newer(error: &dyn std::fmt::Display) -> Self {
        Self::Newer(error.to_string())
    }
}

impl From<StoreError> for Unreadable {
    fn from(error: StoreError) -> Self {
        Self::Broken(error)
    }
}

/// Claimed rows, by what is to be done with them.
pub(crate) struct Sorted<T> {
    pub(crate) readable: Vec<T>,
    /// To be left to a newer version: this one may be the older of two that run side by side.
    pub(crate) newer: Vec<Uuid>,
    /// Dead.
    pub(crate) broken: Vec<Uuid>,
}

/// Keeps apart what can be read and the ids of what can't.
pub(crate) fn sort<T, R>(table: &'static str, claimed: Vec<Claimed<R>>) -> Sorted<T>
where
    T: TryFrom<R, Error = Unreadable>,
{
    let mut sorted =
        Sorted { readable: Vec::with_capacity(claimed.len()), newer: Vec::new(), broken: Vec::new() };
    for Claimed { id, row } in claimed {
        let row = row.map_err(|error| StoreError::corrupt(table, &error).into());
        match row.and_then(T::try_from) {
            Ok(row) => sorted.readable.push(row),
            Err(Unreadable::Newer(what)) => {
                tell_newer(table, id, &what);
                sorted.newer.push(id);
            }
            Err(Unreadable::Broken(error)) => {
                tell_broken(table, id, &error);
                sorted.broken.push(id);
            }
        }
    }
    sorted
}

fn tell_newer(table: &'static str, id: Uuid, what: &str) {
    tracing::warn!(
        name: "store.row_of_a_newer_version",
        { db.collection.name = table, exception.message = %format_args!("{id}: {what}") },
        "A row is of a kind that this version doesn't know; it is left to a newer one."
    );
}

fn tell_broken(table: &'static str, id: Uuid, error: &StoreError) {
    tracing::error!(
        name: "store.row_unreadable",
        { db.collection.name = table, exception.message = %format_args!("{id}: {error}") },
        "A row can't be read and is dead; the others go on."
    );
}
