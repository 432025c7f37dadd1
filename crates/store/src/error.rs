use std::borrow::Cow;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused, or can't be reached.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A row doesn't hold what it must.
    #[error("a row of {table} holds what it must not: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

impl StoreError {
    pub(crate) fn corrupt(table: &'static str, what: &dyn std::fmt::Display) -> Self {
        Self::Corrupt { table, what: what.to_string() }
    }

    /// One of few words for spans and metrics: the database's own code, or what kind of failure it was.
    pub fn error_type(&self) -> Cow<'static, str> {
        match self {
            Self::Database(error) => error_type_of(error),
            Self::Corrupt { .. } => Cow::Borrowed("corrupt_row"),
        }
    }
}

/// SQLSTATE or SQLite's result code where the database gave one.
pub(crate) fn error_type_of(error: &sqlx::Error) -> Cow<'static, str> {
    match error {
        sqlx::Error::Database(error) => {
            error.code().map_or(Cow::Borrowed("database"), |code| Cow::Owned(code.into_owned()))
        }
        sqlx::Error::PoolTimedOut => Cow::Borrowed("pool_timeout"),
        sqlx::Error::PoolClosed => Cow::Borrowed("pool_closed"),
        sqlx::Error::Io(_) => Cow::Borrowed("io"),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Cow::Borrowed("decode"),
        _ => Cow::Borrowed("_OTHER"),
    }
}
