//! GET `/games`.

use actions::games::{self, GameQuery, Part};
use axum::Json;
use axum::extract::State;
use domain::GameId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::shapes::GameShape;
use crate::app::Web;
use crate::auth::Signed;
use crate::input::Query;
use crate::problem::Problem;

const PARAMETERS: [&str; 8] = ["guild", "status", "role", "from", "to", "q", "limit", "cursor"];
/// Games on a page when nothing is said.
const LIMIT: u32 = 50;
/// Most games on a page.
const MOST: u32 = 100;

/// One page of games.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GamesPage {
    games: Vec<GameShape>,
    /// How many there are on all pages.
    total: u64,
    /// Asks for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Games of your guilds, in order of their start.
#[utoipa::path(get, path = "/games", tag = "games", params(
    ("guild" = Option<String>, Query, description = "Of one guild only: its Discord id"),
    ("status" = Option<Vec<String>>, Query, description = "In these statuses only; may come more than once"),
    ("role" = Option<String>, Query, description = "That you take part in as `host` or `player`"),
    ("from" = Option<Timestamp>, Query, description = "Starting then or later"),
    ("to" = Option<Timestamp>, Query, description = "Starting before"),
    ("q" = Option<String>, Query, description = "With this in the title"),
    ("limit" = Option<u32>, Query, description = "1 to 100; 50 when absent"),
    ("cursor" = Option<String>, Query, description = "The page's `next_cursor`")),
    responses((status = 200, body = GamesPage)))]
pub(crate) async fn list(
    State(web): State<Web>,
    signed: Signed,
    query: Query,
) -> Result<Json<GamesPage>, Problem> {
    let listed = games::list(web.ctx(), &signed.actor, wanted(&query)?).await?;
    Ok(Json(GamesPage {
        games: listed.games.into_iter().map(GameShape::from).collect(),
        total: listed.total,
        next_cursor: listed.next.map(cursor::write),
    }))
}

fn wanted(query: &Query) -> Result<GameQuery, Problem> {
    query.only(&PARAMETERS)?;
    let limit = query.read("limit")?.unwrap_or(LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::invalid_parameter("limit", "It is a number from 1 to 100."));
    }
    Ok(GameQuery {
        guild: query.read("guild")?,
        statuses: query.read_all("status")?,
        part: query.text("role").map(part).transpose()?,
        from: query.read("from")?,
        to: query.read("to")?,
        text: query.text("q").unwrap_or_default().to_owned(),
        limit,
        after: query.text("cursor").map(cursor::read).transpose()?,
    })
}

/// What somebody has to do with the games that they want to see.
pub(crate) fn part(word: &str) -> Result<Part, Problem> {
    match word {
        "host" => Ok(Part::Host),
        "player" => Ok(Part::Player),
        _ => Err(Problem::invalid_parameter("role", "It is `host` or `player`.")),
    }
}

/// Where a page begins: the start and the id of the last game before it. Opaque to clients.
pub(crate) mod cursor {
    use super::{GameId, Problem, Timestamp};

    pub(crate) fn write((start, id): (Timestamp, GameId)) -> String {
        format!("{}.{id}", start.as_microsecond())
    }

    pub(crate) fn read(text: &str) -> Result<(Timestamp, GameId), Problem> {
        parse(text)
            .ok_or_else(|| Problem::invalid_parameter("cursor", "It is no cursor that was given out here."))
    }

    fn parse(text: &str) -> Option<(Timestamp, GameId)> {
        let (start, id) = text.split_once('.')?;
        let start = Timestamp::from_microsecond(start.parse().ok()?).ok()?;
        Some((start, id.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let problem = wanted(&Query::parse(text)).unwrap_err();
        let error = &problem.errors[0];
        format!("{}: {}", error.parameter.as_deref().unwrap_or("-"), error.detail)
    }

    #[test]
    fn a_filter_that_is_wrong_is_named() {
        insta::assert_snapshot!(refused("limit=0"), @"limit: It is a number from 1 to 100.");
        insta::assert_snapshot!(refused("role=owner"), @"role: It is `host` or `player`.");
        insta::assert_snapshot!(refused("status=open"), @r#"status: "open" is no status of a game."#);
        insta::assert_snapshot!(refused("cursor=next"), @"cursor: It is no cursor that was given out here.");
        insta::assert_snapshot!(refused("statsu=draft"), @"statsu: There is no such parameter; there are guild, status, role, from, to, q, limit, cursor.");
    }

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let place = ("2026-07-01T17:00:00.000001Z".parse().unwrap(), GameId::new(uuid::Uuid::from_u128(7)));
        assert_eq!(cursor::read(&cursor::write(place)).unwrap(), place);
    }
}
