//! PostgreSQL is killed under running services and started again: what was acknowledged is there, and everybody hears of
//! it once.

use super::apart::Apart;
use super::network::{all_say, well};
use super::servers::Servers;
use crate::api::{Answer, Person};
use crate::program::{eventually, until};
use practice::cast;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use testkit::Postgres;
use tokio::sync::Semaphore;

/// Games that were acknowledged when the server is killed, and again before it is enough.
const GAMES: usize = 12;
/// Who makes games at the same time.
const HOSTS: usize = 3;

const LEFT: &str = "SELECT \
     (SELECT count(*) FROM outbox WHERE published_at IS NULL OR id NOT IN (SELECT event FROM inbox)) \
     + (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending'))";
const GIVEN_UP: &str = "SELECT (SELECT count(*) FROM schedule WHERE state = 'dead') \
     + (SELECT count(*) FROM deliveries WHERE state <> 'sent')";

/// What people were told is so: the games that were made, and of those the ones that were joined.
#[derive(Default)]
struct Acknowledged {
    made: Vec<String>,
    joined: BTreeSet<String>,
}

/// Makes as many games as there are turns, and joins them. A service without its database refuses, and never says yes.
async fn use_it(
    (host, player): (Person, Person),
    wish: Value,
    (told, turns): (Arc<Mutex<Acknowledged>>, Arc<Semaphore>),
) {
    while let Ok(turn) = turns.acquire().await {
        let made = host.post("/api/v1/games", &wish).await;
        let Some(made) = acknowledged(&made, 201) else { continue };
        turn.forget();
        let id = made["id"].as_str().unwrap().to_owned();
        told.lock().unwrap().made.push(id.clone());
        let joined = player.post(&format!("/api/v1/games/{id}/join"), &Value::Null).await;
        if acknowledged(&joined, 200).is_some() {
            told.lock().unwrap().joined.insert(id);
        }
    }
}

/// The body of a yes; a no has to say that it is the database's.
fn acknowledged(answer: &Answer, yes: u16) -> Option<Value> {
    if answer.status == yes {
        return Some(answer.json());
    }
    assert_eq!(answer.problem(), "503 /problems/unavailable");
    None
}

async fn count(database: &PgPool, what: &'static str) -> i64 {
    sqlx::query_scalar(what).fetch_one(database).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_keeps_all_that_was_acknowledged() {
    let Some(mut postgres) = Postgres::start().await else { return };
    let Some(mut servers) = Servers::of_our_own("killed").await else { return };
    servers.database = postgres.url("postgres");
    let apart = Apart::prepare(&servers).await.start(1, 1).await;
    all_say(&apart, "database", well).await;
    let api = &apart.services[0].program;
    let (host, player) = (apart.home.token("Ada").await, apart.home.token("Dana").await);
    api.knows_guild(&api.person(&host)).await;

    // More than are waited for, so that games are being made when the server is killed; and no more, since Discord takes
    // a card a second.
    let (told, turns) = (Arc::<Mutex<Acknowledged>>::default(), Arc::new(Semaphore::new(2 * GAMES)));
    let start = apart.guild().now().await + jiff::SignedDuration::from_hours(24);
    let wish = json!({ "guild": cast::GUILD_ID.to_string(), "title": "Kestrel", "start": start });
    let busy = [(); HOSTS].map(|()| {
        let people = (api.person(&host), api.person(&player));
        telemetry::spawn(use_it(people, wish.clone(), (Arc::clone(&told), Arc::clone(&turns))))
    });
    let made = || told.lock().unwrap().made.len();
    eventually("the first games", async || (made() >= GAMES).then_some(())).await;
    postgres.kill();
    all_say(&apart, "database", |_| "503 wrong").await;
    let before = made();
    postgres.start_again();
    postgres.answers().await;
    let back = Instant::now();
    all_say(&apart, "database", well).await;
    println!("every process is ready {:.1?} after PostgreSQL is back", back.elapsed());
    turns.add_permits(GAMES);
    eventually("more games", async || (made() >= before + GAMES).then_some(())).await;
    turns.close();
    for task in busy {
        task.await.expect("nothing but the database was refused");
    }

    let database = PgPool::connect(&servers.database).await.unwrap();
    until("nothing to do", async || match count(&database, LEFT).await {
        0 => Ok(()),
        left => Err(left),
    })
    .await;
    assert_eq!(count(&database, GIVEN_UP).await, 0, "moments and notices that were given up");
    let told = std::mem::take(&mut *told.lock().unwrap());
    all_is_there(&database, &told).await;
    println!("{} games were acknowledged, {before} of them before PostgreSQL was back", told.made.len());
    everybody_has_heard_once(&apart, &database).await;
    database.close().await;
    apart.stop().await;
}

/// What was acknowledged is in the database.
async fn all_is_there(database: &PgPool, told: &Acknowledged) {
    const JOINED: &str = "SELECT game::text FROM participants";
    const MADE: &str = "SELECT id::text FROM games";
    let ids = async |what: &'static str| -> BTreeSet<String> {
        let ids: Vec<String> = sqlx::query_scalar(what).fetch_all(database).await.unwrap();
        ids.into_iter().collect()
    };
    let (made, joined) = (ids(MADE).await, ids(JOINED).await);
    assert!(told.made.iter().all(|id| made.contains(id)), "a game that was acknowledged is gone");
    assert!(told.joined.is_subset(&joined), "a place that was acknowledged is gone");
}

/// Each game that there is, also one whose answer was lost, has one card.
async fn everybody_has_heard_once(apart: &Apart, database: &PgPool) {
    let games = count(database, "SELECT count(*) FROM games").await;
    let oracle = apart.guild().oracle().await;
    let cards = oracle.iter().filter(|it| it["channel_name"] == "games" && it["only_for"].is_null());
    let mut nonces: Vec<_> = cards.map(|card| card["nonce"].as_str().unwrap()).collect();
    assert_eq!(nonces.len(), usize::try_from(games).unwrap());
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), usize::try_from(games).unwrap(), "no card was posted twice");
}
