use super::{GameRow, fold};
use crate::at::At;
use crate::db::{fetch_all, fetch_optional};
use crate::dialect::statements;
use crate::{GuildScope, StoreError, Tx};
use domain::{Game, GameId, Status, UserId};
use jiff::Timestamp;
use uuid::Uuid;

/// What a [`GameFilter`] says, in SQL; its parameters are `$1` to `$8` of each statement that has it.
macro_rules! matching {
    () => {
        "guild IN (SELECT m.guild FROM members m JOIN guilds g ON g.id = m.guild WHERE m.user_id = $1 \
         AND g.removed_at IS NULL AND (CAST($2 AS bigint) IS NULL OR m.guild = $2)) \
         AND (status <> 'draft' OR host = $1 OR $3) \
         AND ($4 = '' OR $4 LIKE '%,' || status || ',%') \
         AND ($5 = '' OR ($5 = 'host' AND host = $1) OR ($5 = 'player' AND id IN \
         (SELECT game FROM participants WHERE user_id = $1))) \
         AND start_at >= $6 AND start_at < $7 \
         AND ($8 = '' OR folded_title LIKE $8 ESCAPE '!')"
    };
}
pub(super) use matching;

statements! {
    LIST = "SELECT" "games",
        concat!(
            "SELECT id, guild, template, host, title, description, start_at, zone, terms, status, post_at, \
             completed_at, version, created_at FROM games WHERE ",
            matching!(),
            " AND (start_at, id) > ($9, $10) ORDER BY start_at, id LIMIT $11"
        );
    COUNT = "SELECT" "games", concat!("SELECT COUNT(*) AS total FROM games WHERE ", matching!());
}

/// Before the first moment that both databases can hold there is no game.
const EARLIEST: Timestamp = Timestamp::constant(-62_135_596_800, 0);

#[derive(sqlx::FromRow)]
struct Total {
    total: i64,
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

/// A filter as the parameters of its SQL.
pub(super) struct Matching {
    pub(super) viewer: i64,
    pub(super) guild: Option<i64>,
    pub(super) manages: bool,
    pub(super) statuses: String,
    pub(super) part: &'static str,
    pub(super) from: At,
    pub(super) to: At,
    pub(super) text: String,
}

impl From<&GameFilter> for Matching {
    fn from(filter: &GameFilter) -> Self {
        let comma = |list: String, status: &Status| list + "," + status.as_str() + ",";
        Self {
            viewer: filter.viewer.get().cast_signed(),
            guild: filter.guild.map(GuildScope::column),
            manages: filter.manages,
            statuses: filter.statuses.iter().fold(String::new(), comma),
            part: match filter.part {
                None => "",
                Some(Part::Host) => "host",
                Some(Part::Player) => "player",
            },
            from: At(filter.from.unwrap_or(EARLIEST)),
            to: At(filter.to.unwrap_or(Timestamp::MAX)),
            text: pattern(&filter.text),
        }
    }
}

/// Lists games; filters first and cuts into pages then.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, filter: &GameFilter) -> Result<GamePage, StoreError> {
    tx.as_viewer(filter.viewer).await?;
    let Matching { viewer, guild, manages, statuses, part, from, to, text } = Matching::from(filter);
    let total =
        fetch_optional!(tx, &COUNT => Total, [viewer, guild, manages, &statuses, part, from, to, &text])?;
    let (start, id) = filter.after.map_or((EARLIEST, Uuid::nil()), |(start, id)| (start, id.get()));
    let from = At(from.0.max(start));
    let rows = fetch_all!(
        tx,
        &LIST => GameRow,
        [
            viewer, guild, manages, &statuses, part, from, to, &text,
            At(start), id, i64::from(filter.limit),
        ]
    )?;
    let games = rows.into_iter().map(Game::try_from).collect::<Result<_, _>>()?;
    Ok(GamePage { games, total: total.map_or(0, |row| row.total.cast_unsigned()) })
}

/// A pattern for LIKE that finds the text anywhere; its own wildcards count as themselves.
fn pattern(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let escaped = fold(text).replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_what_is_looked_for_count_as_themselves() {
        let patterns = ["", "Dragons", "100%", "a_b", "wow!", "ŁÓDŹ"].map(pattern);
        insta::assert_snapshot!(patterns.join("\n"), @r"
        %dragons%
        %100!%%
        %a!_b%
        %wow!!%
        %łódź%
        ");
    }
}
