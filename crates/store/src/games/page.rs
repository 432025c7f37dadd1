//! What belongs to the games of one page, for all of them at once.

use super::list::{GameFilter, Matching, matching};
use crate::at::At;
use crate::db::fetch_all;
use crate::dialect::statements;
use crate::participants::ParticipantRow;
use crate::{StoreError, Tx};
use domain::{Game, GameId, GuildId, Participant, UserId};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The games from the first one of a page, at `($9, $10)`, to its last one, at `($11, $12)`.
macro_rules! page {
    () => {
        concat!(
            "SELECT id, guild, host FROM games WHERE ",
            matching!(),
            " AND (start_at, id) >= ($9, $10) AND (start_at, id) <= ($11, $12)"
        )
    };
}

statements! {
    ROSTERS = "SELECT" "participants",
        concat!(
            "WITH page AS (",
            page!(),
            ") SELECT p.game, p.id, p.user_id, p.placeholder, p.class, p.position, p.joined_at \
             FROM page JOIN participants p ON p.game = page.id \
             ORDER BY p.game, p.class, p.position, p.joined_at, p.id"
        );
    NAMES = "SELECT" "members",
        concat!(
            "WITH page AS (",
            page!(),
            "), people AS (SELECT guild, host AS user_id FROM page UNION SELECT page.guild, p.user_id \
             FROM page JOIN participants p ON p.game = page.id) \
             SELECT m.guild, m.user_id, m.name FROM people \
             JOIN members m ON m.guild = people.guild AND m.user_id = people.user_id"
        );
}

/// The shortest time that both databases know.
const INSTANT: SignedDuration = SignedDuration::from_micros(1);

#[derive(sqlx::FromRow)]
struct PlaceRow {
    game: Uuid,
    #[sqlx(flatten)]
    place: ParticipantRow,
}

#[derive(sqlx::FromRow)]
struct NameRow {
    guild: i64,
    user_id: i64,
    name: String,
}

/// Runs a statement about the page that `$games` are; without a game there is nothing to ask. The page's own
/// times take the place of the filter's, so that what lies before and after it isn't read.
macro_rules! fetch_page {
    ($tx:ident, $statement:expr => $row:ty, $filter:ident, $games:ident) => {
        match ($games.first(), $games.last()) {
            (Some(first), Some(last)) => {
                $tx.as_viewer($filter.viewer).await?;
                let Matching { viewer, guild, manages, statuses, part, text, .. } = Matching::from($filter);
                let (from, last_start) = (At(first.start), At(last.start));
                let to = At(last.start + INSTANT);
                fetch_all!(
                    $tx,
                    $statement => $row,
                    [
                        viewer, guild, manages, &statuses, part, from, to, &text,
                        from, first.id.get(), last_start, last.id.get(),
                    ]
                )
            }
            _ => Ok(Vec::new()),
        }
    };
}

/// The rosters of the games that [`list`](super::list) gave for this filter, without those that are empty.
///
/// # Errors
/// When the database fails.
pub async fn rosters(
    tx: &mut Tx,
    filter: &GameFilter,
    games: &[Game],
) -> Result<BTreeMap<GameId, Vec<Participant>>, StoreError> {
    let rows = fetch_page!(tx, &ROSTERS => PlaceRow, filter, games)?;
    let mut rosters = BTreeMap::<_, Vec<_>>::new();
    for row in rows {
        rosters.entry(GameId::new(row.game)).or_default().push(row.place.try_into()?);
    }
    Ok(rosters)
}

/// The names, in their guilds, of the hosts of these games and of those on their rosters, as far as known.
///
/// # Errors
/// When the database fails.
pub async fn names(
    tx: &mut Tx,
    filter: &GameFilter,
    games: &[Game],
) -> Result<BTreeMap<(GuildId, UserId), String>, StoreError> {
    let rows = fetch_page!(tx, &NAMES => NameRow, filter, games)?;
    let named = |row: NameRow| {
        let who = (GuildId::new(row.guild.cast_unsigned()), UserId::new(row.user_id.cast_unsigned()));
        (who, row.name)
    };
    Ok(rows.into_iter().map(named).collect())
}
