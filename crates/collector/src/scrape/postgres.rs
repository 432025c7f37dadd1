//! What a PostgreSQL server says of itself, its databases and their tables.
//!
//! One connection to the server's own database, and one to each other for its tables, all closed again: a monitoring
//! role with `pg_monitor` is enough. Attributes are those of the receiver with semantic conventions: `db.namespace`
//! (`database|schema` for what is in a schema), `db.collection.name`, `postgresql.index.name`.

mod locks;
mod server;
mod tables;

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use super::{ScrapeError, sheet::Sheet, target::PostgresServer};

/// A server with more databases is cut off here; the one that is named in the address comes first.
const MAX_DATABASES: usize = 50;

pub(super) async fn read(server: &PostgresServer, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    let mut db = connect(server.options.clone()).await?;
    let databases: Vec<String> = sqlx::query_scalar(
        "SELECT datname::text FROM pg_database WHERE NOT datistemplate AND datallowconn \
         ORDER BY datname <> current_database(), datname",
    )
    .fetch_all(&mut db)
    .await?;
    sheet.level(("postgresql.database.count", "{databases}"), whole(databases.len()), &[]);
    let read = server::read(&mut db, sheet).await;
    db.close().await?;
    read?;
    sheet.is_answered = true;
    for database in databases.iter().take(MAX_DATABASES) {
        // One that does not let everybody in is no reason to know nothing of the others.
        if let Err(error) = of_database(server, database, sheet).await {
            tracing::debug!(name: "collector.scrape.down", target_kind = "postgresql", address = %database, error = %error, "a database cannot be asked for its tables");
        }
    }
    Ok(())
}

async fn of_database(server: &PostgresServer, database: &str, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    let mut db = connect(server.options.clone().database(database)).await?;
    let read = async {
        tables::read(&mut db, database, sheet).await?;
        locks::of_database(&mut db, database, sheet).await
    };
    let read = read.await;
    db.close().await?;
    read
}

async fn connect(options: PgConnectOptions) -> Result<PgConnection, ScrapeError> {
    let options = options
        .application_name("muster-collector")
        // A server in trouble must not collect the collector's questions.
        .options([("statement_timeout", "5s"), ("default_transaction_read_only", "on")]);
    Ok(PgConnection::connect_with(&options).await?)
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
