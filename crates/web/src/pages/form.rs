//! `/games/new` and `/games/{id}/edit`.

use actions::games::{self, CreateError, CreateGame, EditError, GameView, IdempotencyKey};
use actions::guilds::GuildView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::{Game, GameChanges, GameDraft, GameId, Origin, Participant, Template, Who, permission};
use look::{FieldError, Section};
use maud::Markup;

use super::form_input::{Reading, beside_fields, changes, draft};
use super::form_view::{GameForm, fresh, stored, view};
use super::game::to_game;
use super::visit::{Content, SentForm, Visit};
use super::words::name_of;
use crate::app::Web;
use crate::input::{GamePath, Query, Submitted};
use crate::local_time::Caveat;
use crate::problem::{FORBIDDEN, Problem};

/// What a form is filled with and what is wrong with it.
struct Filled {
    values: Submitted,
    errors: Vec<FieldError>,
    caveat: Option<Caveat>,
    preview: Option<Game>,
}

impl Filled {
    fn with(values: Submitted) -> Self {
        Self { values, errors: Vec::new(), caveat: None, preview: None }
    }
}

/// Where a new game is made: the guild, and those of its templates that the visitor may use.
struct Workshop {
    guild: domain::Guild,
    templates: Vec<Template>,
}

const NO_HOST: &str = "Games of this guild are posted by its managers, and by the holders of a template's \
    host roles. You are neither; one of them can change that.";

impl Workshop {
    async fn enter(web: &Web, visit: &Visit, guild: Option<&str>) -> Result<Self, Problem> {
        let guilds = super::guilds_of(web, visit).await?;
        let chosen = super::chosen(&guilds, guild)?.cloned();
        let GuildView { guild, member, .. } =
            chosen.ok_or_else(|| Problem::not_found("You share no guild with Muster."))?;
        let mut templates = super::templates_of(web, visit, guild.id).await?;
        templates.retain(|template| permission::may_host(&guild, &member, template));
        Ok(Self { guild, templates })
    }

    fn template(&self, id: &str) -> Result<&Template, Problem> {
        let named = self.templates.iter().find(|template| template.id.to_string() == id);
        let default = || self.templates.iter().find(|template| template.is_default);
        let found = named.or_else(default).or_else(|| self.templates.first());
        found.ok_or_else(|| Problem::new(&FORBIDDEN, NO_HOST))
    }

    fn page(&self, visit: &Visit, filled: &Filled) -> Result<Markup, Problem> {
        let form = GameForm {
            editing: None,
            template: self.template(filled.values.get("template"))?,
            templates: &self.templates,
            values: &filled.values,
            errors: &filled.errors,
            caveat: filled.caveat,
            preview: filled.preview.as_ref(),
            host: &visit.name,
            players: &[],
        };
        Ok(visit.show(Content {
            title: "New game",
            section: Section::NewGame,
            guild: Some(&self.guild.name),
            live: None,
            body: view(&form, &visit.csrf),
        }))
    }

    /// The game as it would be, and what is wrong with it.
    fn preview(
        &self,
        visit: &Visit,
        values: Submitted,
        reading: Reading<GameDraft>,
    ) -> Result<Filled, Problem> {
        let origin = Origin {
            id: GameId::new(uuid::Uuid::nil()),
            template: self.template(values.get("template"))?,
            host: visit.user(),
            guild_zone: &self.guild.zone,
            now: visit.now,
        };
        let planned = reading
            .result
            .and_then(|draft| Game::plan(draft, origin).map_err(|errors| beside_fields(&errors)));
        let (preview, errors) = settle(planned);
        Ok(Filled { values, errors, caveat: reading.caveat, preview })
    }
}

fn settle(planned: Result<Game, Vec<FieldError>>) -> (Option<Game>, Vec<FieldError>) {
    match planned {
        Ok(game) => (Some(game), Vec::new()),
        Err(errors) => (None, errors),
    }
}

/// The empty form.
pub(crate) async fn new(State(web): State<Web>, visit: Visit, query: Query) -> Result<Markup, Problem> {
    let workshop = Workshop::enter(&web, &visit, query.text("guild")).await?;
    let template = workshop.template(query.text("template").unwrap_or_default())?;
    let values = fresh(&workshop.guild, web.random_hex(), template);
    workshop.page(&visit, &Filled::with(values))
}

/// Makes the game, or shows the form again with what is wrong.
pub(crate) async fn create(State(web): State<Web>, form: SentForm) -> Result<Response, Problem> {
    let SentForm { visit, fields } = form;
    let workshop = Workshop::enter(&web, &visit, fields.filled("guild")).await?;
    let reading = draft(&fields);
    let caveat = reading.caveat;
    let draft = match reading.result {
        Ok(draft) if fields.get("intent") != "preview" => draft,
        result => {
            let filled = workshop.preview(&visit, fields, Reading { result, caveat })?;
            return Ok(shown_again(&filled, workshop.page(&visit, &filled)?));
        }
    };
    let template = workshop.template(fields.get("template"))?.id;
    let idempotency =
        IdempotencyKey::of(fields.get("key"), &serde_json::to_vec(&draft).map_err(Problem::internal)?);
    let wish = CreateGame { guild: workshop.guild.id, template: Some(template), draft, idempotency };
    match games::create(web.ctx(), &visit.actor, wish).await {
        Ok(made) => Ok(to_game(made.game.id).into_response()),
        Err(CreateError::Invalid(errors)) => {
            let filled = Filled { errors: beside_fields(&errors), caveat, ..Filled::with(fields) };
            Ok(shown_again(&filled, workshop.page(&visit, &filled)?))
        }
        Err(error) => Err(error.into()),
    }
}

/// The form with what is stored.
pub(crate) async fn edit(
    State(web): State<Web>,
    GamePath(id): GamePath,
    visit: Visit,
) -> Result<Markup, Problem> {
    let seen = super::game_to_run(&web, &visit, id).await?;
    let filled = Filled { preview: Some(seen.game.clone()), ..Filled::with(stored(&seen.game)) };
    edit_page(&web, &visit, &seen, &filled).await
}

/// Changes the game, or shows the form again with what is wrong.
pub(crate) async fn change(
    State(web): State<Web>,
    GamePath(id): GamePath,
    form: SentForm,
) -> Result<Response, Problem> {
    let SentForm { visit, fields } = form;
    let seen = super::game_to_run(&web, &visit, id).await?;
    let Reading { result, caveat } = changes(&fields);
    let errors = match result {
        Ok(changes) if fields.get("intent") == "preview" => {
            return preview_edit(&web, (&visit, &seen), fields, (changes, caveat)).await;
        }
        Ok(changes) => match games::edit(web.ctx(), &visit.actor, id, changes).await {
            Ok(_) => return Ok(to_game(id).into_response()),
            Err(EditError::Invalid(errors)) => beside_fields(&errors),
            Err(error) => return Err(error.into()),
        },
        Err(errors) => errors,
    };
    let filled = Filled { errors, caveat, ..Filled::with(fields) };
    Ok(shown_again(&filled, edit_page(&web, &visit, &seen, &filled).await?))
}

async fn preview_edit(
    web: &Web,
    (visit, seen): (&Visit, &GameView),
    values: Submitted,
    (changes, caveat): (GameChanges, Option<Caveat>),
) -> Result<Response, Problem> {
    let outcome = seen.game.with(changes, visit.now);
    let (preview, errors) = settle(outcome.map(|(game, _)| game).map_err(|errors| beside_fields(&errors)));
    let filled = Filled { values, errors, caveat, preview };
    Ok(shown_again(&filled, edit_page(web, visit, seen, &filled).await?))
}

async fn edit_page(web: &Web, visit: &Visit, seen: &GameView, filled: &Filled) -> Result<Markup, Problem> {
    let templates = super::templates_of(web, visit, seen.game.guild).await?;
    let mut template = templates.iter().find(|template| template.id == seen.game.template).cloned();
    // A template that is gone has no defaults to show: the game's own terms stand in for them.
    let template = template.get_or_insert_with(|| Template {
        terms: seen.game.terms.clone(),
        ..Template::first(seen.game.template, seen.game.guild, seen.game.terms.channel)
    });
    let form = GameForm {
        editing: Some(&seen.game),
        template,
        templates: &[],
        values: &filled.values,
        errors: &filled.errors,
        caveat: filled.caveat,
        preview: filled.preview.as_ref(),
        host: name_of(seen, seen.game.host),
        players: &players(seen),
    };
    Ok(visit.show(Content {
        title: "Edit game",
        section: Section::Games,
        guild: Some(&seen.guild_name),
        live: None,
        body: view(&form, &visit.csrf),
    }))
}

/// The names of those who have a seat.
fn players(seen: &GameView) -> Vec<String> {
    let name = |participant: &Participant| match &participant.who {
        Who::User(user) => name_of(seen, *user).to_owned(),
        Who::Placeholder(name) => name.clone(),
    };
    seen.split.confirmed.iter().map(name).collect()
}

/// 422 when something is wrong, 200 for a preview.
fn shown_again(filled: &Filled, page: Markup) -> Response {
    let status = if filled.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    (status, page).into_response()
}
