use super::show::{GameView, view};
use super::{enter, lock};
use crate::authorise::{AccessError, Intent, Standing};
use crate::perform::perform;
use crate::write::{count, save_and_tell};
use crate::{Actor, Ctx, Refusal, Refuses};
use domain::due::DueMoment;
use domain::seats::{self, JoinRefusal, Joined, Joiner, Seat};
use domain::{EventBody, Game, GameId, ParticipantId, RosterChange};
use std::borrow::Cow;
use store::{StoreError, Tx};
use telemetry::attr;

/// Why somebody can't join.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// There is no such game for them.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A rule stands against it.
    #[error(transparent)]
    Refused(#[from] JoinRefusal),
}

impl From<StoreError> for JoinError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl Refuses for JoinError {
    fn refusal(&self) -> Refusal<'_> {
        match self {
            Self::Access(error) => error.refusal(),
            Self::Refused(JoinRefusal::MissingRole) => Refusal::Forbidden,
            Self::Refused(JoinRefusal::Closed(_)) => Refusal::Conflict("game-closed"),
            Self::Refused(JoinRefusal::HostPicks) => Refusal::Conflict("host-picks"),
            Self::Refused(JoinRefusal::RosterFull) => Refusal::Conflict("roster-full"),
        }
    }

    fn error_type(&self) -> Cow<'static, str> {
        match self {
            Self::Access(error) => error.error_type(),
            Self::Refused(_) => Cow::Borrowed("_OTHER"),
        }
    }
}

/// What joining came to.
#[derive(Clone, Debug)]
pub struct JoinedGame {
    /// Where that puts them.
    pub seat: Seat,
    /// Whether they were on the roster before.
    pub already: bool,
    /// The game as it is now.
    pub view: GameView,
}

/// Puts somebody on a game's roster, or on its waitlist when it is full. Joining twice is joining once.
///
/// # Errors
/// No such game, a closed game, a missing role, a host who picks.
pub async fn join(ctx: &Ctx, actor: &Actor, id: GameId) -> Result<JoinedGame, JoinError> {
    let span = ctx.verb_of("games.join", actor);
    span.set(attr::game_id(&id));
    let work = async {
        let standing = enter(ctx, actor, id, Intent::Write).await?;
        span.set(attr::guild_id(standing.guild.id.get()));
        let mut tx = ctx.store.begin().await?;
        let mut game = lock(&mut tx, &standing, id).await?;
        let roster = store::participants::of_game(&mut tx, standing.scope, id).await?;

        let now = ctx.clock.now();
        let place = ParticipantId::new(ctx.chance.uuid(now));
        let wants = Joiner { user: actor.user, roles: &standing.member.roles, id: place, now };
        let joined = seats::join(&game, &roster, wants)?;

        let (seat, change) = save(ctx, &mut tx, (&standing, &mut game), joined).await?;
        let view = view(&mut tx, standing, game).await?;
        tx.commit().await?;
        Ok((JoinedGame { seat, already: change.is_empty(), view }, change))
    };
    let (joined, change) = perform::<_, JoinError>(&span, work).await?;
    count(ctx, actor, &change);
    Ok(joined)
}

/// Where that puts them, and who moved: nobody, when they had a place before.
async fn save(
    ctx: &Ctx,
    tx: &mut Tx,
    (standing, game): (&Standing, &mut Game),
    joined: Joined,
) -> Result<(Seat, RosterChange), StoreError> {
    let (participant, seat, difference) = match joined {
        Joined::Already(seat) => return Ok((seat, RosterChange::default())),
        Joined::New { participant, seat, difference } => (participant, seat, difference),
    };
    let scope = standing.scope;
    store::participants::insert(tx, scope, game.id, &participant).await?;
    let user = standing.member.user;
    let notice = DueMoment::join_notice(user, participant.joined_at, game);
    let id = ctx.chance.uuid(participant.joined_at);
    store::schedule::add(tx, scope, (id, game.id), &notice).await?;
    let change = RosterChange {
        joined: vec![user],
        promoted: difference.promoted,
        demoted: difference.demoted,
        ..RosterChange::default()
    };
    save_and_tell(ctx, tx, (scope, game), EventBody::ParticipantsChanged(change.clone())).await?;
    Ok((seat, change))
}
