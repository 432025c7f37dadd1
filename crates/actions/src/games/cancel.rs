use super::show::{GameView, view};
use super::{enter, lock, may_run};
use crate::authorise::{AccessError, Intent, Standing};
use crate::perform::perform;
use crate::write::save_and_tell;
use crate::{Actor, Ctx, Refusal, Refuses};
use domain::{EventBody, Game, GameId, NoticeKind, Status, UserId};
use std::borrow::Cow;
use store::{StoreError, Tx};
use telemetry::attr;

/// Why a game can't be cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is no such game for them, or it is not theirs.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// It is over.
    #[error("This game is over; it can't be cancelled any more.")]
    TooLate,
}

impl From<StoreError> for CancelError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl Refuses for CancelError {
    fn refusal(&self) -> Refusal<'_> {
        match self {
            Self::Access(error) => error.refusal(),
            Self::TooLate => Refusal::Conflict("game-closed"),
        }
    }

    fn error_type(&self) -> Cow<'static, str> {
        match self {
            Self::Access(error) => error.error_type(),
            Self::TooLate => Cow::Borrowed("_OTHER"),
        }
    }
}

/// Calls a game off; nothing stays pending for it, and everybody on its roster is told. Twice is once.
///
/// # Errors
/// No such game, no right, a game that is over.
pub async fn cancel(ctx: &Ctx, actor: &Actor, id: GameId) -> Result<GameView, CancelError> {
    let span = ctx.verb_of("games.cancel", actor);
    span.set(attr::game_id(&id));
    let work = async {
        let standing = enter(ctx, actor, id, Intent::Write).await?;
        span.set(attr::guild_id(standing.guild.id.get()));
        let mut tx = ctx.store.begin().await?;
        let mut game = lock(&mut tx, &standing, id).await?;
        if !may_run(&standing, &game) {
            return Err(AccessError::Forbidden.into());
        }
        let is_news = game.status != Status::Cancelled;
        if is_news {
            if !game.status.may_become(Status::Cancelled) {
                return Err(CancelError::TooLate);
            }
            save(ctx, &mut tx, (&standing, &mut game), actor.user).await?;
        }
        let view = view(&mut tx, standing, game).await?;
        tx.commit().await?;
        Ok((view, is_news))
    };
    let (view, is_news) = perform::<_, CancelError>(&span, work).await?;
    if is_news {
        ctx.telemetry.metrics().game_changed("cancelled", actor.door.as_str());
    }
    Ok(view)
}

async fn save(
    ctx: &Ctx,
    tx: &mut Tx,
    (standing, game): (&Standing, &mut Game),
    by: UserId,
) -> Result<(), StoreError> {
    let (scope, now) = (standing.scope, ctx.clock.now());
    let from = game.status;
    game.status = Status::Cancelled;
    store::schedule::withdraw_all(tx, scope, game.id).await?;
    for kind in NoticeKind::ALL.into_iter().filter(|kind| kind.ends_with_the_game()) {
        store::deliveries::withdraw(tx, scope, (game.id, kind), ("cancelled", now)).await?;
    }
    save_and_tell(ctx, tx, (scope, game), EventBody::GameCancelled { by, from }).await
}
