//! Who is looking at what: from the address, else from the cookie.

use crate::app::Shared;
use crate::cast::GAMES_CHANNEL_ID;
use crate::state::{Channel, Member, Snowflake, TEXT, World};
use axum::extract::{FromRequestParts, Query};
use axum::response::AppendHeaders;
use http::StatusCode;
use http::header::{COOKIE, HeaderName, SET_COOKIE};
use http::request::Parts;
use serde::Deserialize;

const COOKIE_NAME: &str = "practice_person";
/// A sentence in the address is cut to this.
const TOLD_LIMIT: usize = 300;

/// The person who looks, and where to.
#[derive(Debug)]
pub(super) struct Viewer {
    pub(super) person: Member,
    /// A text channel, or the person's direct messages with the bot.
    pub(super) place: View,
    /// The address says where: without that, another place could be the liveliest at the next look.
    pub(super) is_placed: bool,
    /// Messages before this one, when older ones are looked at.
    pub(super) before: Option<Snowflake>,
    /// What became of the last deed, when that has to be said.
    pub(super) told: Option<String>,
    /// The interaction that the bot answered with a form, when it is to be filled in.
    pub(super) form: Option<Snowflake>,
}

/// What the middle column shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    Channel { id: Snowflake, name: String },
    Direct(Option<Snowflake>),
}

impl View {
    /// The channel whose messages are shown; none before the first direct message.
    pub(super) fn channel(&self) -> Option<Snowflake> {
        match self {
            Self::Channel { id, .. } => Some(*id),
            Self::Direct(id) => *id,
        }
    }

    /// How addresses call it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Channel { name, .. } => name,
            Self::Direct(_) => "dm",
        }
    }
}

/// The address's query.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(rename = "as")]
    person: Option<String>,
    #[serde(rename = "at")]
    place: Option<String>,
    before: Option<Snowflake>,
    told: Option<String>,
    form: Option<Snowflake>,
}

impl Viewer {
    fn new(world: &World, wanted: Wanted, remembered: Option<String>) -> Option<Self> {
        let named = wanted.person.or(remembered).and_then(|name| world.guild.person(&name).cloned());
        let person = named.or_else(|| world.guild.people().next().cloned())?;
        let place = view(world, &person, wanted.place.as_deref());
        let is_placed = wanted.place.is_some();
        let told = wanted.told.map(|told| told.chars().take(TOLD_LIMIT).collect());
        Some(Self { person, place, is_placed, before: wanted.before, told, form: wanted.form })
    }

    /// The address of this person at this place.
    pub(super) fn address(&self) -> String {
        format!("/?as={}&at={}", self.person.name, self.place.name())
    }

    /// The cookie that remembers the person until the browser closes.
    pub(super) fn cookie(&self) -> AppendHeaders<[(HeaderName, String); 1]> {
        let cookie = format!("{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Lax", self.person.name);
        AppendHeaders([(SET_COOKIE, cookie)])
    }
}

/// The place of that name, when the person sees it; else the channel with the newest message, or #games while
/// there is none.
fn view(world: &World, person: &Member, name: Option<&str>) -> View {
    let seen = |channel: &&Channel| channel.kind == TEXT && world.person_may(person, channel, 0);
    let named = name.and_then(|name| world.guild.text_channel(name)).filter(seen);
    let newest = |channel: Snowflake| {
        let mut messages = world.messages.of_channel(channel);
        messages.rfind(|message| message.is_visible_to(person.id)).map(|message| message.id)
    };
    let liveliness = |channel: &&Channel| (newest(channel.id), channel.id.0 == GAMES_CHANNEL_ID);
    let liveliest = || world.guild.channels.iter().filter(seen).max_by_key(liveliness);
    match named.or_else(liveliest).filter(|_| name != Some("dm")) {
        Some(channel) => View::Channel { id: channel.id, name: channel.name.clone() },
        None => View::Direct(world.find_direct(person.id)),
    }
}

impl FromRequestParts<Shared> for Viewer {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Self::Rejection> {
        let wanted = Query::<Wanted>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
        let cookies = parts.headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let remembered = cookies
            .flat_map(|line| line.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('=').map(str::to_owned));
        let viewer = app.read(|world| Self::new(world, wanted, remembered));
        viewer.ok_or((StatusCode::NOT_FOUND, "nobody lives here"))
    }
}
