//! What people do in Discord: acknowledged first, worked on then, answered last.

mod answer;
mod button;
mod command;

pub(crate) use command::all as commands;

use crate::bot::Bot;
use actions::{Actor, Door, Told};
use discord::message::Message;
use discord::{CustomId, CustomIdError, Interaction, InteractionKind, Response, RestError, Verdict};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{Span, attr};
use tokio::time::Instant;

/// Discord gives up on an interaction that is not acknowledged within three seconds.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_millis(2500);
/// How often an acknowledgement is tried whose answer was lost.
const ACKNOWLEDGE_ATTEMPTS: u32 = 3;

/// What somebody wants of us.
#[derive(Debug)]
enum Wish {
    Button(Result<CustomId, CustomIdError>),
    Command(String),
    Nothing,
}

impl Wish {
    fn of(interaction: &Interaction) -> Self {
        match &interaction.kind {
            InteractionKind::Component { custom_id, .. } => Self::Button(custom_id.parse()),
            InteractionKind::Command { name, .. } => Self::Command(name.clone()),
            InteractionKind::Ping | InteractionKind::Other(_) => Self::Nothing,
        }
    }

    /// One of few words: the name of the interaction's span.
    fn name(&self) -> &str {
        match self {
            Self::Button(Ok(id)) => id.verb.as_str(),
            Self::Command(name) if command::is_known(name) => name,
            Self::Button(Err(_)) | Self::Command(_) | Self::Nothing => "unknown",
        }
    }
}

/// Handles one interaction from its acknowledgement to its answer.
pub(crate) async fn handle(bot: Arc<Bot>, interaction: Interaction, received: Instant) {
    let wish = Wish::of(&interaction);
    let span = bot.ctx.telemetry.interaction(telemetry::Interaction {
        kind: interaction.kind.as_str(),
        name: wish.name(),
        id: interaction.id,
    });
    describe(&span, &interaction, &wish);
    span.run(async {
        if !acknowledged(&bot, &span, &interaction, received).await {
            return;
        }
        // Acknowledging is never held up; working is.
        let Ok(_place) = bot.places.acquire().await else { return };
        let answer = answer_to(&bot, &interaction, wish).await;
        if let Err(error) = bot.ctx.discord.edit_response(&interaction, &answer).await {
            tracing::warn!(name: "interaction.unanswered", target: "bot", { error.r#type = %error.kind() }, "An interaction's answer did not get through.");
        }
    })
    .await;
}

fn describe(span: &Span, interaction: &Interaction, wish: &Wish) {
    span.set(attr::user_id(interaction.user.get()));
    if let Some(member) = &interaction.member {
        span.set(attr::guild_id(member.guild.get()));
    }
    if let Some(channel) = interaction.channel {
        span.set(attr::channel_id(channel.get()));
    }
    match wish {
        Wish::Button(Ok(id)) => span.set(attr::game_id(&id.game)),
        Wish::Command(name) => span.set(attr::command_name(name)),
        Wish::Button(Err(_)) | Wish::Nothing => {}
    }
}

/// Tells Discord that we are on it; false when there is nobody left to answer.
async fn acknowledged(bot: &Bot, span: &Span, interaction: &Interaction, received: Instant) -> bool {
    let response = match interaction.kind {
        InteractionKind::Ping => Response::Pong,
        _ => Response::DeferredEphemeral,
    };
    let result = acknowledge(bot, interaction, &response).await;
    let waited = received.elapsed();
    span.set(attr::ack_ms(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX)));
    bot.ctx.telemetry.metrics().ack(interaction.kind.as_str(), waited);
    if let Err(error) = &result {
        span.fail(error.kind(), error);
    }
    result.is_ok() && interaction.kind != InteractionKind::Ping
}

/// An acknowledgement whose answer was lost is tried again: Discord says then that it has it already.
async fn acknowledge(bot: &Bot, interaction: &Interaction, response: &Response) -> Result<(), RestError> {
    let until = Instant::now() + ACKNOWLEDGE_WITHIN;
    let mut tried = 1;
    loop {
        let rest = bot.ctx.discord.with_patience(until.saturating_duration_since(Instant::now()));
        let Err(error) = rest.respond(interaction, response).await else { return Ok(()) };
        match error.verdict(tried) {
            Verdict::Never if tried > 1 && error.code() == Some(ALREADY_ACKNOWLEDGED) => return Ok(()),
            Verdict::RetrySameNonce { .. } if tried < ACKNOWLEDGE_ATTEMPTS => tried += 1,
            _ => return Err(error),
        }
    }
}

/// Discord's code for an interaction that was acknowledged before.
const ALREADY_ACKNOWLEDGED: u32 = 40_060;

async fn answer_to(bot: &Bot, interaction: &Interaction, wish: Wish) -> Message {
    match wish {
        Wish::Button(Ok(id)) => button::press(bot, &actor(interaction, Door::Button), &id).await,
        Wish::Button(Err(CustomIdError::OtherVersion)) => answer::from_another_version(),
        Wish::Command(name) => {
            command::run(bot, &actor(interaction, Door::Command), (&name, interaction)).await
        }
        Wish::Button(Err(CustomIdError::Unknown)) | Wish::Nothing => answer::unknown(),
    }
}

/// Who it is, with what Discord itself says of them here and now.
fn actor(interaction: &Interaction, door: Door) -> Actor {
    let told = interaction.member.as_ref().map(|member| Told {
        guild: member.guild,
        name: interaction.name.expose().clone(),
        roles: member.roles.clone(),
    });
    Actor::in_discord(interaction.user, door, told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spans_name_never_comes_from_a_stranger() {
        let named = |wish: &Wish| wish.name().to_owned();
        let button = |text: &str| Wish::Button(text.parse());
        assert_eq!(named(&button("m1:leave:000000000000000000000000000000a1")), "leave");
        assert_eq!(named(&button("m9:leave:000000000000000000000000000000a1")), "unknown");
        assert_eq!(named(&button("drop table")), "unknown");
        assert_eq!(named(&Wish::Command("game list".to_owned())), "game list");
        assert_eq!(named(&Wish::Command("x".repeat(32))), "unknown");
    }
}
