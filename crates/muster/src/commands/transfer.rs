use super::{block_on, say, silent};
use crate::engines;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::settings::Settings;
use std::process::ExitCode;
use store::{Store, StoreConfig, Transferred};

/// Moves the embedded database of the data folder into the PostgreSQL of `DATABASE_URL`, which has to be empty. The
/// folder stays as it is.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let engines = &settings.engines;
    let Some(url) = engines.migration.as_ref().or(engines.database.as_ref()) else {
        return Err(Failure::setting("DATABASE_URL", "it says where to move the database to"));
    };
    // Nobody may write to it meanwhile.
    let folder = DataFolder::take(&settings.data)?;
    let moved = block_on(transfer(&folder, StoreConfig::Postgres(url.clone()), settings))?;
    for (table, rows) in &moved.tables {
        say(format_args!("{rows:>10}  {table}"))?;
    }
    say(format_args!("{:>10}  rows in all, each compared with what was sent", moved.rows()))?;
    Ok(ExitCode::SUCCESS)
}

async fn transfer(folder: &DataFolder, to: StoreConfig, settings: &Settings) -> Result<Transferred, Failure> {
    engines::migrate(settings, None).await?;
    let from = Store::open(&StoreConfig::Sqlite(folder.database()), &silent()).await?;
    from.migrate().await.map_err(|error| Failure::Migrate(crate::wiring::describe(&error)))?;
    // The bus of the embedded process took these with it.
    let mut tx = from.begin().await?;
    store::outbox::redo_untaken(&mut tx, actions::relay::BOT_QUEUE.name).await?;
    tx.commit().await?;
    let to = Store::open(&to, &silent()).await?;
    let moved = store::transfer(&from, &to, |_| ()).await;
    from.close().await;
    to.close().await;
    Ok(moved?)
}
