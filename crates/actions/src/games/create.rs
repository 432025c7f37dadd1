use super::show::{GameView, view};
use crate::authorise::{self, AccessError, Intent, Standing};
use crate::perform::perform;
use crate::write::{reschedule, tell};
use crate::{Actor, Ctx, Refusal, Refuses};
use domain::{
    EventBody, FieldError, Game, GameDraft, GameId, GuildId, Origin, Template, TemplateId, permission,
};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::time::Duration;
use store::idempotency::Answered;
use store::{StoreError, Tx};
use telemetry::attr;

/// A game that somebody wants.
#[derive(Clone, Debug)]
pub struct CreateGame {
    /// In which guild.
    pub guild: GuildId,
    /// From which template; none: the guild's default.
    pub template: Option<TemplateId>,
    /// What it shall be.
    pub draft: GameDraft,
    /// Makes the same request do the same thing once.
    pub idempotency: Option<IdempotencyKey>,
}

/// The `Idempotency-Key` of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: String,
    request_hash: Vec<u8>,
}

/// Longest key that is taken, in characters.
const KEY_CHARACTERS: usize = 200;

impl IdempotencyKey {
    /// A key and the request that it stands for; none when the key is empty or too long.
    pub fn of(key: &str, request: &[u8]) -> Option<Self> {
        let fits = !key.is_empty() && key.chars().count() <= KEY_CHARACTERS;
        fits.then(|| Self { key: key.to_owned(), request_hash: Sha256::digest(request).to_vec() })
    }
}

/// Why a game can't be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Not in that guild, or not from that template.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// What was asked for can't be so.
    #[error("Some of that can't be so.")]
    Invalid(Vec<FieldError>),
    /// The guild has no such template.
    #[error("There is no such template in this guild.")]
    NoSuchTemplate,
    /// The key stands for another request.
    #[error("This Idempotency-Key was used for another request.")]
    KeyReused,
}

impl From<StoreError> for CreateError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl Refuses for CreateError {
    fn refusal(&self) -> Refusal<'_> {
        match self {
            Self::Access(error) => error.refusal(),
            Self::Invalid(fields) => Refusal::Invalid(fields),
            Self::NoSuchTemplate => Refusal::NotFound,
            Self::KeyReused => Refusal::Conflict("idempotency-key-reused"),
        }
    }

    fn error_type(&self) -> Cow<'static, str> {
        match self {
            Self::Access(error) => error.error_type(),
            _ => Cow::Borrowed("_OTHER"),
        }
    }
}

/// Makes a game from a template; its host is who asks.
///
/// # Errors
/// No right, bad fields, no such template, a key used for something else.
pub async fn create(ctx: &Ctx, actor: &Actor, wish: CreateGame) -> Result<GameView, CreateError> {
    let span = ctx.verb_of("games.create", actor);
    span.set(attr::guild_id(wish.guild.get()));
    let (seen, made_now) = perform(&span, make(ctx, actor, wish)).await?;
    let game = &seen.game;
    span.set(attr::game_id(&game.id));
    span.set(attr::template_id(&game.template));
    if made_now {
        ctx.telemetry.metrics().game_changed("created", actor.door.as_str());
        let ahead = game.start.duration_since(game.created_at);
        ctx.telemetry.metrics().lead_time(Duration::try_from(ahead).unwrap_or_default());
    }
    Ok(seen)
}

/// The game, and whether it was made by this request or by an earlier one with its key.
async fn make(ctx: &Ctx, actor: &Actor, wish: CreateGame) -> Result<(GameView, bool), CreateError> {
    let standing = authorise::enter(ctx, actor, wish.guild, Intent::Write).await?;
    let mut tx = ctx.store.begin().await?;
    if let Some(made) = made_before(&mut tx, &standing, wish.idempotency.as_ref()).await? {
        return Ok((view(&mut tx, standing, made).await?, false));
    }
    let template = template(&mut tx, &standing, wish.template).await?;
    if !permission::may_host(&standing.guild, &standing.member, &template) {
        return Err(AccessError::Forbidden.into());
    }
    let game = plan(ctx, &standing, &template, wish.draft)?;

    save(ctx, &mut tx, &standing, &game).await?;
    keep_answer(ctx, &mut tx, (&standing, wish.idempotency), game.id).await?;
    let seen = view(&mut tx, standing, game).await?;
    tx.commit().await?;
    Ok((seen, true))
}

async fn template(tx: &mut Tx, standing: &Standing, id: Option<TemplateId>) -> Result<Template, CreateError> {
    let found = match id {
        Some(id) => store::templates::find(tx, standing.scope, id).await?,
        None => store::templates::default_of(tx, standing.scope).await?,
    };
    found.ok_or(CreateError::NoSuchTemplate)
}

fn plan(ctx: &Ctx, standing: &Standing, template: &Template, draft: GameDraft) -> Result<Game, CreateError> {
    let now = ctx.clock.now();
    let origin = Origin {
        id: GameId::new(ctx.chance.uuid(now)),
        template,
        host: standing.member.user,
        guild_zone: &standing.guild.zone,
        now,
    };
    let mut game = Game::plan(draft, origin).map_err(CreateError::Invalid)?;
    game.version = 1;
    Ok(game)
}

async fn save(ctx: &Ctx, tx: &mut Tx, standing: &Standing, game: &Game) -> Result<(), StoreError> {
    store::games::insert(tx, game).await?;
    reschedule(ctx, tx, (standing.scope, game), game.created_at).await?;
    tell(ctx, tx, game, EventBody::GameCreated { status: game.status }).await
}

async fn made_before(
    tx: &mut Tx,
    standing: &Standing,
    key: Option<&IdempotencyKey>,
) -> Result<Option<Game>, CreateError> {
    let Some(key) = key else { return Ok(None) };
    let Some(answered) = store::idempotency::find(tx, standing.member.user, &key.key).await? else {
        return Ok(None);
    };
    if answered.request_hash != key.request_hash {
        return Err(CreateError::KeyReused);
    }
    Ok(store::games::find(tx, standing.scope, answered.game).await?)
}

async fn keep_answer(
    ctx: &Ctx,
    tx: &mut Tx,
    (standing, key): (&Standing, Option<IdempotencyKey>),
    game: GameId,
) -> Result<(), StoreError> {
    let Some(key) = key else { return Ok(()) };
    let answered = Answered { request_hash: key.request_hash, game };
    store::idempotency::insert(tx, (standing.member.user, &key.key), &answered, ctx.clock.now()).await
}
