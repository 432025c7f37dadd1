//! Sessions and tokens: who somebody is.

use crate::authorise::{self, AccessError};
use crate::perform::perform;
use crate::{Ctx, StoreError};
use domain::UserId;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use store::Store;
use store::sessions::{Session, TokenHash};
use telemetry::{Secret, attr};

/// A session that is not used for so long ends.
const IDLE: SignedDuration = SignedDuration::from_hours(24);
/// A session ends after so long, however much it is used.
const ABSOLUTE: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How exactly the last use of a session is kept.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Tells a bearer token from other secrets at a glance.
const TOKEN_PREFIX: &str = "muster_";

/// Somebody whose session or token is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// What a form of theirs has to bring along; none for a token.
    pub csrf: Option<String>,
}

/// Starts a session for somebody who has shown who they are; gives the token that their browser keeps.
///
/// # Errors
/// Discord can't be asked for their guilds, or the store failed.
pub async fn sign_in(ctx: &Ctx, user: UserId, name: &str) -> Result<Secret<String>, AccessError> {
    let span = ctx.verb("people.sign_in");
    span.set(attr::user_id(user.get()));
    let work = async {
        let now = ctx.clock.now();
        let token = hex::encode(ctx.chance.bytes::<32>());
        let csrf = hex::encode(ctx.chance.bytes::<32>());
        let session = Session { user, name: name.to_owned(), csrf, created_at: now, used_at: now };
        let mut tx = ctx.store.begin().await?;
        store::users::upsert(&mut tx, user, name, now).await?;
        store::sessions::insert(&mut tx, &hash(&token), &session).await?;
        tx.commit().await?;
        authorise::discover(ctx, user).await?;
        Ok(Secret::new(token))
    };
    perform(&span, work).await
}

/// Who a session's token belongs to; none when it is unknown or has ended.
///
/// # Errors
/// The store failed.
pub async fn by_session(ctx: &Ctx, token: &Secret<String>) -> Result<Option<Signed>, StoreError> {
    let (hash, now) = (hash(token.expose()), ctx.clock.now());
    let session = {
        let mut tx = ctx.store.read().await?;
        store::sessions::find(&mut tx, &hash).await?
    };
    let Some(session) = session.filter(|session| is_live(session, now)) else { return Ok(None) };
    if now.duration_since(session.used_at) > TOUCH_EVERY {
        let mut tx = ctx.store.begin().await?;
        store::sessions::touch(&mut tx, &hash, now).await?;
        tx.commit().await?;
    }
    Ok(Some(Signed { user: session.user, name: session.name, csrf: Some(session.csrf) }))
}

fn is_live(session: &Session, now: Timestamp) -> bool {
    now.duration_since(session.used_at) <= IDLE && now.duration_since(session.created_at) <= ABSOLUTE
}

/// Ends a session.
///
/// # Errors
/// The store failed.
pub async fn sign_out(ctx: &Ctx, token: &Secret<String>) -> Result<(), StoreError> {
    let span = ctx.verb("people.sign_out");
    let work = async {
        let mut tx = ctx.store.begin().await?;
        store::sessions::delete(&mut tx, &hash(token.expose())).await?;
        tx.commit().await
    };
    perform(&span, work).await
}

/// Who a bearer token belongs to; none when it is unknown or revoked. Whoever comes for the first time is
/// looked for in the bot's guilds.
///
/// # Errors
/// Discord can't be asked for their guilds, or the store failed.
pub async fn by_token(ctx: &Ctx, token: &Secret<String>) -> Result<Option<Signed>, AccessError> {
    let found = {
        let mut tx = ctx.store.read().await?;
        store::tokens::find(&mut tx, &hash(token.expose())).await?
    };
    let Some((user, name)) = found else { return Ok(None) };
    authorise::discover(ctx, user).await?;
    Ok(Some(Signed { user, name, csrf: None }))
}

/// Makes a bearer token for somebody, without anything but the store: `muster token create`.
///
/// # Errors
/// The store failed.
pub async fn create_token(
    store: &Store,
    (user, name): (UserId, &str),
    (clock, chance): (&clock::Clock, &clock::Chance),
) -> Result<Secret<String>, StoreError> {
    let now = clock.now();
    let token = format!("{TOKEN_PREFIX}{}", hex::encode(chance.bytes::<32>()));
    let mut tx = store.begin().await?;
    store::users::upsert(&mut tx, user, name, now).await?;
    store::tokens::insert(&mut tx, &hash(&token), (user, "command line"), now).await?;
    tx.commit().await?;
    Ok(Secret::new(token))
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}
