//! `/games`: a guild's games, with filters.

use actions::games::{self, GameQuery, GameView, Listed};
use actions::guilds::GuildView;
use axum::extract::State;
use domain::{Guild, Status};
use look::{Choice, Field, Kind, Section, Style, empty_state, field, heading, link_button};
use maud::{Markup, html};
use url::form_urlencoded;

use super::cards::cards;
use super::visit::{Content, Visit};
use super::words::status_label;
use crate::api::{cursor, part};
use crate::app::Web;
use crate::input::Query;
use crate::problem::Problem;

/// Games on a page.
const SHOWN: u32 = 25;
/// What is looked at when nothing is said.
const UPCOMING: [Status; 3] = [Status::Draft, Status::Scheduled, Status::InProgress];

/// A page of games.
pub(crate) async fn list(State(web): State<Web>, visit: Visit, query: Query) -> Result<Markup, Problem> {
    let guilds = super::guilds_of(&web, &visit).await?;
    let guild = super::chosen(&guilds, query.text("guild"))?.map(|view| &view.guild);
    let listed = match guild {
        Some(guild) => Some(games::list(web.ctx(), &visit.actor, wanted(&query, guild)?).await?),
        None => None,
    };
    let live = guild.map(|guild| format!("/api/v1/events?guild={}", guild.id));
    Ok(visit.show(Content {
        title: "Games",
        section: Section::Games,
        guild: guild.map(|guild| guild.name.as_str()),
        live: live.as_deref(),
        body: body(&visit, &query, &guilds, listed.as_ref()),
    }))
}

fn wanted(query: &Query, guild: &Guild) -> Result<GameQuery, Problem> {
    let statuses = match query.text("status") {
        None => UPCOMING.to_vec(),
        Some("all") => Vec::new(),
        Some(_) => query.read_all("status")?,
    };
    Ok(GameQuery {
        guild: Some(guild.id),
        statuses,
        part: query.text("role").map(part).transpose()?,
        text: query.text("q").unwrap_or_default().to_owned(),
        limit: SHOWN,
        after: query.text("cursor").map(cursor::read).transpose()?,
        ..GameQuery::default()
    })
}

fn body(visit: &Visit, query: &Query, guilds: &[GuildView], listed: Option<&Listed>) -> Markup {
    let Some(listed) = listed else { return no_guild() };
    let new = link_button(Style::Primary, "/games/new", "New game");
    let count = html! { span .muted { (listed.total) @if listed.total == 1 { " game" } @else { " games" } } };
    let games: Vec<&GameView> = listed.games.iter().collect();
    html! {
        (heading(None, "Games", Some(count), Some(new)))
        (filters(query, guilds))
        @if games.is_empty() { (no_match()) } @else {
            h2 .hidden { "What was found" }
            (cards(&games, &visit.viewing()))
        }
        @if let Some(next) = listed.next { (next_page(query, &cursor::write(next))) }
    }
}

fn no_match() -> Markup {
    let all = link_button(Style::Plain, "/games?status=all", "Show all games");
    let what = "Look for another status or a shorter text, or post a game of your own.";
    empty_state("No game matches", what, Some(all))
}

fn no_guild() -> Markup {
    let what = "Ask somebody who manages your Discord guild to add the bot to it.";
    html! {
        (heading(None, "Games", None, None))
        (empty_state("You share no guild with Muster", what, None))
    }
}

fn filters(query: &Query, guilds: &[GuildView]) -> Markup {
    let names: Vec<_> =
        guilds.iter().map(|GuildView { guild, .. }| (guild.id.to_string(), guild.name.as_str())).collect();
    let guilds: Vec<_> = names.iter().map(|(value, label)| Choice { value, label }).collect();
    let mut statuses = vec![Choice { value: "", label: "Upcoming" }, Choice { value: "all", label: "All" }];
    statuses.extend(Status::ALL.map(|status| Choice { value: status.as_str(), label: status_label(status) }));
    let roles = [
        Choice { value: "", label: "Everybody's" },
        Choice { value: "host", label: "That I host" },
        Choice { value: "player", label: "That I play in" },
    ];
    let choice = |name, label, choices| {
        let value = query.text(name).unwrap_or_default();
        field(&Field { name, label, value, kind: Kind::Choices(choices), ..Field::default() })
    };
    let value = query.text("q").unwrap_or_default();
    let text = Field { name: "q", label: "Title has", value, kind: Kind::Line("search"), ..Field::default() };
    html! {
        form .filters method="get" action="/games" role="search" {
            @if guilds.len() > 1 { (choice("guild", "Guild", &guilds)) }
            (choice("status", "Status", &statuses))
            (choice("role", "Whose", &roles))
            (field(&text))
            button .button type="submit" { "Show" }
        }
    }
}

fn next_page(query: &Query, cursor: &str) -> Markup {
    let mut link = form_urlencoded::Serializer::new(String::new());
    for name in ["guild", "status", "role", "q"] {
        link.extend_pairs(query.all(name).iter().map(|value| (name, value)));
    }
    let link = link.append_pair("cursor", cursor).finish();
    let link = link_button(Style::Plain, &format!("/games?{link}"), "Later games");
    html! { nav .row.below aria-label="More games" { (link) } }
}
