use std::borrow::Cow;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// The database can't be reached, has no room, or was in the way of itself: later it may work.
    #[error("the database can't do this at the moment")]
    Unavailable(#[source] sqlx::Error),
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

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if is_transient(&error) { Self::Unavailable(error) } else { Self::Database(error) }
    }
}

impl StoreError {
    pub(crate) fn corrupt(table: &'static str, what: &dyn std::fmt::Display) -> Self {
        Self::Corrupt { table, what: what.to_string() }
    }

    /// One of few words for spans and metrics: the database's own code, or what kind of failure it was.
    pub fn error_type(&self) -> Cow<'static, str> {
        match self {
            Self::Database(error) | Self::Unavailable(error) => error_type_of(error),
            Self::Aborted => Cow::Borrowed("aborted"),
            Self::Corrupt { .. } => Cow::Borrowed("corrupt_row"),
        }
    }
}

/// Whether the same may work later, with nothing changed by us.
pub(crate) fn is_transient(error: &sqlx::Error) -> bool {
    use sqlx::Error as E;
    match error {
        // Who hangs up while a connection is made breaks the protocol.
        E::Io(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::BeginFailed => {
            true
        }
        E::Database(refusal) => {
            let code = refusal.code().unwrap_or_default();
            if refusal.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                is_transient_in_sqlite(&code)
            } else {
                is_transient_in_postgres(&code)
            }
        }
        _ => false,
    }
}

/// After PostgreSQL's documentation, "PostgreSQL Error Codes": the connection, resources that are used up, deadlocks
/// and failed serialisations, what was cut off by a limit of time, a server that goes down, comes up or only reads.
fn is_transient_in_postgres(code: &str) -> bool {
    let classes = ["08", "53"];
    let codes = ["25006", "25P03", "40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "57P05"];
    classes.iter().any(|class| code.starts_with(class)) || codes.contains(&code)
}

/// Busy, locked, a failure of the disk, a full one (SQLite documentation, "Result and Error Codes").
fn is_transient_in_sqlite(code: &str) -> bool {
    // The extended code has the primary one in its lowest byte.
    code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13))
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
        let later = errors.iter().map(|error| matches!(error, StoreError::Unavailable(_)));
        assert_eq!(later.collect::<Vec<_>>(), [true, true, true, false, false, false]);
    }

    #[test]
    fn what_may_work_later_is_no_bug() {
        for code in ["57P01", "57P03", "08006", "53300", "53100", "40P01", "55P03", "57014"] {
            assert!(is_transient_in_postgres(code), "{code}");
        }
        for code in ["23505", "42501", "42P01", "28P01", "22021", "0A000"] {
            assert!(!is_transient_in_postgres(code), "{code}");
        }
        // SQLITE_BUSY_SNAPSHOT, SQLITE_FULL, SQLITE_IOERR_WRITE; SQLITE_CONSTRAINT_UNIQUE, SQLITE_CORRUPT.
        let codes = ["517", "13", "778", "2067", "11"];
        assert_eq!(codes.map(is_transient_in_sqlite), [true, true, true, false, false]);
    }
}
