//! GET `/games/{id}/participants`.

use std::collections::BTreeMap;

use actions::games;
use axum::Json;
use axum::extract::State;
use domain::{Participant, UserId, Who};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Web;
use crate::auth::Signed;
use crate::input::GamePath;
use crate::problem::Problem;

/// A roster, each part in its order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Roster {
    /// Those who have a seat.
    confirmed: Vec<Place>,
    /// Those who move up when somebody leaves.
    waitlist: Vec<Place>,
}

/// A place on a roster.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Place {
    /// The Discord id of who holds it; absent for a name that the host wrote down.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    name: String,
    /// `host_placed`, `role_matched` or `self_joined`.
    class: &'static str,
    joined_at: Timestamp,
}

/// Who has a seat, and who waits.
#[utoipa::path(get, path = "/games/{id}/participants", tag = "games", params(("id" = Uuid, Path)),
    responses((status = 200, body = Roster)))]
pub(crate) async fn participants(
    State(web): State<Web>,
    GamePath(id): GamePath,
    signed: Signed,
) -> Result<Json<Roster>, Problem> {
    let view = games::show(web.ctx(), &signed.actor, id).await?;
    let places =
        |part: &[Participant]| part.iter().map(|participant| place(participant, &view.names)).collect();
    Ok(Json(Roster { confirmed: places(&view.split.confirmed), waitlist: places(&view.split.waitlist) }))
}

fn place(participant: &Participant, names: &BTreeMap<UserId, String>) -> Place {
    let name = match &participant.who {
        Who::User(user) => names.get(user).cloned().unwrap_or_default(),
        Who::Placeholder(name) => name.clone(),
    };
    Place {
        user: participant.user().map(|user| user.to_string()),
        name,
        class: participant.class.as_str(),
        joined_at: participant.joined_at,
    }
}
