//! GET `/events`: what happens, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actions::{Actor, games};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as Message, KeepAlive};
use domain::{Event, EventBody, GameId, GuildId};
use futures_util::Stream;
use futures_util::stream::unfold;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::Web;
use crate::auth::Signed;
use crate::input::Query;
use crate::live::Missed;
use crate::problem::Problem;

/// So that a connection that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Something that happened to a game.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Happened {
    guild: String,
    game: Uuid,
    /// Counts the game's events.
    sequence: u64,
    occurred_at: Timestamp,
}

/// What happens to games of your guilds, as server-sent events named `game.created`, `game.updated`,
/// `game.cancelled`, `game.status_changed` and `participants.changed`; their data is a `Happened`.
///
/// A client that comes back with `Last-Event-ID` hears what it missed, or `reset` when that is too much: look
/// again at everything then.
#[utoipa::path(get, path = "/events", tag = "events", params(
    ("game" = Option<Uuid>, Query, description = "Of one game only"),
    ("guild" = Option<String>, Query, description = "Of one guild only"),
    ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard")),
    responses((status = 200, body = Happened, content_type = "text/event-stream")))]
pub(crate) async fn events(
    State(web): State<Web>,
    signed: Signed,
    query: Query,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Message, Infallible>>>, Problem> {
    query.only(&["game", "guild"])?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let (missed, next) = web.live().listen(last);
    let (waiting, reset) = match missed {
        Missed::Events(events) => (events.into(), false),
        Missed::TooMuch => (VecDeque::new(), true),
    };
    let actor = signed.actor;
    let listener =
        Listener { actor, game: query.read("game")?, guild: query.read("guild")?, waiting, next, reset, web };
    Ok(Sse::new(unfold(listener, Listener::step)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Somebody who listens.
struct Listener {
    actor: Actor,
    game: Option<GameId>,
    guild: Option<GuildId>,
    waiting: VecDeque<Arc<Event>>,
    next: Receiver<Arc<Event>>,
    reset: bool,
    web: Web,
}

impl Listener {
    async fn step(mut self) -> Option<(Result<Message, Infallible>, Self)> {
        loop {
            if std::mem::take(&mut self.reset) {
                return Some((Ok(Message::default().event("reset").data("{}")), self));
            }
            let event = self.hear().await?;
            if let Some(event) = event
                && let Some(message) = self.message(&event).await
            {
                return Some((Ok(message), self));
            }
        }
    }

    /// The next event, nothing after a gap, and the end when the service stops.
    async fn hear(&mut self) -> Option<Option<Arc<Event>>> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(Some(event));
        }
        let stop = self.web.stop().clone();
        match stop.run_until_cancelled(self.next.recv()).await? {
            Ok(event) => Some(Some(event)),
            Err(RecvError::Lagged(_)) => {
                self.reset = true;
                Some(None)
            }
            Err(RecvError::Closed) => None,
        }
    }

    /// The event as a message, if this person wants it and may know of the game.
    async fn message(&self, event: &Event) -> Option<Message> {
        let game = event.game.filter(|game| self.game.is_none_or(|wanted| wanted == *game))?;
        let of_guild = self.guild.is_none_or(|wanted| wanted == event.guild);
        if !of_guild || !is_told(&event.body) {
            return None;
        }
        games::show(self.web.silent_ctx(), &self.actor, game).await.ok()?;
        let happened = Happened {
            guild: event.guild.to_string(),
            game: game.get(),
            sequence: event.sequence,
            occurred_at: event.occurred_at,
        };
        Message::default().id(event.id.to_string()).event(event.body.event_type()).json_data(happened).ok()
    }
}

/// What a page shows changes with it; the rest is between our services.
const fn is_told(body: &EventBody) -> bool {
    match body {
        EventBody::GameCreated { .. }
        | EventBody::GameUpdated { .. }
        | EventBody::GameCancelled { .. }
        | EventBody::GameStatusChanged { .. }
        | EventBody::ParticipantsChanged(_) => true,
        EventBody::NotificationDue { .. } | EventBody::GuildRemoved {} => false,
    }
}
