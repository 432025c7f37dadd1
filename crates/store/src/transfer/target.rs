//! The PostgreSQL server, filled in one transaction.

use super::columns::{Batch, Column, Kind, Values};
use super::digest::Digest;
use super::{BATCH_ROWS, TABLES, TransferError, unreadable};
use crate::StoreError;
use crate::db::Db;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// As whoever signed in, who migrates too; a transfer takes as long as it takes.
const BEGIN: &str = "RESET ROLE; BEGIN; SET LOCAL statement_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = 0";

/// As long as it takes, but without a lock that somebody else holds.
const ANALYZE: [&str; 2] = ["SET statement_timeout = 0", "ANALYZE (SKIP_LOCKED)"];

const COLUMNS: &str = "SELECT column_name::text, data_type::text FROM information_schema.columns \
     WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";

/// PostgreSQL's code for what the owner of a table may do only.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// A transaction; dropped before it is finished, it is as if it had never been.
pub(super) struct Target {
    connection: PgConnection,
}

impl Target {
    /// Takes every table for itself, and makes sure that none has a row.
    pub(super) async fn open(db: &Db) -> Result<Self, TransferError> {
        let server = db.pools.server().ok_or(TransferError::Direction)?;
        let connection = server.acquire().await.map_err(StoreError::from)?.detach();
        let mut target = Self { connection };
        target.order(BEGIN.to_owned()).await?;
        target.force(false).await?;
        for table in TABLES {
            let any = AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {table})"));
            let any: bool =
                sqlx::query_scalar(any).fetch_one(&mut target.connection).await.map_err(failed)?;
            if any {
                return Err(TransferError::NotEmpty(table));
            }
        }
        Ok(target)
    }

    /// Whether row-level security holds for the owner too: not for us, who move the rows of all guilds. Nobody else
    /// gets at the tables in between.
    async fn force(&mut self, forced: bool) -> Result<(), TransferError> {
        let walled: Vec<String> = sqlx::query_scalar(
            "SELECT relname::text FROM pg_class WHERE relrowsecurity AND relnamespace = current_schema()::regnamespace",
        )
        .fetch_all(&mut self.connection)
        .await
        .map_err(failed)?;
        let word = if forced { "FORCE" } else { "NO FORCE" };
        for table in walled {
            self.order(format!("ALTER TABLE {table} {word} ROW LEVEL SECURITY")).await?;
        }
        if !forced {
            self.order(format!("LOCK TABLE {} IN EXCLUSIVE MODE", TABLES.join(", "))).await?;
        }
        Ok(())
    }

    pub(super) async fn columns(&mut self, table: &'static str) -> Result<Vec<Column>, TransferError> {
        let described: Vec<(String, String)> =
            sqlx::query_as(COLUMNS).bind(table).fetch_all(&mut self.connection).await.map_err(failed)?;
        let column = |(name, data_type): (String, String)| {
            let kind = Kind::of(&data_type).ok_or_else(|| TransferError::Unreadable {
                table,
                what: format!("{name} is of a type that this version doesn't know: {data_type}"),
            })?;
            Ok(Column { name, kind })
        };
        described.into_iter().map(column).collect()
    }

    pub(super) async fn write(
        &mut self,
        (table, columns): (&'static str, &[Column]),
        batch: Batch,
    ) -> Result<(), TransferError> {
        let names: Vec<_> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let list = |write: &dyn Fn(usize, Kind) -> String| {
            let written = columns.iter().enumerate().map(|(index, column)| write(index + 1, column.kind));
            written.collect::<Vec<_>>().join(", ")
        };
        let insert = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM UNNEST({}) AS sent ({})",
            names.join(", "),
            list(&|number, kind| format!("v{number}{}", if kind == Kind::Json { "::jsonb" } else { "" })),
            list(&|number, kind| format!("${number}::{}", kind.array())),
            list(&|number, _| format!("v{number}")),
        );
        let mut query = sqlx::query(AssertSqlSafe(insert));
        for values in batch.columns {
            query = match values {
                Values::Number(values) => query.bind(values),
                Values::Truth(values) => query.bind(values),
                Values::Instant(values) => query.bind(values),
                Values::Text(values) | Values::Json(values) => query.bind(values),
                Values::Bytes(values) => query.bind(values),
                Values::Id(values) => query.bind(values),
            };
        }
        query.execute(&mut self.connection).await.map_err(|error| unreadable(table, &error))?;
        Ok(())
    }

    /// What the table holds now.
    pub(super) async fn digest(
        &mut self,
        table: &'static str,
        columns: &[Column],
    ) -> Result<Digest, TransferError> {
        let list: Vec<_> = columns
            .iter()
            .map(|Column { name, kind }| match kind {
                Kind::Json => format!("\"{name}\"::text"),
                _ => format!("\"{name}\""),
            })
            .collect();
        let declare = format!("DECLARE arrived NO SCROLL CURSOR FOR SELECT {} FROM {table}", list.join(", "));
        self.order(declare).await?;
        let fetch = format!("FETCH {BATCH_ROWS} FROM arrived");
        let mut digest = Digest::default();
        loop {
            // Not kept prepared: the same words mean other columns for each table.
            let fetched = sqlx::query(AssertSqlSafe(fetch.clone())).persistent(false);
            let rows = fetched.fetch_all(&mut self.connection).await.map_err(failed)?;
            if rows.is_empty() {
                break;
            }
            let mut batch = Batch::new(columns);
            for row in &rows {
                batch.take_from_server(row).map_err(|error| unreadable(table, &error))?;
            }
            digest.add(&batch);
        }
        self.order("CLOSE arrived".to_owned()).await?;
        Ok(digest)
    }

    /// Makes it true.
    pub(super) async fn finish(mut self) -> Result<(), TransferError> {
        self.force(true).await?;
        self.order("COMMIT".to_owned()).await?;
        // From here on everything is moved, whatever else goes wrong. The planner knows nothing of what came at once;
        // what isn't analyzed now, the server does by itself.
        for order in ANALYZE {
            let _ = self.order(order.to_owned()).await;
        }
        let _ = self.connection.close().await;
        Ok(())
    }

    async fn order(&mut self, sql: String) -> Result<(), TransferError> {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection).await.map_err(failed)?;
        Ok(())
    }
}

fn failed(error: sqlx::Error) -> TransferError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.is_some_and(|code| code == INSUFFICIENT_PRIVILEGE) {
        return TransferError::NotOwner;
    }
    StoreError::from(error).into()
}
