//! What the database holds that was given up: an operator lists it, mends the cause, and has it tried again.

use super::apart::Apart;
use super::servers::Servers;
use crate::program::{Home, eventually, until};
use crate::stage::Stage;
use practice::cast;
use serde_json::json;
use sqlx::{Executor as _, PgPool};

const TITLE: &str = "Quarrystone";

/// What is listed, without ids and moments, which are others each time.
fn told(listed: &str) -> String {
    let line = |line: &str| {
        let mut words: Vec<_> = line.split_whitespace().collect();
        let id = words.iter().position(|word| word.len() == 36).unwrap();
        words[id] = "ID";
        words.join(" ").split(" of 20").next().unwrap().to_owned()
    };
    listed.lines().map(line).collect::<Vec<_>>().join("\n")
}

async fn listed(home: &Home) -> String {
    until("something that was given up", async || match home.run(&["dead", "list"]).await.done() {
        none if none.is_empty() => Err("nothing"),
        listed => Ok(listed),
    })
    .await
}

#[tokio::test]
async fn a_message_that_discord_refused_is_sent_when_somebody_says_so() {
    let Some(servers) = Servers::of_our_own("rows").await else { return };
    let mut apart = Apart::prepare(&servers).await.start(1, 0).await;
    let bot = apart.serve("bot").await;
    apart.services.push(bot);
    let api = &apart.services[0].program;
    let ada = api.person(&apart.home.token("Ada").await);
    api.knows_guild(&ada).await;
    let home = &apart.home;
    assert_eq!(home.run(&["dead", "list"]).await.done(), "");
    assert_eq!(home.run(&["dead", "retry"]).await.done(), "0 tried again\n");

    let start = apart.guild().now().await + jiff::SignedDuration::from_hours(24);
    let wish = json!({ "guild": cast::GUILD_ID.to_string(), "title": TITLE, "start": start });
    let database = PgPool::connect(&servers.database).await.unwrap();
    let game = ada.create(&wish).await;
    let card = eventually("the card", async || apart.guild().card(TITLE).await).await;
    // As Discord would have had it end, and nobody has ever heard of the game.
    apart.guild().delete(&format!("messages/{}", card["id"].as_str().unwrap())).await;
    let refused = "DELETE FROM cards; UPDATE deliveries SET state = 'dead', reason = 'refused', \
         sending_since = NULL, sent_channel = NULL, sent_message = NULL";
    database.execute(refused).await.unwrap();
    let late = "INSERT INTO deliveries (id, key, guild, game, kind, user_id, state, reason, available_at, deadline, \
         scheduled_for, created_at) SELECT md5(key)::uuid, 'late', guild, game, 'reminder', 1, 'dead', 'refused', \
         available_at, available_at - interval '1 hour', scheduled_for, created_at FROM deliveries";
    database.execute(late).await.unwrap();

    let list = listed(&apart.home).await;
    insta::assert_snapshot!(told(&list), @r"
    delivery ID announcement refused
    delivery ID reminder refused
    ");
    assert!(list.lines().all(|line| line.ends_with(&format!("game {game}"))), "{list}");
    let unknown = "00000000-0000-7000-8000-000000000000";
    insta::assert_snapshot!(apart.home.run(&["dead", "retry", unknown]).await.refusal(), @"1 muster: nothing that was given up has the id 00000000-0000-7000-8000-000000000000");
    let retried = apart.home.run(&["dead", "retry"]).await.done();
    let (late, tried) = retried.trim_end().split_once('\n').unwrap();
    insta::assert_snapshot!(format!("{}\n{tried}", told(late)), @r"
    too late delivery ID reminder refused
    1 tried again
    ");
    eventually("the card", async || apart.guild().card(TITLE).await).await;
    insta::assert_snapshot!(told(&listed(&apart.home).await), @"delivery ID reminder refused");
    assert_eq!(apart.guild().dms("Ada").await.len(), 0, "nobody is reminded too late");
    database.close().await;
    apart.stop().await;
}

/// The same beside a process that has its database for itself.
#[tokio::test]
async fn a_moment_that_was_given_up_comes_when_somebody_says_so() {
    let home = Home::watched();
    let stage = Stage::set(&home).await;
    let game = stage.ada.create(&stage.wish(TITLE, 62).await).await;
    stage.card(TITLE, "Nobody yet").await;
    let file = home.data().join("muster.db").display().to_string();
    let database = sqlx::SqlitePool::connect(&format!("sqlite://{file}")).await.unwrap();
    let give_up = "UPDATE schedule SET state = 'dead', last_error = 'io', attempts = 8 WHERE kind = 'start'";
    assert_eq!(database.execute(give_up).await.unwrap().rows_affected(), 1);
    stage.guild.advance(63).await;
    let list = listed(&home).await;
    insta::assert_snapshot!(told(&list), @"moment ID start io");
    assert_eq!(stage.status(&game).await, "scheduled");
    let id = list.split_whitespace().find(|word| word.len() == 36).unwrap();
    assert_eq!(home.run(&["dead", "retry", id]).await.done(), "1 tried again\n");
    eventually("the start", async || (stage.status(&game).await == "in_progress").then_some(())).await;
    assert_eq!(home.run(&["dead", "list"]).await.done(), "");
    database.close().await;
    stage.program.stop().await;
}
