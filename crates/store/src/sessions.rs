//! Sessions of browsers; only a token's hash is kept.

use crate::at::At;
use crate::db::{execute, fetch_optional};
use crate::dialect::statements;
use crate::{StoreError, Tx};
use domain::UserId;
use jiff::Timestamp;

statements! {
    FIND = "SELECT" "sessions",
        "SELECT s.user_id, u.name, s.csrf, s.created_at, s.used_at FROM sessions s \
         JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1";
    INSERT = "INSERT" "sessions",
        "INSERT INTO sessions (token_hash, user_id, csrf, created_at, used_at) VALUES ($1, $2, $3, $4, $4)";
    TOUCH = "UPDATE" "sessions", "UPDATE sessions SET used_at = $2 WHERE token_hash = $1";
    DELETE = "DELETE" "sessions", "DELETE FROM sessions WHERE token_hash = $1";
    SWEEP = "DELETE" "sessions", "DELETE FROM sessions WHERE used_at < $1";
}

/// SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// Somebody's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// What a form of theirs has to bring along.
    pub csrf: String,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to a minute.
    pub used_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    user_id: i64,
    name: String,
    csrf: String,
    created_at: At,
    used_at: At,
}

/// The session of a token.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, token: &TokenHash) -> Result<Option<Session>, StoreError> {
    let row = fetch_optional!(tx, &FIND => SessionRow, [&token[..]])?;
    Ok(row.map(|row| Session {
        user: UserId::new(row.user_id.cast_unsigned()),
        name: row.name,
        csrf: row.csrf,
        created_at: row.created_at.into(),
        used_at: row.used_at.into(),
    }))
}

/// Starts a session.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, token: &TokenHash, session: &Session) -> Result<(), StoreError> {
    let user = session.user.get().cast_signed();
    execute!(tx, &INSERT, [&token[..], user, &session.csrf, At(session.created_at)])?;
    Ok(())
}

/// Notes that a session was used.
///
/// # Errors
/// When the database fails.
pub async fn touch(tx: &mut Tx, token: &TokenHash, now: Timestamp) -> Result<(), StoreError> {
    execute!(tx, &TOUCH, [&token[..], At(now)])?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, token: &TokenHash) -> Result<(), StoreError> {
    execute!(tx, &DELETE, [&token[..]])?;
    Ok(())
}

/// Forgets sessions that were last used before `before`.
///
/// # Errors
/// When the database fails.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, &SWEEP, [At(before)])
}
