//! One turn of a daemon that found something.

use crate::{Daemon, Shift, Wake, row};
use actions::due;
use actions::{Ctx, DueRow, StoreError};
use domain::GameId;
use domain::due::Duty;
use futures_util::stream::{self, StreamExt as _};
use std::collections::HashMap;
use std::time::Duration;
use telemetry::{Cycle, attr};
use tokio_util::sync::CancellationToken;

/// Games whose rows are carried out at a time: most of it is waiting for the store.
const GAMES_AT_ONCE: usize = 8;

/// What is not begun when the daemon is stopped is given back within this time, or its lease runs out.
const RELEASED_WITHIN: Duration = Duration::from_secs(2);

/// Claims what is due and does it, oldest first; tells how many rows that were.
pub(crate) async fn run(shift: &Shift, (due, wake): (u64, Wake)) -> Result<usize, StoreError> {
    let Daemon { ctx, duty, .. } = &shift.daemon;
    let rows = due::claim(ctx, *duty).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let name = match duty {
        Duty::Notify => telemetry::Daemon::Notification,
        Duty::Transition => telemetry::Daemon::StatusTransition,
    };
    let claimed = rows.len();
    let cycle = Cycle { daemon: name, due, claimed: claimed as u64, wake_reason: wake.as_str() };
    let span = ctx.telemetry.cycle(cycle);
    let oldest = rows.first().map(|row| lateness(ctx, row)).unwrap_or_default();
    span.set(attr::oldest_lateness_ms(u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX)));
    span.run(async {
        carry_out(shift, rows).await?;
        tracing::info!(
            name: "scheduler.cycle",
            { due, claimed, wake_reason = wake.as_str(), oldest_lateness_ms = oldest.as_millis() },
            "Due moments were carried out."
        );
        Ok(claimed)
    })
    .await
}

/// Carries out several games at a time, and gives back what it doesn't come to: it is stopped, or the store is away.
async fn carry_out(shift: &Shift, rows: Vec<DueRow>) -> Result<(), StoreError> {
    let leave = shift.stop.child_token();
    let games = stream::iter(by_game(rows)).map(|rows| one_game(shift, rows, &leave));
    let ended: Vec<_> = games.buffer_unordered(GAMES_AT_ONCE).collect().await;
    let (left, ended): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
    give_back(&shift.daemon, left.concat()).await;
    ended.into_iter().collect()
}

/// Carries out the rows of one game until it is time to leave; gives those that are left.
async fn one_game(
    shift: &Shift,
    rows: Vec<DueRow>,
    leave: &CancellationToken,
) -> (Vec<DueRow>, Result<(), StoreError>) {
    let mut rows = rows.into_iter();
    while !leave.is_cancelled()
        && let Some(row) = rows.next()
    {
        if let Err(error) = row::carry_out(shift, row).await {
            leave.cancel();
            return (rows.collect(), Err(error));
        }
        shift.turned();
    }
    (rows.collect(), Ok(()))
}

/// Lets another instance have at once what was claimed here and not begun.
async fn give_back(daemon: &Daemon, rows: Vec<DueRow>) {
    if rows.is_empty() {
        return;
    }
    let released = due::release(&daemon.ctx, daemon.duty, &rows);
    if let Ok(Ok(rows)) = tokio::time::timeout(RELEASED_WITHIN, released).await {
        tracing::info!(name: "scheduler.released", { rows }, "What was claimed and not begun is left to others.");
    }
}

/// The rows of each game in their order, the game whose first row is the oldest first: what comes later in a game's life
/// finds done what came before.
fn by_game(rows: Vec<DueRow>) -> Vec<Vec<DueRow>> {
    let mut places: HashMap<GameId, usize> = HashMap::new();
    let mut games: Vec<Vec<DueRow>> = Vec::new();
    for row in rows {
        let place = *places.entry(row.game).or_insert(games.len());
        match games.get_mut(place) {
            Some(earlier) => earlier.push(row),
            None => games.push(vec![row]),
        }
    }
    games
}

/// How long after it was due a row is being done.
pub(crate) fn lateness(ctx: &Ctx, row: &DueRow) -> Duration {
    Duration::try_from(ctx.clock.now().duration_since(row.moment.at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::GuildId;
    use domain::due::{DueKind, DueMoment};
    use telemetry::TraceContext;
    use uuid::Uuid;

    fn row(number: u128, game: u128) -> DueRow {
        DueRow {
            id: Uuid::from_u128(number),
            guild: GuildId::new(1),
            game: GameId::new(Uuid::from_u128(game)),
            moment: DueMoment { kind: DueKind::Start, at: jiff::Timestamp::UNIX_EPOCH, deadline: None },
            attempts: 1,
            crashes: 0,
            fence: 1,
            trace: TraceContext::default(),
        }
    }

    #[test]
    fn a_game_s_rows_stay_in_their_order_and_games_in_that_of_their_first() {
        let rows = [(1, 7), (2, 5), (3, 7), (4, 6), (5, 5)].map(|(number, game)| row(number, game));
        let numbers = |rows: Vec<DueRow>| rows.iter().map(|row| row.id.as_u128()).collect::<Vec<_>>();
        let games: Vec<_> = by_game(rows.to_vec()).into_iter().map(numbers).collect();
        assert_eq!(games, [vec![1, 3], vec![2, 5], vec![4]]);
    }
}
