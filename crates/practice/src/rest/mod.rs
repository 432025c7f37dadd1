//! Discord's REST API, version 10: a file per resource.

pub(crate) mod applications;
mod body;
mod channels;
mod commands;
mod gateway_info;
mod guilds;
mod interactions;
mod layers;
mod messages;
mod path;
mod users;
mod webhooks;

pub(crate) use body::JsonBody;
pub(crate) use layers::LostAnswer;

use crate::app::Shared;
use crate::errors::{ApiError, Code};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use http::Uri;

/// Bodies up to this size are read; attachments aren't supported, so nothing legitimate comes near.
const BODY_LIMIT_BYTES: usize = 2 * 1024 * 1024;

/// Everything under `/api`.
pub(crate) fn router(app: &Shared) -> Router<Shared> {
    Router::new().nest("/v10", version_10(app)).fallback(other_version)
}

fn version_10(app: &Shared) -> Router<Shared> {
    let with_bot_token = Router::new()
        .merge(gateway_info::with_token())
        .merge(users::routes())
        .merge(applications::routes())
        .merge(guilds::routes())
        .merge(channels::routes())
        .merge(messages::routes())
        .merge(commands::routes())
        .route_layer(from_fn_with_state(app.clone(), layers::authorize));
    Router::new()
        .merge(with_bot_token)
        .merge(gateway_info::without_token())
        .merge(interactions::routes())
        .merge(webhooks::routes())
        .route_layer(from_fn_with_state(app.clone(), layers::limit))
        .method_not_allowed_fallback(async || ApiError::WrongMethod)
        .fallback(async || ApiError::NoRoute)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(from_fn_with_state(app.clone(), layers::misbehave))
}

/// `/api/v9` is another version; `/api/anything` is nothing at all.
async fn other_version(uri: Uri) -> ApiError {
    let first = uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_version = first.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
    if is_version { Code::InvalidVersion.into() } else { ApiError::NoRoute }
}

/// What handlers give back.
type Answer<T = Response> = Result<T, ApiError>;
