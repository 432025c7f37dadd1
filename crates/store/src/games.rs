//! Games.

use crate::at::At;
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::{locking, statements};
use crate::{GuildScope, StoreError, Tx};
use domain::{Game, GameId, GuildId, Status, TemplateId, Terms, UserId};
use jiff::Timestamp;
use sqlx::types::Json;
use uuid::Uuid;

statements! {
    GUILD_OF = "SELECT" "games", "SELECT guild FROM games WHERE id = $1";
    FIND = "SELECT" "games",
        "SELECT id, guild, template, host, title, description, start_at, zone, terms, status, post_at, \
         completed_at, version, created_at FROM games WHERE id = $1 AND guild = $2";
    INSERT = "INSERT" "games",
        "INSERT INTO games (id, guild, template, host, title, description, start_at, zone, terms, status, \
         post_at, completed_at, version, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    SAVE = "UPDATE" "games",
        "UPDATE games SET title = $3, description = $4, start_at = $5, zone = $6, terms = $7, status = $8, \
         post_at = $9, completed_at = $10, version = $11 WHERE id = $1 AND guild = $2";
    LIST = "SELECT" "games",
        "SELECT id, guild, template, host, title, description, start_at, zone, terms, status, post_at, \
         completed_at, version, created_at FROM games \
         WHERE guild IN (SELECT guild FROM members WHERE user_id = $1) \
         AND ($2 IS NULL OR guild = $2) AND (status <> 'draft' OR host = $1 OR $3) \
         AND ($4 = '' OR $4 LIKE '%,' || status || ',%') \
         AND ($5 = '' OR ($5 = 'host' AND host = $1) OR ($5 = 'player' AND id IN \
         (SELECT game FROM participants WHERE user_id = $1))) \
         AND ($6 IS NULL OR start_at >= $6) AND ($7 IS NULL OR start_at < $7) \
         AND ($8 = '' OR lower(title) LIKE $8 ESCAPE '!') \
         AND ($9 IS NULL OR (start_at, id) > ($9, $10)) \
         ORDER BY start_at, id LIMIT $11";
    COUNT = "SELECT" "games",
        "SELECT COUNT(*) AS total FROM games \
         WHERE guild IN (SELECT guild FROM members WHERE user_id = $1) \
         AND ($2 IS NULL OR guild = $2) AND (status <> 'draft' OR host = $1 OR $3) \
         AND ($4 = '' OR $4 LIKE '%,' || status || ',%') \
         AND ($5 = '' OR ($5 = 'host' AND host = $1) OR ($5 = 'player' AND id IN \
         (SELECT game FROM participants WHERE user_id = $1))) \
         AND ($6 IS NULL OR start_at >= $6) AND ($7 IS NULL OR start_at < $7) \
         AND ($8 = '' OR lower(title) LIKE $8 ESCAPE '!')";
    => LOCK;
}

locking! {
    LOCK = "SELECT" "games",
        "SELECT id, guild, template, host, title, description, start_at, zone, terms, status, post_at, \
         completed_at, version, created_at FROM games WHERE id = $1 AND guild = $2",
        "FOR UPDATE"
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

#[derive(sqlx::FromRow)]
struct Total {
    total: i64,
}

/// The guild of a game: the first thing to ask before somebody's right to it can be checked.
///
/// # Errors
/// When the database fails.
pub async fn guild_of(tx: &mut Tx, id: GameId) -> Result<Option<GuildId>, StoreError> {
    let row = fetch_optional!(tx, &GUILD_OF => GuildColumn, [id.get()])?;
    Ok(row.map(|row| GuildId::new(row.guild.cast_unsigned())))
}

/// A game of this guild.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, scope: GuildScope, id: GameId) -> Result<Option<Game>, StoreError> {
    fetch_optional!(tx, &FIND => GameRow, [id.get(), scope.column()])?.map(Game::try_from).transpose()
}

/// A game of this guild, locked until the transaction ends, so that no two verbs decide on one roster.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, scope: GuildScope, id: GameId) -> Result<Option<Game>, StoreError> {
    let statement = LOCK.on(tx.system());
    fetch_optional!(tx, statement => GameRow, [id.get(), scope.column()])?.map(Game::try_from).transpose()
}

/// Adds a game.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, game: &Game) -> Result<(), StoreError> {
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
        ]
    )?;
    Ok(())
}

/// Writes everything of a game that can change.
///
/// # Errors
/// When the database fails.
pub async fn save(tx: &mut Tx, scope: GuildScope, game: &Game) -> Result<(), StoreError> {
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
        ]
    )?;
    Ok(())
}

/// What somebody has to do with a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Runs it.
    Host,
    /// Is on its roster.
    Player,
}

/// Which games of the viewer's guilds to list, in order of their start.
#[derive(Clone, Debug)]
pub struct GameFilter {
    /// Who looks: only games of guilds that they are a member of, and drafts only of their own.
    pub viewer: UserId,
    /// One guild only.
    pub guild: Option<GuildScope>,
    /// Whether the viewer manages that guild and so sees its drafts.
    pub manages: bool,
    /// These only; empty: all.
    pub statuses: Vec<Status>,
    /// Those in which the viewer has this part.
    pub part: Option<Part>,
    /// Starting then or later.
    pub from: Option<Timestamp>,
    /// Starting before.
    pub to: Option<Timestamp>,
    /// With this in the title.
    pub text: String,
    /// At most so many.
    pub limit: u32,
    /// Those after this one.
    pub after: Option<(Timestamp, GameId)>,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct GamePage {
    /// The games.
    pub games: Vec<Game>,
    /// How many there are on all pages.
    pub total: u64,
}

/// Lists games; filters first and cuts into pages then.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, filter: &GameFilter) -> Result<GamePage, StoreError> {
    let viewer = filter.viewer.get().cast_signed();
    let guild = filter.guild.map(GuildScope::column);
    let statuses =
        filter.statuses.iter().fold(String::new(), |list, status| list + "," + status.as_str() + ",");
    let part = match filter.part {
        None => "",
        Some(Part::Host) => "host",
        Some(Part::Player) => "player",
    };
    let (from, to) = (At::maybe(filter.from), At::maybe(filter.to));
    let text = pattern(&filter.text);
    let total = fetch_optional!(
        tx,
        &COUNT => Total,
        [viewer, guild, filter.manages, &statuses, part, from, to, &text]
    )?;
    let after = filter.after.map(|(start, id)| (At(start), id.get()));
    let (start, id) = (after.map(|after| after.0), after.map_or(Uuid::nil(), |after| after.1));
    let limit = i64::from(filter.limit);
    let rows = fetch_all!(
        tx,
        &LIST => GameRow,
        [viewer, guild, filter.manages, &statuses, part, from, to, &text, start, id, limit]
    )?;
    let games = rows.into_iter().map(Game::try_from).collect::<Result<_, _>>()?;
    Ok(GamePage { games, total: total.map_or(0, |row| row.total.cast_unsigned()) })
}

/// A pattern for LIKE that finds the text anywhere; its own wildcards count as themselves.
fn pattern(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let escaped = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}
