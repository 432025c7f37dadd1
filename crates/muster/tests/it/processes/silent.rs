//! Engines that say nothing and don't hang up: people are told in time, and every process ends when it is asked to.

use super::apart::Apart;
use super::network::{all_say, behind, well};
use super::servers::Servers;
use crate::api::Person;
use crate::program::eventually;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Executor as _, PgPool};
use std::time::{Duration, Instant};
use testkit::Network;

/// Whoever asks an API whose database says nothing is told within so much.
const TOLD_WITHIN: Duration = Duration::from_secs(30);
/// How many wait for the table in which the bot notes what it has taken.
const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'inbox'::regclass \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Somebody who makes games, and the game that they wish for.
async fn organiser(apart: &Apart) -> (Person, Value) {
    let api = &apart.services[0].program;
    let ada = api.person(&apart.home.token("Ada").await);
    api.knows_guild(&ada).await;
    let start = apart.guild().now().await + jiff::SignedDuration::from_hours(24);
    (ada, json!({ "guild": practice::cast::GUILD_ID.to_string(), "title": "Quietwater", "start": start }))
}

/// Asks all services to end, at the same time: each does so well and in time.
async fn end(apart: Apart) {
    let Apart { services, collector, practice, .. } = apart;
    join_all(services.into_iter().map(|service| service.program.stop())).await;
    collector.stop().await;
    practice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_falls_silent_holds_up_nobody_who_ends() {
    let Some(mut servers) = Servers::of_our_own("mute").await else { return };
    let direct = PgPool::connect(&servers.database).await.unwrap();
    let broker = behind(&mut servers.amqp).await;
    let apart = Apart::prepare(&servers).await.start(1, 1).await;
    all_say(&apart, "bus", well).await;
    let (ada, wish) = organiser(&apart).await;

    // The bot has an event in hand that it can't take, and the API one that nobody confirms.
    let mut locked = direct.begin().await.unwrap();
    locked.execute("LOCK TABLE inbox").await.unwrap();
    ada.create(&wish).await;
    eventually("an event in hand", async || {
        let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&direct).await.unwrap();
        (waiting > 0).then_some(())
    })
    .await;
    broker.becomes(Network::Stalled);
    ada.create(&wish).await;
    end(apart).await;
}

/// People and supervisors are told of it, also that it is over; and with it the processes end as well.
async fn without_a_database(name: &str, trouble: Network) {
    let Some(mut servers) = Servers::of_our_own(name).await else { return };
    let database = behind(&mut servers.database).await;
    let apart = Apart::prepare(&servers).await.start(1, 1).await;
    all_say(&apart, "database", well).await;
    let (ada, wish) = organiser(&apart).await;

    database.becomes(trouble);
    let asked = Instant::now();
    assert_eq!(ada.post("/api/v1/games", &wish).await.problem(), "503 /problems/unavailable");
    assert!(asked.elapsed() < TOLD_WITHIN, "it took {:?}", asked.elapsed());
    all_say(&apart, "database", |_| "503 wrong").await;
    database.becomes(Network::Up);
    all_say(&apart, "database", well).await;
    ada.create(&wish).await;

    database.becomes(trouble);
    // Somebody waits for an answer meanwhile; it is an answer or the end of the connection.
    let asking = telemetry::spawn(ada.request(Method::POST, "/api/v1/games").json(&wish).send());
    end(apart).await;
    let answered = asking.await.unwrap();
    assert!(answered.is_err() || answered.is_ok_and(|answer| answer.status() == 503));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stalls_is_told_and_holds_up_nobody_who_ends() {
    without_a_database("stalled", Network::Stalled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_without_a_word_is_told_and_holds_up_nobody_who_ends() {
    without_a_database("half_open", Network::HalfOpen).await;
}
