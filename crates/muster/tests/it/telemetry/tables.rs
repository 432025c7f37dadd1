//! The running program's database, from outside.

use crate::program::Home;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

/// A connection beside the program's own.
async fn connect(home: &Home) -> SqliteConnection {
    SqliteConnectOptions::new().filename(home.data().join("muster.db")).connect().await.unwrap()
}

/// Gives a table another name: whoever asks for it is refused.
pub(super) async fn rename(home: &Home, table: &str, to: &str) {
    let statement = format!("ALTER TABLE {table} RENAME TO {to}");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connect(home).await).await.unwrap();
}

/// The headers that the rows of a table keep for messages and traces to come.
pub(super) async fn headers(home: &Home, table: &str) -> Vec<String> {
    let statement =
        format!("SELECT COALESCE(traceparent, '') || ' ' || COALESCE(tracestate, '') FROM {table}");
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&mut connect(home).await).await.unwrap()
}
