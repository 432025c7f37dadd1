//! What other processes wrote, heard over PostgreSQL's LISTEN and NOTIFY.
//!
//! One connection per process, outside of the pool. It is asked for a sign of life while it is silent, so that its
//! loss is noticed within two heartbeats (ten seconds) also where the network says nothing; then everything is woken
//! once, since something may have been missed, and it is opened anew. Nobody depends on it: every loop polls.

use crate::Hints;
use crate::db::answered;
use crate::error::error_type_of;
use crate::hints::CHANNEL;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between a loss and the next attempt.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens until stopped, on a connection like those of `server`.
pub(crate) async fn run(server: &PgPool, (hints, heartbeat): (&Hints, Duration), stop: &CancellationToken) {
    let options = PgConnectOptions::clone(&server.connect_options()).application_name("muster hints");
    loop {
        let followed = stop.run_until_cancelled(Box::pin(follow(&options, hints, heartbeat))).await;
        hints.listened_to_by(0);
        let Some(Err(error)) = followed else { return };
        tracing::warn!(
            name: "store.hints_lost",
            { error.r#type = %error_type_of(&error) },
            "What other processes write is not heard at once; it is found by polling until the server answers."
        );
        if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
            return;
        }
    }
}

/// Passes on what is heard, until the connection is lost.
async fn follow(options: &PgConnectOptions, hints: &Hints, heartbeat: Duration) -> Result<(), sqlx::Error> {
    let mut listener = answered(Some(heartbeat), connect(options, hints)).await?;
    hints.give_all();
    loop {
        tokio::select! {
            heard = listener.try_recv() => match heard? {
                Some(message) => hints.hear(message.payload()),
                None => return Err(sqlx::Error::Io(std::io::ErrorKind::UnexpectedEof.into())),
            },
            () = tokio::time::sleep(heartbeat) => {
                answered(Some(heartbeat), sqlx::query("SELECT 1").execute(&mut listener)).await?;
            }
        }
    }
}

async fn connect(options: &PgConnectOptions, hints: &Hints) -> Result<PgListener, sqlx::Error> {
    // The library's listener wants a pool to reconnect from; here each connection gets a new one.
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    let own: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut listener).await?;
    hints.listened_to_by(own.unsigned_abs());
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
