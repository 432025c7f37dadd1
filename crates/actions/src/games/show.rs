use super::{enter, may_run, visible};
use crate::authorise::{AccessError, Intent, Standing};
use crate::perform::perform;
use crate::{Actor, Ctx};
use domain::seats::{self, Seat, Split};
use domain::{Game, GameId, Participant, UserId};
use std::collections::BTreeMap;
use store::{StoreError, Tx};
use telemetry::attr;

/// A game as one person sees it.
#[derive(Clone, Debug)]
pub struct GameView {
    /// The game.
    pub game: Game,
    /// Its guild's name.
    pub guild_name: String,
    /// Who has a seat and who waits.
    pub split: Split,
    /// Names of the host and of those on the roster, as far as known.
    pub names: BTreeMap<UserId, String>,
    /// Where the viewer stands.
    pub my_seat: Option<Seat>,
    /// Whether the viewer may edit and cancel it and see the fate of its notices.
    pub may_run: bool,
    /// Whether the viewer could join it now.
    pub may_join: bool,
}

/// Shows a game to somebody who may know of it.
///
/// # Errors
/// Not found, or the store failed.
pub async fn show(ctx: &Ctx, actor: &Actor, id: GameId) -> Result<GameView, AccessError> {
    let span = ctx.verb_of("games.show", actor);
    span.set(attr::game_id(&id));
    let work = async {
        let standing = enter(ctx, actor, id, Intent::Read).await?;
        span.set(attr::guild_id(standing.guild.id.get()));
        let mut tx = ctx.store.read().await?;
        let game = store::games::find(&mut tx, standing.scope, id).await?.ok_or(AccessError::NotFound)?;
        let game = visible(&standing, game)?;
        Ok(view(&mut tx, standing, game).await?)
    };
    perform(&span, work).await
}

/// The game as it is in this transaction, for the person who stands there.
pub(super) async fn view(tx: &mut Tx, standing: Standing, game: Game) -> Result<GameView, StoreError> {
    let roster = store::participants::of_game(tx, standing.scope, game.id).await?;
    let names = names(tx, &standing, &game).await?;
    Ok(seen(&standing, game, &roster, names))
}

/// The game with this roster, as the person sees it who stands there.
pub(super) fn seen(
    standing: &Standing,
    game: Game,
    roster: &[Participant],
    names: BTreeMap<UserId, String>,
) -> GameView {
    let split = seats::split(&game, roster);
    let user = standing.member.user;
    let my_seat = split.seat_of(user);
    let may_join = my_seat.is_none()
        && game.status.takes_signups()
        && game.terms.signup.lets_join()
        && domain::permission::may_play(&game, user, &standing.member.roles);
    GameView {
        may_run: may_run(standing, &game),
        guild_name: standing.guild.name.clone(),
        split,
        names,
        my_seat,
        may_join,
        game,
    }
}

async fn names(
    tx: &mut Tx,
    standing: &Standing,
    game: &Game,
) -> Result<BTreeMap<UserId, String>, StoreError> {
    let members = store::members::on_roster(tx, standing.scope, game.id).await?;
    let mut names: BTreeMap<_, _> = members.into_iter().map(|member| (member.user, member.name)).collect();
    if let Some(host) = store::members::find(tx, game.guild, game.host).await? {
        names.insert(host.user, host.name);
    }
    Ok(names)
}
