//! What a POST with an Idempotency-Key made.

use crate::at::At;
use crate::db::{execute, fetch_optional};
use crate::dialect::statements;
use crate::{StoreError, Tx};
use domain::{GameId, UserId};
use jiff::Timestamp;
use uuid::Uuid;

statements! {
    FIND = "SELECT" "idempotent_answers",
        "SELECT request_hash, game FROM idempotent_answers WHERE user_id = $1 AND key = $2";
    INSERT = "INSERT" "idempotent_answers",
        "INSERT INTO idempotent_answers (user_id, key, request_hash, game, created_at) \
         VALUES ($1, $2, $3, $4, $5)";
    SWEEP = "DELETE" "idempotent_answers", "DELETE FROM idempotent_answers WHERE created_at < $1";
}

/// What was asked for under a key, and what that made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// SHA-256 of the request.
    pub request_hash: Vec<u8>,
    /// The game that it made.
    pub game: GameId,
}

#[derive(sqlx::FromRow)]
struct AnsweredRow {
    request_hash: Vec<u8>,
    game: Uuid,
}

/// What this person's request with this key made, if there was one.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, user: UserId, key: &str) -> Result<Option<Answered>, StoreError> {
    let row = fetch_optional!(tx, &FIND => AnsweredRow, [user.get().cast_signed(), key])?;
    Ok(row.map(|row| Answered { request_hash: row.request_hash, game: GameId::new(row.game) }))
}

/// Keeps what a request made.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    (user, key): (UserId, &str),
    answered: &Answered,
    now: Timestamp,
) -> Result<(), StoreError> {
    let game = answered.game.get();
    execute!(tx, &INSERT, [user.get().cast_signed(), key, &answered.request_hash[..], game, At(now)])?;
    Ok(())
}

/// Forgets answers from before `before`.
///
/// # Errors
/// When the database fails.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    execute!(tx, &SWEEP, [At(before)])
}
