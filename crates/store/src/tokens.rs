//! Tokens for scripts; only their hash is kept.

use crate::at::At;
use crate::db::{execute, fetch_optional};
use crate::dialect::statements;
use crate::sessions::TokenHash;
use crate::{StoreError, Tx};
use domain::UserId;
use jiff::Timestamp;

statements! {
    FIND = "SELECT" "api_tokens",
        "SELECT t.user_id, u.name FROM api_tokens t JOIN users u ON u.id = t.user_id \
         WHERE t.token_hash = $1 AND t.revoked_at IS NULL";
    INSERT = "INSERT" "api_tokens",
        "INSERT INTO api_tokens (token_hash, user_id, label, created_at) VALUES ($1, $2, $3, $4)";
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    user_id: i64,
    name: String,
}

/// Whose token this is, and their name; none when it is unknown or revoked.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, token: &TokenHash) -> Result<Option<(UserId, String)>, StoreError> {
    let row = fetch_optional!(tx, &FIND => TokenRow, [&token[..]])?;
    Ok(row.map(|row| (UserId::new(row.user_id.cast_unsigned()), row.name)))
}

/// Adds a token.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    token: &TokenHash,
    (user, label): (UserId, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(tx, &INSERT, [&token[..], user.get().cast_signed(), label, At(now)])?;
    Ok(())
}
