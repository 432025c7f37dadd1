use super::{enter, may_run, visible};
use crate::authorise::{AccessError, Intent};
use crate::perform::perform;
use crate::{Actor, Ctx};
use domain::GameId;
use domain::notice::Recipient;
use std::collections::BTreeMap;
use store::deliveries::Fate;
use telemetry::attr;

/// Most notices that are shown of one game.
const LIMIT: u32 = 2000;

/// What became of one notice to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeFate {
    /// Its row of the ledger.
    pub fate: Fate,
    /// The recipient's name, when it is a person who is known.
    pub name: Option<String>,
}

/// Shows what became of every notice about a game, to those who run it.
///
/// # Errors
/// No such game, or no right.
pub async fn deliveries(ctx: &Ctx, actor: &Actor, id: GameId) -> Result<Vec<NoticeFate>, AccessError> {
    let span = ctx.verb_of("games.deliveries", actor);
    span.set(attr::game_id(&id));
    let work = async {
        let standing = enter(ctx, actor, id, Intent::Read).await?;
        span.set(attr::guild_id(standing.guild.id.get()));
        let mut tx = ctx.store.read().await?;
        let game = store::games::find(&mut tx, standing.scope, id).await?.ok_or(AccessError::NotFound)?;
        let game = visible(&standing, game)?;
        if !may_run(&standing, &game) {
            return Err(AccessError::Forbidden);
        }
        let fates = store::deliveries::of_game(&mut tx, standing.scope, id, LIMIT).await?;
        let members = store::members::told_of(&mut tx, standing.scope, id).await?;
        let names: BTreeMap<_, _> = members.into_iter().map(|member| (member.user, member.name)).collect();
        let with_name = |fate: Fate| {
            let name = match fate.to {
                Recipient::User(user) => names.get(&user).cloned(),
                Recipient::Channel(_) => None,
            };
            NoticeFate { fate, name }
        };
        Ok(fates.into_iter().map(with_name).collect())
    };
    perform(&span, work).await
}
