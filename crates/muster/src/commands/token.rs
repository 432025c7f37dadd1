use super::{block_on, say, silent};
use crate::cli::{Token, TokenCommand};
use crate::engines;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::settings::Settings;
use clock::{Chance, Clock};
use domain::UserId;
use practice::cast;
use std::process::ExitCode;
use store::Store;

/// Makes a token and prints it alone.
pub(crate) fn run(settings: &Settings, token: &Token) -> Result<ExitCode, Failure> {
    let TokenCommand::Create { practice: name } = &token.command;
    let person = cast::find_person(name).ok_or_else(|| nobody_called(name))?;
    // A visit only: the services may be running on this folder.
    let folder = match settings.engines.database {
        None => Some(DataFolder::visit(&settings.data)?),
        Some(_) => None,
    };
    let chance = Chance::from_os()?;
    let token = block_on(async {
        engines::migrate(settings, folder.as_ref()).await?;
        let store = Store::open(&engines::database(settings, folder.as_ref())?, &silent()).await?;
        let who = (UserId::new(person.id), person.global_name);
        let token = actions::people::create_token(&store, who, (&Clock::System, &chance)).await?;
        store.close().await;
        Ok(token)
    })?;
    say(token.expose())?;
    Ok(ExitCode::SUCCESS)
}

fn nobody_called(name: &str) -> Failure {
    let known: Vec<_> = cast::people().iter().map(|person| person.global_name).collect();
    Failure::NobodyCalled { name: name.to_owned(), known: known.join(", ") }
}
