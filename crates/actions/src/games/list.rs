use super::show::{self, GameView};
use crate::authorise::{self, AccessError, Intent, Standing};
use crate::perform::perform;
use crate::{Actor, Ctx};
use domain::{Game, GameId, GuildId, Membership, Participant, Status, UserId, permission};
use jiff::Timestamp;
use std::collections::BTreeMap;
use store::games::{GameFilter, Part};
use store::{GuildScope, StoreError, Tx};
use telemetry::attr;

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

/// Lists games of the guilds that somebody is a member of.
///
/// # Errors
/// A guild that they are no member of, or the store failed.
pub async fn list(ctx: &Ctx, actor: &Actor, query: GameQuery) -> Result<Listed, AccessError> {
    let span = ctx.verb_of("games.list", actor);
    if let Some(guild) = query.guild {
        span.set(attr::guild_id(guild.get()));
    }
    let work = async {
        let standing = match query.guild {
            Some(guild) => Some(authorise::enter(ctx, actor, guild, Intent::Read).await?),
            None => None,
        };
        let limit = query.limit.clamp(1, LIMIT);
        let filter = filter(actor, query, standing.as_ref(), limit + 1);
        let mut tx = ctx.store.read().await?;
        let mut page = store::games::list(&mut tx, &filter).await?;
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = page.games.len() > shown;
        page.games.truncate(shown);
        let next = page.games.last().filter(|_| more).map(|game| (game.start, game.id));
        let games = views(&mut tx, (&filter, standing), page.games).await?;
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

/// Each game as the viewer sees it; what is asked doesn't grow with the number of games.
async fn views(
    tx: &mut Tx,
    (filter, standing): (&GameFilter, Option<Standing>),
    games: Vec<Game>,
) -> Result<Vec<GameView>, StoreError> {
    if games.is_empty() {
        return Ok(Vec::new());
    }
    let standings = match standing {
        Some(standing) => BTreeMap::from([(standing.guild.id, standing)]),
        None => standings(tx, filter.viewer).await?,
    };
    let mut rosters = store::games::rosters(tx, filter, &games).await?;
    let names = store::games::names(tx, filter, &games).await?;
    let view = |game: Game| {
        let standing = standings.get(&game.guild)?;
        let roster = rosters.remove(&game.id).unwrap_or_default();
        let names = names_in(&names, &game, &roster);
        Some(show::seen(standing, game, &roster, names))
    };
    Ok(games.into_iter().filter_map(view).collect())
}

/// Where somebody stands in each of their guilds.
async fn standings(tx: &mut Tx, user: UserId) -> Result<BTreeMap<GuildId, Standing>, StoreError> {
    let members = store::members::of_user(tx, user).await?;
    let mut guilds: BTreeMap<_, _> =
        store::guilds::of_user(tx, user).await?.into_iter().map(|guild| (guild.id, guild)).collect();
    let standing = |member: Membership| {
        let guild = guilds.remove(&member.guild)?;
        let scope = GuildScope::of_member(&member);
        Some((guild.id, Standing { guild, member, scope }))
    };
    Ok(members.into_iter().filter_map(standing).collect())
}

/// Those of a page's names that belong to one of its games.
fn names_in(
    names: &BTreeMap<(GuildId, UserId), String>,
    game: &Game,
    roster: &[Participant],
) -> BTreeMap<UserId, String> {
    let people = roster.iter().filter_map(Participant::user).chain([game.host]);
    people.filter_map(|user| Some((user, names.get(&(game.guild, user))?.clone()))).collect()
}
