//! Games.

mod list;
mod page;

pub use list::{GameFilter, GamePage, Part, list};
pub use page::{names, rosters};

use crate::at::At;
use crate::db::{execute, fetch_optional};
use crate::dialect::{Statements, per_dialect, statements};
use crate::{GuildScope, StoreError, Tx};
use domain::{Game, GameId, GuildId, TemplateId, Terms, UserId};
use sqlx::types::Json;
use uuid::Uuid;

statements! {
    GUILD_OF = "SELECT" "games", "SELECT guild FROM games WHERE id = $1";
    FIND = "SELECT" "games",
        "SELECT id, guild, template, host, title, description, start_at, zone, terms, status, post_at, \
         completed_at, version, created_at FROM games WHERE id = $1 AND guild = $2";
    INSERT = "INSERT" "games",
        "INSERT INTO games (id, guild, template, host, title, description, start_at, zone, terms, status, \
         post_at, completed_at, version, created_at, folded_title) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    SAVE = "UPDATE" "games",
        "UPDATE games SET title = $3, description = $4, start_at = $5, zone = $6, terms = $7, status = $8, \
         post_at = $9, completed_at = $10, version = $11, folded_title = $12 WHERE id = $1 AND guild = $2";
    => LOCK;
}

per_dialect! {
    LOCK = "SELECT" "games",
        "SELECT id, guild, template, host, title, description, start_at, zone, terms, status, post_at, \
         completed_at, version, created_at FROM games WHERE id = $1 AND guild = $2"
        for_update
}

#[derive(sqlx::FromRow)]
struct GameRow {
    id: Uuid,
    guild: i64,
    template: Uuid,
    host: i64,
    title: String,
    description: String,
    start_at: At,
    zone: String,
    terms: Json<Terms>,
    status: String,
    post_at: Option<At>,
    completed_at: Option<At>,
    version: i64,
    created_at: At,
}

impl TryFrom<GameRow> for Game {
    type Error = StoreError;

    fn try_from(row: GameRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: GameId::new(row.id),
            guild: GuildId::new(row.guild.cast_unsigned()),
            template: TemplateId::new(row.template),
            host: UserId::new(row.host.cast_unsigned()),
            title: row.title,
            description: row.description,
            start: row.start_at.into(),
            zone: row.zone,
            terms: row.terms.0,
            status: row.status.parse().map_err(|error| StoreError::corrupt("games", &error))?,
            post_at: row.post_at.map(Into::into),
            completed_at: row.completed_at.map(Into::into),
            version: row.version.cast_unsigned(),
            created_at: row.created_at.into(),
        })
    }
}

#[derive(sqlx::FromRow)]
struct GuildColumn {
    guild: i64,
}

/// Every statement of this room.
pub(crate) static ROOMS: [&Statements; 3] = [&STATEMENTS, &list::STATEMENTS, &page::STATEMENTS];

/// A title as it is searched for: what counts as one letter in two cases is for us to say, since the databases
/// disagree beyond ASCII.
fn fold(title: &str) -> String {
    title.to_lowercase()
}

/// The guild of a game: the first thing to ask before somebody's right to it can be checked.
///
/// # Errors
/// When the database fails.
pub async fn guild_of(tx: &mut Tx, id: GameId) -> Result<Option<GuildId>, StoreError> {
    tx.as_work().await?;
    let row = fetch_optional!(tx, &GUILD_OF => GuildColumn, [id.get()])?;
    Ok(row.map(|row| GuildId::new(row.guild.cast_unsigned())))
}

/// A game of this guild.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, scope: GuildScope, id: GameId) -> Result<Option<Game>, StoreError> {
    tx.within(scope).await?;
    fetch_optional!(tx, &FIND => GameRow, [id.get(), scope.column()])?.map(Game::try_from).transpose()
}

/// A game of this guild, locked until the transaction ends, so that no two verbs decide on one roster.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, scope: GuildScope, id: GameId) -> Result<Option<Game>, StoreError> {
    tx.within(scope).await?;
    let statement = LOCK.on(tx.system());
    fetch_optional!(tx, statement => GameRow, [id.get(), scope.column()])?.map(Game::try_from).transpose()
}

/// Adds a game.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, game: &Game) -> Result<(), StoreError> {
    tx.within(GuildScope::new(game.guild)).await?;
    execute!(
        tx,
        &INSERT,
        [
            game.id.get(),
            game.guild.get().cast_signed(),
            game.template.get(),
            game.host.get().cast_signed(),
            &game.title,
            &game.description,
            At(game.start),
            &game.zone,
            Json(&game.terms),
            game.status.as_str(),
            At::maybe(game.post_at),
            At::maybe(game.completed_at),
            game.version.cast_signed(),
            At(game.created_at),
            fold(&game.title),
        ]
    )?;
    Ok(())
}

/// Writes everything of a game that can change.
///
/// # Errors
/// When the database fails.
pub async fn save(tx: &mut Tx, scope: GuildScope, game: &Game) -> Result<(), StoreError> {
    tx.within(scope).await?;
    execute!(
        tx,
        &SAVE,
        [
            game.id.get(),
            scope.column(),
            &game.title,
            &game.description,
            At(game.start),
            &game.zone,
            Json(&game.terms),
            game.status.as_str(),
            At::maybe(game.post_at),
            At::maybe(game.completed_at),
            game.version.cast_signed(),
            fold(&game.title),
        ]
    )?;
    Ok(())
}
