//! What people do with games.

mod cancel;
mod create;
mod deliveries;
mod edit;
mod join;
mod leave;
mod list;
mod show;

pub use cancel::{CancelError, cancel};
pub use create::{CreateError, CreateGame, IdempotencyKey, create};
pub use deliveries::{NoticeFate, deliveries};
pub use edit::{EditError, edit};
pub use join::{JoinError, JoinedGame, join};
pub use leave::{LeaveError, leave};
pub use list::{GameQuery, Listed, list};
pub use show::{GameView, show};
pub use store::games::Part;

use crate::authorise::{self, AccessError, Intent, Standing};
use crate::{Actor, Ctx};
use domain::{Game, GameId, permission};
use store::Tx;

/// Lets somebody in to a game: first to its guild, then to it. Who may not know of it hears that there is none.
async fn enter(ctx: &Ctx, actor: &Actor, id: GameId, intent: Intent) -> Result<Standing, AccessError> {
    let guild = {
        let mut tx = ctx.store.read().await?;
        store::games::guild_of(&mut tx, id).await?.ok_or(AccessError::NotFound)?
    };
    authorise::enter(ctx, actor, guild, intent).await
}

/// Locks a game that this person may know of.
async fn lock(tx: &mut Tx, standing: &Standing, id: GameId) -> Result<Game, AccessError> {
    let game = store::games::lock(tx, standing.scope, id).await?.ok_or(AccessError::NotFound)?;
    visible(standing, game)
}

fn visible(standing: &Standing, game: Game) -> Result<Game, AccessError> {
    if permission::may_see(&standing.guild, &standing.member, &game) {
        Ok(game)
    } else {
        Err(AccessError::NotFound)
    }
}

/// Whether this person runs the game.
fn may_run(standing: &Standing, game: &Game) -> bool {
    permission::may_run(&standing.guild, &standing.member, game)
}
