//! An event that can't be taken ends as a dead letter; an operator reads it, mends the cause, and puts it back.

use super::apart::Apart;
use super::servers::Servers;
use crate::program::{eventually, until};
use practice::cast;
use serde_json::{Value, json};
use sqlx::{Executor as _, PgPool};

const TITLE: &str = "Harrowgate";

#[tokio::test]
async fn a_dead_letter_is_listed_shown_and_put_back() {
    let Some(servers) = Servers::of_our_own("dead").await else { return };
    let mut apart = Apart::prepare(&servers).await.start(1, 0).await;
    let bot = apart.serve("bot").await;
    let api = &apart.services[0].program;
    let ada = api.person(&apart.home.token("Ada").await);
    api.knows_guild(&ada).await;
    let home = servers.home();
    let dead = async |arguments: &[&str]| home.run(&[&["events", "dead"], arguments].concat()).await;
    assert_eq!(dead(&["list"]).await.done(), "");

    // While no bot is there, the game that an event is about becomes one that nobody can read.
    bot.program.stop().await;
    let start = apart.guild().now().await + jiff::SignedDuration::from_hours(24);
    let guild = cast::GUILD_ID.to_string();
    let game = ada.create(&json!({ "guild": guild, "title": TITLE, "start": start })).await;
    let database = PgPool::connect(&servers.database).await.unwrap();
    database.execute("CREATE TABLE sound AS SELECT id, terms FROM games").await.unwrap();
    database.execute("UPDATE games SET terms = '{}'").await.unwrap();
    let bot = apart.serve("bot").await;
    apart.services.push(bot);
    let listed = until("a dead letter", async || {
        let listed = dead(&["list"]).await.done();
        if listed.is_empty() { Err("none") } else { Ok(listed) }
    })
    .await;
    let (id, rest) = listed.trim_end().split_once("  ").unwrap();
    assert_eq!(rest, "game.created  delivered 11 times", "ten times again");
    let shown: Value = serde_json::from_str(&dead(&["show", id]).await.done()).unwrap();
    assert_eq!((&shown["id"], &shown["game"]), (&json!(id), &json!(game)), "{shown:#}");
    let unknown = dead(&["show", "00000000-0000-7000-8000-000000000000"]).await;
    insta::assert_snapshot!(unknown.refusal(), @"1 muster: there is no dead letter 00000000-0000-7000-8000-000000000000");
    assert_eq!(apart.guild().card(TITLE).await, None, "nobody has heard of it");

    database
        .execute("UPDATE games SET terms = sound.terms FROM sound WHERE sound.id = games.id")
        .await
        .unwrap();
    assert_eq!(dead(&["redrive", id]).await.done(), "1 put back\n");
    eventually("the card", async || apart.guild().card(TITLE).await).await;
    assert_eq!(dead(&["list"]).await.done(), "");
    assert_eq!(dead(&["redrive"]).await.done(), "0 put back\n");
    let cards = apart.guild().oracle().await;
    assert_eq!(cards.iter().filter(|it| it["embeds"][0]["title"] == TITLE).count(), 1);
    database.close().await;
    apart.stop().await;
}
