//! The many tasks' side of the store.

use std::collections::HashMap;

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::Origin;

/// Reads from the store; cheap to clone.
#[derive(Clone)]
pub(crate) struct Reader {
    pool: SqlitePool,
}

impl Reader {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    pub(super) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// What is held at the first look, for as long as one keeps looking: a slice that is named stays, although it be
    /// dropped meanwhile.
    pub(super) async fn snapshot(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.pool.begin().await
    }

    /// Resources and scopes by their ids.
    pub(super) async fn origins(
        &self,
        ids: impl Iterator<Item = i64>,
    ) -> sqlx::Result<HashMap<i64, ResourceSpans>> {
        let mut ids: Vec<i64> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let rows: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT id, body FROM origins WHERE id IN (SELECT value FROM json_each($1))")
                .bind(serde_json::to_string(&ids).unwrap_or_default())
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(|(id, body)| Ok((id, Origin::decode(&body)?))).collect()
    }

    /// Closes the reading connections; a page that is being drawn ends first.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Numbers of the slices held, oldest first.
pub(super) async fn slices(db: &mut SqliteConnection) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar("SELECT number FROM slices ORDER BY number").fetch_all(db).await
}

/// A pattern for `LIKE … ESCAPE '\'` that finds the text anywhere.
pub(super) fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    #[test]
    fn wildcards_are_taken_literally() {
        assert_eq!(super::like(r"100%_\x"), r"%100\%\_\\x%");
    }
}
