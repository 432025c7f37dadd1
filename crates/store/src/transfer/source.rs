//! The embedded database, read on one snapshot.

use super::columns::{Batch, Column};
use super::{BATCH_ROWS, TransferError, unreadable};
use crate::StoreError;
use crate::db::{Db, Pools};
use sqlx::{AssertSqlSafe, Row, Sqlite, Transaction};

/// Tables of ours; those of the library that migrates and of SQLite itself begin otherwise.
const OURS: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' \
     AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

pub(super) struct Source {
    snapshot: Transaction<'static, Sqlite>,
}

impl Source {
    pub(super) async fn open(db: &Db) -> Result<Self, TransferError> {
        let Pools::Lite { readers, .. } = &db.pools else { return Err(TransferError::Direction) };
        let snapshot = readers.pool.begin().await.map_err(StoreError::from)?;
        Ok(Self { snapshot })
    }

    /// Makes sure that no table would be left behind.
    pub(super) async fn knows_only(&mut self, known: &[&str]) -> Result<(), TransferError> {
        let tables: Vec<String> =
            sqlx::query_scalar(OURS).fetch_all(&mut *self.snapshot).await.map_err(StoreError::from)?;
        match tables.into_iter().find(|table| !known.contains(&table.as_str())) {
            Some(table) => Err(TransferError::Unknown(table)),
            None => Ok(()),
        }
    }

    /// Makes sure that no column would be left behind, nor one be missing.
    pub(super) async fn has_exactly(
        &mut self,
        table: &'static str,
        columns: &[Column],
    ) -> Result<(), TransferError> {
        let own: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
            .bind(table)
            .fetch_all(&mut *self.snapshot)
            .await
            .map_err(StoreError::from)?;
        if let Some(column) = own.iter().find(|own| columns.iter().all(|column| column.name != **own)) {
            return Err(TransferError::UnknownColumn(format!("{table}.{column}")));
        }
        match columns.iter().find(|column| !own.contains(&column.name)) {
            Some(column) => Err(TransferError::LacksColumn(format!("{table}.{}", column.name))),
            None => Ok(()),
        }
    }

    pub(super) async fn count(&mut self, table: &'static str) -> Result<u64, TransferError> {
        let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let rows: i64 =
            sqlx::query_scalar(count).fetch_one(&mut *self.snapshot).await.map_err(StoreError::from)?;
        Ok(rows.cast_unsigned())
    }

    /// The rows from a row id on, and where the next ones begin.
    pub(super) async fn batch(
        &mut self,
        (table, columns): (&'static str, &[Column]),
        first: i64,
    ) -> Result<(Batch, Option<i64>), TransferError> {
        let names: Vec<_> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let select = format!(
            "SELECT {}, rowid FROM {table} WHERE rowid >= $1 ORDER BY rowid LIMIT {BATCH_ROWS}",
            names.join(", ")
        );
        let rows = sqlx::query(AssertSqlSafe(select))
            .bind(first)
            .fetch_all(&mut *self.snapshot)
            .await
            .map_err(StoreError::from)?;
        let mut batch = Batch::new(columns);
        for row in &rows {
            batch.take_from_file(row).map_err(|error| unreadable(table, &error))?;
        }
        let last: Option<i64> = rows.last().and_then(|row| row.try_get(columns.len()).ok());
        Ok((batch, last.and_then(|last| last.checked_add(1))))
    }
}
