use super::show::{GameView, view};
use super::{enter, lock, may_run};
use crate::authorise::{AccessError, Intent, Standing};
use crate::perform::perform;
use crate::write::{count, reschedule, save_and_tell};
use crate::{Actor, Ctx, Refusal, Refuses};
use domain::seats::{self, Difference};
use domain::{EventBody, FieldError, Game, GameChanges, GameField, GameId, NoticeKind, RosterChange, Status};
use std::borrow::Cow;
use store::{StoreError, Tx};
use telemetry::attr;

/// Why a game can't be edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// There is no such game for them, or it is not theirs.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// What was asked for can't be so.
    #[error("Some of that can't be so.")]
    Invalid(Vec<FieldError>),
    /// It has begun, is over or is cancelled.
    #[error("This game has begun or is over; it can't be edited any more.")]
    TooLate,
}

impl From<StoreError> for EditError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl Refuses for EditError {
    fn refusal(&self) -> Refusal<'_> {
        match self {
            Self::Access(error) => error.refusal(),
            Self::Invalid(fields) => Refusal::Invalid(fields),
            Self::TooLate => Refusal::Conflict("game-closed"),
        }
    }

    fn error_type(&self) -> Cow<'static, str> {
        match self {
            Self::Access(error) => error.error_type(),
            _ => Cow::Borrowed("_OTHER"),
        }
    }
}

/// Changes a game; its due moments, its card and its participants follow.
///
/// # Errors
/// No such game, no right, bad fields, a game that has begun.
pub async fn edit(ctx: &Ctx, actor: &Actor, id: GameId, changes: GameChanges) -> Result<GameView, EditError> {
    let span = ctx.verb_of("games.edit", actor);
    span.set(attr::game_id(&id));
    let work = async {
        let standing = enter(ctx, actor, id, Intent::Write).await?;
        span.set(attr::guild_id(standing.guild.id.get()));
        let mut tx = ctx.store.begin().await?;
        let old = lock(&mut tx, &standing, id).await?;
        if !may_run(&standing, &old) {
            return Err(AccessError::Forbidden.into());
        }
        if !matches!(old.status, Status::Draft | Status::Scheduled) {
            return Err(EditError::TooLate);
        }
        let (mut game, touched) = old.with(changes, ctx.clock.now()).map_err(EditError::Invalid)?;
        let change = if touched.is_empty() {
            None
        } else {
            Some(save(ctx, &mut tx, (&standing, &old, &mut game), touched).await?)
        };
        let view = view(&mut tx, standing, game).await?;
        tx.commit().await?;
        Ok((view, change))
    };
    let (view, change) = perform::<_, EditError>(&span, work).await?;
    if let Some(change) = change {
        ctx.telemetry.metrics().game_changed("edited", actor.door.as_str());
        count(ctx, actor, &change);
    }
    Ok(view)
}

/// Gives who moved up or down with the number of seats.
async fn save(
    ctx: &Ctx,
    tx: &mut Tx,
    (standing, old, game): (&Standing, &Game, &mut Game),
    touched: Vec<GameField>,
) -> Result<RosterChange, StoreError> {
    let (scope, now) = (standing.scope, ctx.clock.now());
    let roster = store::participants::of_game(tx, scope, game.id).await?;
    let moved = Difference::between(&seats::split(old, &roster), &seats::split(game, &roster));
    let change = RosterChange { promoted: moved.promoted, demoted: moved.demoted, ..RosterChange::default() };
    reschedule(ctx, tx, (scope, game), now).await?;
    if touched.contains(&GameField::Start) {
        // What was about to go out speaks of the old time.
        let reminders = (game.id, NoticeKind::Reminder);
        store::deliveries::withdraw(tx, scope, reminders, ("moved", now)).await?;
    }
    let roster = change.clone();
    save_and_tell(ctx, tx, (scope, game), EventBody::GameUpdated { changed: touched, roster }).await?;
    Ok(change)
}
