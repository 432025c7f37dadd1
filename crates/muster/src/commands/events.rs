use super::{block_on, say};
use crate::cli::{DeadCommand, Events, EventsCommand};
use crate::engines;
use crate::failure::Failure;
use crate::settings::Settings;
use actions::relay::BOT_QUEUE;
use bus::{Bus, DeadLetter};
use std::process::ExitCode;

/// Lists, shows or puts back the events that the bot could not handle.
pub(crate) fn run(settings: &Settings, events: &Events) -> Result<ExitCode, Failure> {
    if settings.engines.amqp.is_none() {
        let reason = "only a broker keeps dead letters; the bus of muster up is gone with its process";
        return Err(Failure::setting("AMQP_URL", reason));
    }
    let EventsCommand::Dead { command } = &events.command;
    block_on(async {
        let bus = engines::bus(settings, "muster events")?;
        let done = dead(&bus, command).await;
        bus.close().await;
        done
    })
}

async fn dead(bus: &Bus, command: &DeadCommand) -> Result<ExitCode, Failure> {
    match command {
        DeadCommand::List => {
            for letter in bus.dead_letters(&BOT_QUEUE).await? {
                let DeadLetter { message, attempts } = letter;
                say(format_args!("{}  {}  delivered {attempts} times", message.id, message.routing_key))?;
            }
        }
        DeadCommand::Show { id } => {
            let letter = bus.dead_letter(&BOT_QUEUE, *id).await?.ok_or(Failure::NoDeadLetter(*id))?;
            say(String::from_utf8_lossy(&letter.message.body))?;
        }
        DeadCommand::Redrive { id } => {
            let count = bus.redrive(&BOT_QUEUE, *id).await?;
            say(format_args!("{count} put back"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
