//! Rows that were claimed, of which one may not be readable: it mustn't hold up the others.

use crate::StoreError;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

/// Why a row is dead that can't be read; what is wrong with it stands in the log.
pub(crate) const UNREADABLE: &str = "unreadable";

/// A claimed row: its id, and the rest as far as it can be decoded.
pub(crate) struct Claimed<T> {
    id: Uuid,
    row: Result<T, sqlx::Error>,
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

/// Keeps apart what can be read and the ids of what can't.
pub(crate) fn sort<T, R>(table: &'static str, claimed: Vec<Claimed<R>>) -> (Vec<T>, Vec<Uuid>)
where
    T: TryFrom<R, Error = StoreError>,
{
    let (mut readable, mut unreadable) = (Vec::with_capacity(claimed.len()), Vec::new());
    for Claimed { id, row } in claimed {
        let row = row.map_err(|error| StoreError::corrupt(table, &error));
        match row.and_then(T::try_from) {
            Ok(row) => readable.push(row),
            Err(error) => {
                tell(table, id, &error);
                unreadable.push(id);
            }
        }
    }
    (readable, unreadable)
}

fn tell(table: &'static str, id: Uuid, error: &StoreError) {
    tracing::error!(
        name: "store.row_unreadable",
        { db.collection.name = table, exception.message = %format_args!("{id}: {error}") },
        "A row can't be read and is dead; the others go on."
    );
}
