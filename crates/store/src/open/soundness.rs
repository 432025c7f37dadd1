//! Whether a file is a sound database of ours, found out without writing to it.

use super::{OpenError, reason};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use std::path::Path;

/// Files up to this size are checked page by page at every start.
///
/// `quick_check` reads the whole file: half a gigabyte a second when the machine has it in memory, and as slowly
/// as the disk when it hasn't. Up to here that is a fifth of a second, for some fifty thousand games. A larger
/// file is looked at where damage shows at once: its header, its length, its schema and the way to the first row
/// of each table. Damage deeper inside fails the statement that meets it, with SQLite's own code.
const CHECKED_WHOLE_BYTES: u64 = 64 * 1024 * 1024;

/// SQLite's primary result codes (SQLite documentation, "Result and Error Codes").
const CORRUPT: i32 = 11;
const NOT_A_DATABASE: i32 = 26;

/// The table that every database of ours has from its first migration on.
const OURS: &str = "_sqlx_migrations";

/// Checks a file that is there.
pub(super) async fn check(path: &Path) -> Result<(), OpenError> {
    let unreadable = |error: std::io::Error| unreachable(path, error.to_string());
    let file = std::fs::metadata(path).map_err(unreadable)?;
    if file.is_dir() {
        return Err(unreachable(path, "it is a folder".to_owned()));
    }
    if file.permissions().readonly() {
        // Said here, since root could write to it all the same.
        return Err(OpenError::ReadOnly(path.to_owned()));
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    let mut reader = options.connect().await.map_err(|error| trouble(path, &error))?;
    let found = look(&mut reader, file.len()).await;
    // A reader that is gone can't have left anything undone.
    let _ = reader.close().await;
    match found.map_err(|error| trouble(path, &error))? {
        Found::Sound => Ok(()),
        Found::Foreign => Err(OpenError::Foreign(path.to_owned())),
        Found::Damaged(what) => Err(OpenError::Damaged(path.to_owned(), what)),
    }
}

enum Found {
    Sound,
    Foreign,
    Damaged(String),
}

async fn look(reader: &mut SqliteConnection, bytes: u64) -> Result<Found, sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut *reader)
        .await?;
    if !tables.is_empty() && !tables.iter().any(|table| table == OURS) {
        return Ok(Found::Foreign);
    }
    if bytes <= CHECKED_WHOLE_BYTES {
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *reader).await?;
        return Ok(if verdict == "ok" { Found::Sound } else { Found::Damaged(sentence(&verdict)) });
    }
    for table in tables {
        let first = format!("SELECT 1 FROM \"{}\" LIMIT 1", table.replace('"', "\"\""));
        sqlx::query(AssertSqlSafe(first)).fetch_optional(&mut *reader).await?;
    }
    Ok(Found::Sound)
}

/// The last line of what `quick_check` says; the first only names the database.
fn sentence(verdict: &str) -> String {
    verdict.lines().last().unwrap_or_default().to_owned()
}

/// What an error of SQLite's says about the file.
pub(super) fn trouble(path: &Path, error: &sqlx::Error) -> OpenError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // The extended code has the primary one in its lowest byte.
    let primary = code.and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    match primary {
        Some(CORRUPT | NOT_A_DATABASE) => OpenError::Damaged(path.to_owned(), reason(error)),
        _ => unreachable(path, reason(error)),
    }
}

fn unreachable(path: &Path, reason: String) -> OpenError {
    OpenError::Unreachable(path.display().to_string(), reason)
}
