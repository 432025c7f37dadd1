use super::{block_on, say, silent};
use crate::cli::{Dead, GivenUp};
use crate::engines;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::practice_clock;
use crate::settings::Settings;
use clock::Clock;
use std::process::ExitCode;
use store::Store;
use store::dead::{DeadRow, Retried, Told, list, retry};
use uuid::Uuid;

/// Of each kind so many are looked at; of more than that the oldest.
const LISTED: u32 = 1_000;

/// Lists what the database holds that was given up, or has it tried again.
pub(crate) fn run(settings: &Settings, dead: &Dead) -> Result<ExitCode, Failure> {
    // A visit only: the services may be running on this folder.
    let folder = match settings.engines.database {
        None => Some(DataFolder::visit(&settings.data)?),
        Some(_) => None,
    };
    let config = engines::database(settings, folder.as_ref())?;
    block_on(async {
        let clock = practice_clock::of(settings).await?;
        let store = engines::due_by(Store::open(&config, &silent()).await?, &clock);
        engines::refuse_pending(&store).await?;
        let done = match dead.command {
            GivenUp::List => show(&store).await,
            GivenUp::Retry { id } => again(&store, &clock, id).await,
        };
        store.close().await;
        done
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn show(store: &Store) -> Result<(), Failure> {
    for row in list(&mut store.read().await?, LISTED).await? {
        say(line(&row))?;
    }
    Ok(())
}

/// Has all of them tried again, or one; says of which it is too late.
async fn again(store: &Store, clock: &Clock, id: Option<Uuid>) -> Result<(), Failure> {
    let mut tx = store.begin().await?;
    let mut rows = list(&mut tx, LISTED).await?;
    rows.retain(|row| id.is_none_or(|id| id == row.id));
    if let (Some(id), []) = (id, &rows[..]) {
        return Err(Failure::NothingDead(id));
    }
    let (mut tried, mut late) = (0, Vec::new());
    for row in rows {
        match retry(&mut tx, &row, clock.now()).await? {
            Retried::Again => tried += 1,
            Retried::TooLate => late.push(row),
            Retried::NotDead => {}
        }
    }
    tx.commit().await?;
    for row in late {
        say(format_args!("too late  {}", line(&row)))?;
    }
    say(format_args!("{tried} tried again"))
}

fn line(row: &DeadRow) -> String {
    let DeadRow { id, kind, told } = row;
    let Some(Told { what, game, reason, since, deadline }) = told else {
        return format!("{kind:<8}  {id}  can't be read");
    };
    let game = game.map(|game| format!("  game {game}")).unwrap_or_default();
    let until = deadline.map(|deadline| format!(", until {deadline:.0}")).unwrap_or_default();
    format!("{kind:<8}  {id}  {what}  {reason}  of {since:.0}{until}{game}")
}
