//! `muster migrate` on a database that people are using: nobody waits for it longer than a moment.

use super::apart::Apart;
use super::servers::Servers;
use crate::api::Person;
use crate::program::eventually;
use jiff::Timestamp;
use practice::cast;
use serde_json::json;
use sqlx::{Executor as _, PgPool};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A migration lets others through after half a second of waiting; a busy machine may take its time.
const HELD_UP_AT_MOST: Duration = Duration::from_secs(4);

/// Takes back the migration that puts a wall before each table, as if it were new.
const BEFORE_IT: &str = "
    DO $$ DECLARE walled record; BEGIN
        FOR walled IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public' LOOP
            EXECUTE format('DROP POLICY %I ON %I', walled.policyname, walled.tablename);
            EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', walled.tablename);
        END LOOP;
    END $$;
    DELETE FROM _sqlx_migrations WHERE version = 4";
/// How many wait for a table that somebody else has, to put the wall before it.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND wait_event_type = 'Lock' AND query LIKE '%wall between guilds%'";
const WALLED: &str =
    "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace";

/// Makes games and looks at them until told; gives how many requests that were, and the slowest.
async fn use_it(person: Person, start: Timestamp, enough: CancellationToken) -> (usize, Duration) {
    let (mut requests, mut slowest) = (0, Duration::ZERO);
    let wish = json!({ "guild": cast::GUILD_ID.to_string(), "title": "Ashford", "start": start });
    while !enough.is_cancelled() {
        let began = Instant::now();
        let game = person.create(&wish).await;
        slowest = slowest.max(began.elapsed());
        let began = Instant::now();
        person.get(&format!("/api/v1/games/{game}")).await.is(200);
        slowest = slowest.max(began.elapsed());
        requests += 2;
    }
    (requests, slowest)
}

async fn count(database: &PgPool, what: &'static str) -> i64 {
    sqlx::query_scalar(what).fetch_one(database).await.unwrap()
}

#[tokio::test]
async fn a_migration_holds_up_no_request() {
    let Some(servers) = Servers::of_our_own("migrating").await else { return };
    let apart = Apart::prepare(&servers).await.start(2, 0).await;
    // The guild, as a bot would tell of it.
    let bot = apart.serve("bot").await;
    let token = apart.home.token("Ada").await;
    let people = [0, 1].map(|place: usize| apart.services[place].program.person(&token));
    apart.services[0].program.knows_guild(&people[0]).await;
    bot.program.stop().await;
    let database = PgPool::connect(&servers.database).await.unwrap();
    let walls = count(&database, WALLED).await;
    database.execute(BEFORE_IT).await.unwrap();

    let enough = CancellationToken::new();
    let start = apart.guild().now().await + jiff::SignedDuration::from_hours(24);
    let using = people.map(|person| telemetry::spawn(use_it(person, start, enough.clone())));
    // Whoever reads for long is in the way of every migration, and must not be in the way of others by that.
    let mut reading = database.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM games, schedule").execute(&mut *reading).await.unwrap();
    let in_the_way = async {
        for (waits, what) in [(1, "a migration that waits"), (0, "that gives way"), (1, "and tries again")] {
            let seen = async || (count(&database, WAITING).await == waits).then_some(());
            eventually(what, seen).await;
        }
        reading.rollback().await.unwrap();
    };
    let (migrated, ()) = tokio::join!(apart.home.run(&["migrate"]), in_the_way);
    enough.cancel();
    let applied = migrated.done();
    let (_, of) = applied.split_once(": ").unwrap();
    let numbers: Vec<_> = of.split(' ').filter_map(|word| word.parse::<usize>().ok()).collect();
    assert_eq!(numbers[0], numbers[1], "all are applied: {applied}");
    for used in using {
        let (requests, slowest) = used.await.expect("every request was answered");
        println!("{requests} requests beside the migration, the slowest in {slowest:.1?}");
        assert!(requests > 0 && slowest < HELD_UP_AT_MOST, "{slowest:?}");
    }
    assert_eq!(count(&database, WALLED).await, walls, "every wall stands again");
    database.close().await;
    apart.stop().await;
}
