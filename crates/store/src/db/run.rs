//! One statement in its span.

use crate::StoreError;
use crate::error::error_type_of;
use std::future::Future;
use std::time::Duration;
use telemetry::{Span, attr};

/// Runs a statement inside its span and records on it what went wrong.
pub(crate) async fn run<T>(
    span: &Span,
    patience: Option<Duration>,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    let result = span.run(answered(patience, statement)).await;
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

/// Waits for an answer as long as one may: a server ends by itself what takes too long, but one that the network
/// hides says nothing at all.
pub(crate) async fn answered<T>(
    patience: Option<Duration>,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let Some(patience) = patience else { return statement.await };
    let silent = || sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time"));
    tokio::time::timeout(patience, statement).await.unwrap_or_else(|_| Err(silent()))
}

/// One body per backend inside one span: the text is the same, the types that sqlx wants are not.
macro_rules! on_both {
    ($tx:ident, $statement:expr, $query:expr, [$($bind:expr),*], $finish:ident, $map:expr) => {{
        let span = $tx.span($statement);
        let (text, patience) = ($statement.text, $tx.patience);
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
        let result = $crate::db::run(&span, patience, statement).await;
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
