//! Ids in addresses. What isn't an id is nothing that exists: 404.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use domain::{GameId, GuildId};

use crate::layers::observe::Facts;
use crate::problem::Problem;

/// The game of an address; noted on the request's span and log line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GamePath(pub(crate) GameId);

/// The guild of an address; noted on the request's span and log line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuildPath(pub(crate) GuildId);

impl<S: Send + Sync> FromRequestParts<S> for GamePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let id = segment(parts, state).await.and_then(|text| text.parse().ok());
        let id: GameId = id.ok_or_else(|| Problem::not_found("There is no such game."))?;
        if let Some(facts) = parts.extensions.get::<Facts>() {
            facts.game(id);
        }
        Ok(Self(id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for GuildPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let id = segment(parts, state).await.and_then(|text| text.parse().ok());
        let id: GuildId = id.ok_or_else(|| Problem::not_found("There is no such guild."))?;
        if let Some(facts) = parts.extensions.get::<Facts>() {
            facts.guild(id);
        }
        Ok(Self(id))
    }
}

async fn segment<S: Send + Sync>(parts: &mut Parts, state: &S) -> Option<String> {
    Path::<String>::from_request_parts(parts, state).await.ok().map(|Path(text)| text)
}
