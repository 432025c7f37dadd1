use super::show::{GameView, view};
use super::{enter, lock};
use crate::authorise::{AccessError, Intent, Standing};
use crate::perform::perform;
use crate::write::{count, save_and_tell};
use crate::{Actor, Ctx, Refusal, Refuses};
use domain::seats::{self, LeaveRefusal, Left};
use domain::{EventBody, Game, GameId, PositionClass, RosterChange};
use std::borrow::Cow;
use store::{StoreError, Tx};
use telemetry::attr;

/// Why somebody can't leave.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    /// There is no such game for them.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The roster no longer changes.
    #[error(transparent)]
    Refused(#[from] LeaveRefusal),
}

impl From<StoreError> for LeaveError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl Refuses for LeaveError {
    fn refusal(&self) -> Refusal<'_> {
        match self {
            Self::Access(error) => error.refusal(),
            Self::Refused(_) => Refusal::Conflict("game-closed"),
        }
    }

    fn error_type(&self) -> Cow<'static, str> {
        match self {
            Self::Access(error) => error.error_type(),
            Self::Refused(_) => Cow::Borrowed("_OTHER"),
        }
    }
}

/// Takes somebody off a game's roster. Who is not on it has left.
///
/// # Errors
/// No such game, or one that is over.
pub async fn leave(ctx: &Ctx, actor: &Actor, id: GameId) -> Result<GameView, LeaveError> {
    let span = ctx.verb_of("games.leave", actor);
    span.set(attr::game_id(&id));
    let work = async {
        let standing = enter(ctx, actor, id, Intent::Write).await?;
        span.set(attr::guild_id(standing.guild.id.get()));
        let mut tx = ctx.store.begin().await?;
        let mut game = lock(&mut tx, &standing, id).await?;
        let roster = store::participants::of_game(&mut tx, standing.scope, id).await?;

        let left = seats::leave(&game, &roster, actor.user)?;

        let change = save(ctx, &mut tx, (&standing, &mut game), left).await?;
        let view = view(&mut tx, standing, game).await?;
        tx.commit().await?;
        Ok((view, change))
    };
    let (view, change) = perform::<_, LeaveError>(&span, work).await?;
    count(ctx, actor, &change);
    Ok(view)
}

/// Gives who moved: nobody, when they were not on the roster.
async fn save(
    ctx: &Ctx,
    tx: &mut Tx,
    (standing, game): (&Standing, &mut Game),
    left: Left,
) -> Result<RosterChange, StoreError> {
    let Left::Gone { participant, difference } = left else { return Ok(RosterChange::default()) };
    let (scope, user) = (standing.scope, standing.member.user);
    store::participants::delete(tx, scope, game.id, participant.id).await?;
    store::schedule::withdraw_join_notice(tx, scope, (game.id, user)).await?;
    let placed = participant.class == PositionClass::HostPlaced;
    let change = RosterChange {
        left: vec![user],
        placed_left: if placed { vec![user] } else { Vec::new() },
        promoted: difference.promoted,
        demoted: difference.demoted,
        ..RosterChange::default()
    };
    save_and_tell(ctx, tx, (scope, game), EventBody::ParticipantsChanged(change.clone())).await?;
    Ok(change)
}
