//! GET `/guilds/{guild}/templates`.

use actions::guilds;
use axum::Json;
use axum::extract::State;
use domain::{SignupMethod, Template};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::shapes::Signup;
use crate::app::Web;
use crate::auth::Signed;
use crate::input::GuildPath;
use crate::problem::Problem;

/// Templates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Templates {
    /// In their order.
    templates: Vec<TemplateShape>,
}

/// A template.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TemplateShape {
    id: Uuid,
    name: String,
    description: String,
    /// The one that is used when none is named.
    is_default: bool,
    /// The channel that its games are announced in.
    channel: String,
    seats: u32,
    minutes: u32,
    /// Minutes before the start.
    reminders: Vec<u32>,
    place: String,
    instructions: String,
    #[schema(value_type = Signup)]
    signup: SignupMethod,
}

impl From<Template> for TemplateShape {
    fn from(template: Template) -> Self {
        let terms = template.terms;
        Self {
            id: template.id.get(),
            name: template.name,
            description: template.description,
            is_default: template.is_default,
            channel: terms.channel.to_string(),
            seats: terms.seats,
            minutes: terms.minutes,
            reminders: terms.reminders,
            place: terms.place,
            instructions: terms.instructions,
            signup: terms.signup,
        }
    }
}

/// What games of a guild are made from.
#[utoipa::path(get, path = "/guilds/{guild}/templates", tag = "guilds", params(("guild" = String, Path)),
    responses((status = 200, body = Templates)))]
pub(crate) async fn templates(
    State(web): State<Web>,
    GuildPath(guild): GuildPath,
    signed: Signed,
) -> Result<Json<Templates>, Problem> {
    let templates = guilds::templates(web.ctx(), &signed.actor, guild).await?;
    Ok(Json(Templates { templates: templates.into_iter().map(TemplateShape::from).collect() }))
}
