//! Two of each daemon claim what is due, two bots take what comes of it: nothing is done twice, nothing is left.

use super::apart::{Apart, OTHERS};
use super::crowd::Crowd;
use super::servers::Servers;
use crate::program::until;
use sqlx::PgPool;
use std::time::Instant;

/// Moments that are due, half of them each daemon's; as many as `MUSTER_TEST_CLAIMS` says instead.
const MOMENTS: i64 = 2_000;
/// The work is looked at in so many steps, each of which has as long as anything has.
const STEPS: i64 = 50;

/// Many games like the one that there is. The odd ones have a notice that is due, for somebody who has left since; the
/// even ones are over and have to be put away.
const GAMES: &str = "
    INSERT INTO games (id, guild, template, host, title, description, start_at, zone, terms, status, completed_at,
        version, created_at, folded_title)
    SELECT md5('moment ' || n)::uuid, guild, template, host, 'Moment', description, start_at, zone, terms,
        CASE WHEN n % 2 = 0 THEN 'completed' ELSE 'scheduled' END, CASE WHEN n % 2 = 0 THEN now() END,
        version, created_at, 'moment'
    FROM (SELECT * FROM games WHERE title = 'Pattern') pattern, generate_series($1 + 1, $2) n";
const DUE: &str = "
    INSERT INTO schedule (id, guild, game, duty, kind, detail, due_at, state, available_at)
    SELECT md5('moment ' || n)::uuid, guild, id, CASE WHEN n % 2 = 0 THEN 'transition' ELSE 'notify' END,
        CASE WHEN n % 2 = 0 THEN 'archive' ELSE 'join_notice' END, n % 2, now() - interval '1 hour', 'pending',
        now() - interval '1 hour'
    FROM games, generate_series($1 + 1, $2) n WHERE id = md5('moment ' || n)::uuid";
const PENDING: &str = "SELECT count(*) FROM schedule JOIN (SELECT md5('moment ' || n)::uuid AS id \
     FROM generate_series(1, $1) n) ours USING (id) WHERE state = 'pending'";
const UNTAKEN: &str = "SELECT count(*) FROM outbox WHERE id NOT IN (SELECT event FROM inbox) AND $1 > 0";
/// Each row is done by whoever claimed it first; each game has one event, and has gone on by one.
const DONE: &str = "SELECT count(*) FROM schedule JOIN (SELECT md5('moment ' || n)::uuid AS id \
     FROM generate_series(1, $1) n) ours USING (id) JOIN games USING (id) \
     JOIN (SELECT game AS id, count(*) AS events FROM outbox GROUP BY game) told USING (id) \
     WHERE state = 'done' AND version = 2 AND (games.status = 'archived') = (duty = 'transition') AND events = 1";
const CLAIMED_ONCE: &str = "SELECT count(*) FROM schedule JOIN (SELECT md5('moment ' || n)::uuid AS id \
     FROM generate_series(1, $1) n) ours USING (id) WHERE fence = 1 AND attempts = 1";

/// Due moments of which nobody hears, for both daemons, written past the program.
pub(super) struct Moments {
    database: PgPool,
    written: i64,
}

impl Moments {
    pub(super) fn new(database: &PgPool) -> Self {
        Self { database: database.clone(), written: 0 }
    }

    /// So many more are due.
    pub(super) async fn fall_due(&mut self, count: i64) {
        for statement in [GAMES, DUE] {
            let wanted = sqlx::query(statement).bind(self.written).bind(self.written + count);
            assert_eq!(wanted.execute(&self.database).await.unwrap().rows_affected(), count.cast_unsigned());
        }
        self.written += count;
    }

    /// Waits until all are done, however long they are on their way.
    pub(super) async fn are_done(&self) {
        self.goes_down("due moments", PENDING).await;
    }

    async fn goes_down(&self, what: &str, left: &'static str) {
        for step in (0..STEPS).rev() {
            let most = self.written * step / STEPS;
            until(what, async || {
                let left = self.count(left).await;
                if left <= most { Ok(()) } else { Err(format!("{left}, not {most}")) }
            })
            .await;
        }
    }

    /// Sees that each was done, once.
    pub(super) async fn were_done_once(&self) {
        assert_eq!(self.count(DONE).await, self.written);
    }

    async fn count(&self, what: &'static str) -> i64 {
        sqlx::query_scalar(what).bind(self.written).fetch_one(&self.database).await.unwrap()
    }
}

fn wished() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "whoever has some minutes says so")]
    let wished = std::env::var("MUSTER_TEST_CLAIMS").ok();
    wished.map_or(MOMENTS, |count| count.parse().expect("a number of moments"))
}

#[tokio::test]
async fn what_is_due_is_done_once_by_however_many() {
    let Some(servers) = Servers::of_our_own("claims").await else { return };
    let mut apart = Apart::prepare(&servers).await.start(1, 0).await;
    for bot in [OTHERS[0]; 2] {
        let bot = apart.serve(bot).await;
        apart.services.push(bot);
    }
    Crowd::gather(&mut apart).await.make_pattern().await;
    let database = PgPool::connect(&servers.database).await.unwrap();
    let mut moments = Moments::new(&database);
    moments.fall_due(wished()).await;

    let begun = Instant::now();
    for daemon in [OTHERS[1], OTHERS[1], OTHERS[2], OTHERS[2]] {
        let daemon = apart.serve(daemon).await;
        apart.services.push(daemon);
    }
    moments.are_done().await;
    let done = begun.elapsed();
    moments.goes_down("events that the bots have not taken", UNTAKEN).await;
    println!("{} moments were done in {done:.1?} and taken after {:.1?}", moments.written, begun.elapsed());
    moments.were_done_once().await;
    assert_eq!(moments.count(CLAIMED_ONCE).await, moments.written);
    database.close().await;
    apart.stop().await;
}
