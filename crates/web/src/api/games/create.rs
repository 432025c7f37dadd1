//! POST `/games`.

use actions::games::{self, CreateGame, IdempotencyKey};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use domain::{GuildId, TemplateId};

use crate::api::shapes::{GameShape, NewGame};
use crate::app::Web;
use crate::auth::Signed;
use crate::input::Json;
use crate::layers::observe::Facts;
use crate::problem::Problem;

/// Makes a game from a template of a guild; its host is who asks.
///
/// With an `Idempotency-Key` the same request makes one game however often it is sent.
#[utoipa::path(post, path = "/games", tag = "games", request_body = NewGame,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 characters")),
    responses((status = 201, body = GameShape,
        headers(("Location" = String, description = "Where the game is")))))]
pub(crate) async fn create(
    State(web): State<Web>,
    Extension(facts): Extension<Facts>,
    signed: Signed,
    headers: HeaderMap,
    Json(game): Json<NewGame>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], axum::Json<GameShape>), Problem> {
    let idempotency = idempotency_key(&headers, &game)?;
    let guild = game.guild.parse().map(GuildId::new);
    let guild = guild.map_err(|_| Problem::invalid_field("/guild", "A Discord id is a string of digits."))?;
    facts.guild(guild);
    let template = game.template.map(TemplateId::new);
    let wish = CreateGame { guild, template, draft: game.into(), idempotency };
    let made = games::create(web.ctx(), &signed.actor, wish).await?;
    facts.game(made.game.id);
    let address = format!("/api/v1/games/{}", made.game.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, address)], axum::Json(made.into())))
}

/// The key stands for the content of the request, not for how it was spelt.
fn idempotency_key(headers: &HeaderMap, game: &NewGame) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let content = serde_json::to_vec(game).map_err(Problem::internal)?;
    let key = value.to_str().ok().and_then(|key| IdempotencyKey::of(key, &content));
    let refused = || Problem::invalid_parameter("Idempotency-Key", "It has 1 to 200 characters.");
    key.map(Some).ok_or_else(refused)
}
