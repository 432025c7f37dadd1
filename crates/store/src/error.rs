use std::borrow::Cow;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused, or can't be reached.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A transaction was to be committed although one of its statements had failed.
    #[error("a transaction in which a statement failed can't be committed")]
    Aborted,
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
            Self::Aborted => Cow::Borrowed("aborted"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_one_of_few_words() {
        let io = std::io::Error::other("broken pipe, with a secret in it");
        let errors: [StoreError; 6] = [
            sqlx::Error::PoolTimedOut.into(),
            sqlx::Error::PoolClosed.into(),
            sqlx::Error::Io(io).into(),
            sqlx::Error::Decode("no number".into()).into(),
            sqlx::Error::RowNotFound.into(),
            StoreError::corrupt("games", &"nothing"),
        ];
        let words: Vec<_> = errors.iter().map(StoreError::error_type).collect();
        insta::assert_snapshot!(words.join(" "), @"pool_timeout pool_closed io decode _OTHER corrupt_row");
        assert!(errors.iter().all(|error| !error.to_string().contains("secret")));
    }
}
