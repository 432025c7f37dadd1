//! Places on rosters.

use crate::at::At;
use crate::db::{execute, fetch_all};
use crate::dialect::statements;
use crate::{GuildScope, StoreError, Tx};
use domain::{GameId, Participant, ParticipantId, UserId, Who};
use uuid::Uuid;

statements! {
    OF_GAME = "SELECT" "participants",
        "SELECT id, user_id, placeholder, class, position, joined_at FROM participants \
         WHERE game = $1 AND guild = $2 ORDER BY class, position, joined_at, id";
    INSERT = "INSERT" "participants",
        "INSERT INTO participants (id, game, guild, user_id, placeholder, class, position, joined_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    DELETE = "DELETE" "participants", "DELETE FROM participants WHERE id = $1 AND game = $2 AND guild = $3";
}

#[derive(sqlx::FromRow)]
pub(crate) struct ParticipantRow {
    id: Uuid,
    user_id: Option<i64>,
    placeholder: Option<String>,
    class: String,
    position: i64,
    joined_at: At,
}

impl TryFrom<ParticipantRow> for Participant {
    type Error = StoreError;

    fn try_from(row: ParticipantRow) -> Result<Self, StoreError> {
        let corrupt = |what: String| StoreError::corrupt("participants", &what);
        let who = match (row.user_id, row.placeholder) {
            (Some(user), None) => Who::User(UserId::new(user.cast_unsigned())),
            (None, Some(name)) => Who::Placeholder(name),
            _ => return Err(corrupt("neither a person nor a placeholder".to_owned())),
        };
        Ok(Self {
            id: ParticipantId::new(row.id),
            who,
            class: row.class.parse().map_err(|error| StoreError::corrupt("participants", &error))?,
            position: u32::try_from(row.position).map_err(|error| corrupt(error.to_string()))?,
            joined_at: row.joined_at.into(),
        })
    }
}

/// The roster of a game.
///
/// # Errors
/// When the database fails.
pub async fn of_game(tx: &mut Tx, scope: GuildScope, game: GameId) -> Result<Vec<Participant>, StoreError> {
    tx.within(scope).await?;
    let rows = fetch_all!(tx, &OF_GAME => ParticipantRow, [game.get(), scope.column()])?;
    rows.into_iter().map(Participant::try_from).collect()
}

/// Adds a place.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    scope: GuildScope,
    game: GameId,
    participant: &Participant,
) -> Result<(), StoreError> {
    let (user, placeholder) = match &participant.who {
        Who::User(user) => (Some(user.get().cast_signed()), None),
        Who::Placeholder(name) => (None, Some(name)),
    };
    tx.within(scope).await?;
    execute!(
        tx,
        &INSERT,
        [
            participant.id.get(),
            game.get(),
            scope.column(),
            user,
            placeholder,
            participant.class.as_str(),
            i64::from(participant.position),
            At(participant.joined_at),
        ]
    )?;
    Ok(())
}

/// Takes a place away.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    scope: GuildScope,
    game: GameId,
    id: ParticipantId,
) -> Result<(), StoreError> {
    tx.within(scope).await?;
    execute!(tx, &DELETE, [id.get(), game.get(), scope.column()])?;
    Ok(())
}
