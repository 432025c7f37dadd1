//! GET `/games/{id}/deliveries`.

use actions::games::{self, NoticeFate};
use axum::Json;
use axum::extract::State;
use domain::notice::Recipient;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::Web;
use crate::auth::Signed;
use crate::input::GamePath;
use crate::problem::Problem;

/// Every notice about a game.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deliveries {
    /// In the order in which they were asked for.
    deliveries: Vec<Delivery>,
}

/// What became of one notice to one recipient.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    id: Uuid,
    /// `announcement`, `reminder`, `joined` and so on.
    #[schema(example = "reminder")]
    kind: &'static str,
    /// The Discord id of the channel that it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The Discord id of the person whom it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The person's name, as far as known.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `pending`, `sending`, `sent`, `skipped` or `dead`.
    #[schema(example = "sent")]
    state: String,
    /// Why it was skipped, is dead or is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    attempts: u32,
    scheduled_for: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<Timestamp>,
}

/// What became of every notice, for the game's host and the guild's managers.
#[utoipa::path(get, path = "/games/{id}/deliveries", tag = "games", params(("id" = Uuid, Path)),
    responses((status = 200, body = Deliveries)))]
pub(crate) async fn deliveries(
    State(web): State<Web>,
    GamePath(id): GamePath,
    signed: Signed,
) -> Result<Json<Deliveries>, Problem> {
    let fates = games::deliveries(web.ctx(), &signed.actor, id).await?;
    Ok(Json(Deliveries { deliveries: fates.into_iter().map(Delivery::from).collect() }))
}

impl From<NoticeFate> for Delivery {
    fn from(NoticeFate { fate, name }: NoticeFate) -> Self {
        let (channel, user) = match fate.to {
            Recipient::Channel(channel) => (Some(channel.to_string()), None),
            Recipient::User(user) => (None, Some(user.to_string())),
        };
        Self {
            id: fate.id.get(),
            kind: fate.kind.as_str(),
            channel,
            user,
            name,
            state: fate.state,
            reason: fate.reason,
            attempts: fate.attempts,
            scheduled_for: fate.scheduled_for,
            settled_at: fate.settled_at,
        }
    }
}
