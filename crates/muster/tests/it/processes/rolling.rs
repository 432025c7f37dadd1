//! Every process of a deployment is replaced, one after the other, while people use it and moments come due. Nobody
//! is refused, and everybody hears of everything once.

use super::apart::{Apart, OTHERS, Service};
use super::claims::Moments;
use super::crowd::Crowd;
use super::servers::Servers;
use sqlx::PgPool;
use std::time::Duration;

/// How often somebody makes a game.
const MAKE_EVERY: Duration = Duration::from_millis(1200);
/// Moments that are due when a daemon is asked to end.
const BACKLOG: i64 = 300;

/// Each process is asked to end, waited for, started again, and waited for until it is ready. A daemon is asked when
/// it has most to do.
async fn roll(apart: &mut Apart, crowd: &Crowd, moments: &mut Moments) {
    for place in 0..apart.services.len() {
        let Service { name, program } = apart.services.remove(place);
        if OTHERS[1..].contains(&name) {
            moments.fall_due(BACKLOG).await;
        }
        program.stop().await;
        let anew = apart.serve(name).await.ready().await;
        crowd.welcome(&anew);
        apart.services.insert(place, anew);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_is_replaced_and_nobody_notices() {
    let Some(servers) = Servers::of_our_own("rolling").await else { return };
    let mut apart = Apart::prepare(&servers).await.start(2, 2).await;
    let crowd = Crowd::gather(&mut apart).await;
    crowd.make_pattern().await;
    let database = PgPool::connect(&servers.database).await.unwrap();
    let mut moments = Moments::new(&database);

    let busy = crowd.begin(MAKE_EVERY);
    roll(&mut apart, &crowd, &mut moments).await;
    busy.end().await;
    moments.are_done().await;
    let heard = crowd.has_heard_everything_once(&database).await;
    moments.were_done_once().await;
    println!(
        "{} requests were answered and {heard} notices heard while {} processes were replaced",
        crowd.answered(),
        apart.services.len()
    );
    database.close().await;
    apart.stop().await;
}
