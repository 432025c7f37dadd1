use super::show::GameView;
use crate::authorise::{self, AccessError, Intent, Standing};
use crate::perform::perform;
use crate::{Actor, Ctx, Refusal, Refuses};
use domain::{GameId, GuildId, Membership, Status, permission};
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use store::games::{GameFilter, Part};
use store::{GuildScope, StoreError, Tx};

/// Most games on one page.
const LIMIT: u32 = 100;

/// Which games somebody wants to see, in order of their start.
#[derive(Clone, Debug, Default)]
pub struct GameQuery {
    /// Of one guild only.
    pub guild: Option<GuildId>,
    /// In one of these statuses only; empty: all.
    pub statuses: Vec<Status>,
    /// In which they have this part.
    pub part: Option<Part>,
    /// Starting then or later.
    pub from: Option<Timestamp>,
    /// Starting before.
    pub to: Option<Timestamp>,
    /// With this in the title.
    pub text: String,
    /// At most so many, 1–100.
    pub limit: u32,
    /// Those after this one.
    pub after: Option<(Timestamp, GameId)>,
}

/// One page of games.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The games.
    pub games: Vec<GameView>,
    /// How many there are on all pages.
    pub total: u64,
    /// Where the next page begins, when there is one.
    pub next: Option<(Timestamp, GameId)>,
}

/// Why games can't be listed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ListError(#[from] AccessError);

impl From<StoreError> for ListError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl Refuses for ListError {
    fn refusal(&self) -> Refusal<'_> {
        self.0.refusal()
    }

    fn error_type(&self) -> Cow<'static, str> {
        self.0.error_type()
    }
}

/// Lists games of the guilds that somebody is a member of.
///
/// # Errors
/// A guild that they are no member of, or the store failed.
pub async fn list(ctx: &Ctx, actor: &Actor, query: GameQuery) -> Result<Listed, ListError> {
    let span = ctx.verb_of("games.list", actor);
    let work = async {
        let standing = match query.guild {
            Some(guild) => Some(authorise::enter(ctx, actor, guild, Intent::Read).await?),
            None => None,
        };
        let limit = query.limit.clamp(1, LIMIT);
        let mut tx = ctx.store.read().await?;
        let mut page =
            store::games::list(&mut tx, &filter(actor, query, standing.as_ref(), limit + 1)).await?;
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = page.games.len() > shown;
        page.games.truncate(shown);
        let next = page.games.last().filter(|_| more).map(|game| (game.start, game.id));
        let games = views(&mut tx, actor, page.games).await?;
        Ok(Listed { games, total: page.total, next })
    };
    perform(&span, work).await
}

fn filter(actor: &Actor, query: GameQuery, standing: Option<&Standing>, limit: u32) -> GameFilter {
    GameFilter {
        viewer: actor.user,
        guild: standing.map(|standing| standing.scope),
        manages: standing.is_some_and(|s| permission::is_manager(&s.guild, &s.member)),
        statuses: query.statuses,
        part: query.part,
        from: query.from,
        to: query.to,
        text: query.text,
        limit,
        after: query.after,
    }
}

/// Each game as the viewer sees it, with what is known of them in each guild.
async fn views(tx: &mut Tx, actor: &Actor, games: Vec<domain::Game>) -> Result<Vec<GameView>, StoreError> {
    let members: BTreeMap<GuildId, Membership> = store::members::of_user(tx, actor.user)
        .await?
        .into_iter()
        .map(|member| (member.guild, member))
        .collect();
    let mut guilds = BTreeMap::new();
    let mut views = Vec::with_capacity(games.len());
    for game in games {
        let Some(member) = members.get(&game.guild) else { continue };
        let scope = GuildScope::of_member(member);
        let guild = match guilds.entry(game.guild) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(store::guilds::find(tx, scope).await?),
        };
        let Some(guild) = guild else { continue };
        let standing = Standing { guild: guild.clone(), member: member.clone(), scope };
        views.push(super::show::view(tx, standing, game).await?);
    }
    Ok(views)
}
