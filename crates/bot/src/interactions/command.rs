//! Slash commands.

use super::answer;
use crate::bot::Bot;
use crate::render;
use actions::games::{self, GameQuery, Listed, Part};
use actions::{AccessError, Actor};
use discord::message::Message;
use discord::{Command, CommandOption, Interaction, InteractionKind};
use domain::{GameId, GuildId, Status};

/// Games in one answer.
const LISTED: u32 = 20;
const LIST: &str = "game list";
const MINE: &str = "game mine";
const SHOW: &str = "game show";
/// The option of `/game show`.
const WHICH: &str = "game";

/// The commands that are registered in every guild.
pub(crate) fn all() -> Vec<Command> {
    let which = CommandOption::text(WHICH, "A part of its title").required();
    let game = Command::new("game", "The games of this server")
        .option(CommandOption::subcommand("list", "What is coming up"))
        .option(CommandOption::subcommand("mine", "The games that you host or take part in"))
        .option(CommandOption::subcommand("show", "One game, with its players").option(which));
    vec![game]
}

pub(super) fn is_known(name: &str) -> bool {
    [LIST, MINE, SHOW].contains(&name)
}

pub(super) async fn run(bot: &Bot, actor: &Actor, (name, interaction): (&str, &Interaction)) -> Message {
    let Some(guild) = interaction.member.as_ref().map(|member| member.guild) else {
        return answer::said("This works in a server only.");
    };
    let result = match name {
        LIST => list(bot, actor, guild).await,
        MINE => mine(bot, actor, guild).await,
        SHOW => show(bot, actor, (guild, &option(interaction, WHICH))).await,
        _ => Ok(answer::unknown()),
    };
    result.unwrap_or_else(|error| answer::refused(&error))
}

fn option(interaction: &Interaction, name: &str) -> String {
    match &interaction.kind {
        InteractionKind::Command { options, .. } => {
            options.get(name).and_then(|value| value.as_str()).unwrap_or_default().trim().to_owned()
        }
        _ => String::new(),
    }
}

fn coming_up(guild: GuildId) -> GameQuery {
    GameQuery {
        guild: Some(guild),
        statuses: vec![Status::Scheduled, Status::InProgress],
        limit: LISTED,
        ..GameQuery::default()
    }
}

async fn list(bot: &Bot, actor: &Actor, guild: GuildId) -> Result<Message, AccessError> {
    let found = games::list(&bot.ctx, actor, coming_up(guild)).await?;
    Ok(listed("Coming up", &found, "No game is coming up here."))
}

async fn mine(bot: &Bot, actor: &Actor, guild: GuildId) -> Result<Message, AccessError> {
    let part = |part| GameQuery { part: Some(part), ..coming_up(guild) };
    let mut found = games::list(&bot.ctx, actor, part(Part::Host)).await?;
    let playing = games::list(&bot.ctx, actor, part(Part::Player)).await?;
    for view in playing.games {
        if found.games.iter().all(|other| other.game.id != view.game.id) {
            found.games.push(view);
        } else {
            found.total = found.total.saturating_sub(1);
        }
    }
    found.total += playing.total;
    found.games.sort_by_key(|view| (view.game.start, view.game.id));
    Ok(listed("Your games", &found, "You host no game here and take part in none."))
}

fn listed(heading: &str, found: &Listed, empty: &str) -> Message {
    if found.games.is_empty() {
        answer::said(empty)
    } else {
        answer::list(heading, &found.games, found.total)
    }
}

/// By its id, or by a part of its title.
async fn show(bot: &Bot, actor: &Actor, (guild, which): (GuildId, &str)) -> Result<Message, AccessError> {
    if let Ok(id) = which.parse::<GameId>() {
        return Ok(match games::show(&bot.ctx, actor, id).await {
            Ok(view) => render::card_copy(&view.game, &view.split, &bot.pages),
            Err(error) => answer::refused(&error),
        });
    }
    let query = GameQuery { text: which.to_owned(), ..coming_up(guild) };
    let found = games::list(&bot.ctx, actor, query).await?;
    Ok(match found.games.as_slice() {
        [only] => render::card_copy(&only.game, &only.split, &bot.pages),
        [] => answer::said("No game that is coming up here has that in its title."),
        _ => listed("Which one?", &found, ""),
    })
}
