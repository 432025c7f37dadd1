use super::{enter, may_run, visible};
use crate::authorise::{AccessError, Intent};
use crate::perform::perform;
use crate::{Actor, Ctx, Refusal, Refuses};
use domain::GameId;
use domain::notice::Recipient;
use std::borrow::Cow;
use store::StoreError;
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

/// Why the fate of notices can't be shown.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DeliveriesError(#[from] AccessError);

impl From<StoreError> for DeliveriesError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl Refuses for DeliveriesError {
    fn refusal(&self) -> Refusal<'_> {
        self.0.refusal()
    }

    fn error_type(&self) -> Cow<'static, str> {
        self.0.error_type()
    }
}

/// Shows what became of every notice about a game, to those who run it.
///
/// # Errors
/// No such game, or no right.
pub async fn deliveries(ctx: &Ctx, actor: &Actor, id: GameId) -> Result<Vec<NoticeFate>, DeliveriesError> {
    let span = ctx.verb_of("games.deliveries", actor);
    span.set(attr::game_id(&id));
    let work = async {
        let standing = enter(ctx, actor, id, Intent::Read).await?;
        let mut tx = ctx.store.read().await?;
        let game = store::games::find(&mut tx, standing.scope, id).await?.ok_or(AccessError::NotFound)?;
        let game = visible(&standing, game)?;
        if !may_run(&standing, &game) {
            return Err(AccessError::Forbidden.into());
        }
        let fates = store::deliveries::of_game(&mut tx, standing.scope, id, LIMIT).await?;
        let mut named = Vec::with_capacity(fates.len());
        for fate in fates {
            let member = match fate.to {
                Recipient::User(user) => store::members::find(&mut tx, game.guild, user).await?,
                Recipient::Channel(_) => None,
            };
            named.push(NoticeFate { fate, name: member.map(|member| member.name) });
        }
        Ok(named)
    };
    perform(&span, work).await
}
