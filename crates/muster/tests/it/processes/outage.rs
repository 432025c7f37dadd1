//! The broker is away for a while: people notice nothing, and afterwards everybody hears of everything once.

use super::apart::Apart;
use super::crowd::Crowd;
use super::network::behind;
use super::servers::Servers;
use crate::program::{eventually, until};
use sqlx::PgPool;
use std::time::{Duration, Instant};
use testkit::Network;

/// How long it is away; as long as `MUSTER_TEST_OUTAGE_SECONDS` says instead.
const AWAY: Duration = Duration::from_secs(12);
/// Everybody has found it again so long after it is back.
const FOUND_WITHIN: Duration = Duration::from_secs(5);
/// Games that are made meanwhile.
const GAMES: u32 = 12;

const UNPUBLISHED: &str = "SELECT count(*) FROM outbox WHERE published_at IS NULL";

fn wished() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "whoever has some minutes says so")]
    let wished = std::env::var("MUSTER_TEST_OUTAGE_SECONDS").ok();
    wished.map_or(AWAY, |seconds| Duration::from_secs(seconds.parse().expect("a number of seconds")))
}

async fn count(database: &PgPool, what: &'static str) -> i64 {
    sqlx::query_scalar(what).fetch_one(database).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_is_missed_by_nobody() {
    let Some(mut servers) = Servers::of_our_own("outage").await else { return };
    let proxy = behind(&mut servers.amqp).await;
    let mut apart = Apart::prepare(&servers).await.start(2, 1).await;
    let crowd = Crowd::gather(&mut apart).await;
    let database = PgPool::connect(&servers.database).await.unwrap();
    until("nothing to publish", async || match count(&database, UNPUBLISHED).await {
        0 => Ok(()),
        left => Err(left),
    })
    .await;

    proxy.becomes(Network::Cut);
    let (away, before) = (wished(), count(&database, "SELECT count(*) FROM outbox").await);
    let busy = crowd.begin(away / GAMES);
    for game in 1..=GAMES as usize {
        eventually("a game", async || (crowd.made() >= game).then_some(())).await;
    }
    busy.end().await;
    let written = count(&database, "SELECT count(*) FROM outbox").await - before;
    assert_eq!(count(&database, UNPUBLISHED).await, written, "everything is kept");
    assert_eq!(crowd.heard().await.len(), 0, "nobody has heard of it yet");

    let back = Instant::now();
    proxy.becomes(Network::Up);
    for service in &apart.services {
        service.program.says("bus.back").await;
    }
    let found = back.elapsed();
    assert!(found < FOUND_WITHIN, "it took {found:?}");
    let published = async || (count(&database, UNPUBLISHED).await == 0).then_some(());
    eventually("an empty outbox", published).await;
    println!(
        "{} requests were answered in {away:?} without a broker; everybody has found it after {found:.1?}, and {written} \
         events were out after {:.1?}",
        crowd.answered(),
        back.elapsed()
    );
    let heard = crowd.has_heard_everything_once(&database).await;
    println!("{heard} notices were heard once");
    database.close().await;
    apart.stop().await;
}
