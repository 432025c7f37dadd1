//! What each process says of itself while an engine is away, and how it ends then.

use super::apart::Apart;
use super::network::{all_say, behind, well, without_broker};
use super::servers::Servers;
use serde_json::json;
use sqlx::{Executor as _, PgPool};
use testkit::Network;

/// A disk without room, as PostgreSQL says it.
const FULL: &str = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$; \
     CREATE TRIGGER full_disk BEFORE INSERT ON games EXECUTE FUNCTION full_disk()";

/// Each process has written one line of each.
fn assert_each_is_told_once(apart: &Apart, lines: [&str; 2]) {
    for service in &apart.services {
        let said = service.program.said();
        for line in lines {
            assert_eq!(said.matches(line).count(), 1, "{}: {line}", service.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_process_says_which_engine_is_away_and_ends_well_without_it() {
    let Some(mut servers) = Servers::of_our_own("readiness").await else { return };
    let direct = PgPool::connect(&servers.database).await.unwrap();
    let (database, broker) = (behind(&mut servers.database).await, behind(&mut servers.amqp).await);
    let cache = behind(&mut servers.redis).await;
    let apart = Apart::prepare(&servers).await.start(1, 1).await;
    for engine in ["database", "bus", "cache"] {
        all_say(&apart, engine, well).await;
    }

    broker.becomes(Network::Cut);
    all_say(&apart, "bus", without_broker).await;
    broker.becomes(Network::Up);
    all_say(&apart, "bus", well).await;

    let api = &apart.services[0].program;
    let ada = api.person(&apart.home.token("Ada").await);
    api.knows_guild(&ada).await;
    let start = apart.guild().now().await + jiff::SignedDuration::from_hours(24);
    let wish = json!({ "guild": practice::cast::GUILD_ID.to_string(), "title": "Ashfall", "start": start });
    direct.execute(FULL).await.unwrap();
    insta::assert_snapshot!(ada.post("/api/v1/games", &wish).await.problem(), @"503 /problems/unavailable");
    direct.execute("DROP TRIGGER full_disk ON games").await.unwrap();
    ada.create(&wish).await;

    database.becomes(Network::Cut);
    all_say(&apart, "database", |_| "503 wrong").await;
    database.becomes(Network::Up);
    all_say(&apart, "database", well).await;
    let once = ["process.database_away", "process.database_back"];
    assert_each_is_told_once(&apart, once);

    // Nobody needs it: the bot's calls to Discord keep to a lower rate, which is work all the same.
    for trouble in [Network::Cut, Network::Stalled] {
        cache.becomes(trouble);
        all_say(&apart, "cache", |_| "200 warning").await;
        ada.create(&wish).await;
        cache.becomes(Network::Up);
        all_say(&apart, "cache", well).await;
    }
    for service in &apart.services {
        let said = service.program.said();
        assert!(["cache.away", "cache.back"].iter().all(|line| said.contains(line)), "{}", service.name);
    }

    database.becomes(Network::Cut);
    all_say(&apart, "database", |_| "503 wrong").await;
    direct.close().await;
    apart.stop().await;
}
