//! Five processes on PostgreSQL, Redis and RabbitMQ do what one does: the same deeds leave the same traces.
//!
//! Needs the three servers (`cargo xtask test` starts them); without them it says so and passes.

use crate::program::{Home, eventually};
use crate::stage::Stage;
use crate::story;
use std::collections::BTreeSet;

mod ailing;
mod alarm;
mod apart;
mod arriving;
mod balancer;
mod claims;
mod crowd;
mod cuts;
mod dead;
mod doctor;
mod early;
mod engines;
mod killed;
mod migrating;
mod network;
mod outage;
mod readiness;
mod refused;
mod roles;
mod rolling;
mod rows;
pub(crate) mod servers;
mod shards;
mod silent;
mod transfer;

use apart::{Apart, OTHERS};
use servers::Servers;

const TITLE: &str = "Stonekeep";
/// The game that those play who are left.
const LATER: &str = "Oakhollow";

/// A game is made, somebody presses Join, both are reminded, it begins.
async fn play(stage: &Stage, title: &str) {
    let game = stage.ada.create(&stage.wish(title, 62).await).await;
    let made = stage.deed("Ada", ("POST /api/v1/games", &game), &["delivery.send announcement"]).await;
    let card = stage.card(title, "Nobody yet").await;
    stage.guild.press("Dana", &card, "Join").await;
    stage.deed("Dana", ("discord.interaction join", &game), &["delivery.send card"]).await;
    // First the notice alone: it opens the DM that the reminder goes to, too.
    stage.guild.advance(1).await;
    let told = async || stage.dms("Dana").await.iter().any(|dm| dm.starts_with(title));
    eventually("the notice", async || told().await.then_some(())).await;
    stage.guild.advance(1).await;
    let kind = "muster.notification.kind";
    let reminded = stage.moment(&game, (kind, "reminder"), &["delivery.send reminder"; 2]).await;
    assert!(reminded.follows(&made), "linked to what scheduled it: {:#}", reminded.root());
    stage.guild.advance(60).await;
    let status = "muster.transition.new_status";
    let started = stage.moment(&game, (status, "in_progress"), &["delivery.send card"]).await;
    assert!(started.follows(&made), "linked to what scheduled it: {:#}", started.root());
}

/// The same story, with the same pictures of its traces as in one process, but for what engines say of themselves.
#[tokio::test]
async fn five_processes_tell_the_story_of_one() {
    let Some(servers) = Servers::of_our_own("story").await else { return };
    let mut apart = Apart::prepare(&servers).await.start(1, 1).await;
    let stage = apart.stage().await;
    let as_they_are = stage.observatory.clone();
    let stage = Stage { observatory: as_they_are.clone().of_any_engines(), ..stage };
    let made = story::tell(&stage).await;
    let made = as_they_are.trace(&made.id).await;
    let engines = made.spans.iter().flat_map(|span| {
        ["db.system.name", "messaging.system"].map(|key| span["attributes"][key].as_str().unwrap_or_default())
    });
    let engines: BTreeSet<_> = engines.filter(|engine| !engine.is_empty()).collect();
    assert_eq!(engines, BTreeSet::from(["postgresql", "rabbitmq", "redis"]), "one trace through all of them");
    assert!(made.has("POST /channels/{channel.id}/messages"), "to Discord");
    stage.program.stop().await;
    apart.stop().await;
}

#[tokio::test]
async fn two_of_each_share_the_work() {
    let Some(servers) = Servers::of_our_own("twos").await else { return };
    let mut apart = Apart::prepare(&servers).await.start(1, 2).await;
    let stage = apart.stage().await;
    play(&stage, TITLE).await;
    let told = |title: &str| {
        ["You have a seat.", "Your game starts <t:…:R>."].map(|said| format!("{title}: {said}"))
    };
    assert_eq!(stage.dms("Dana").await, told(TITLE), "nobody is told twice");

    // The first of each goes; the others, who have to take over, do the work.
    for place in (0..apart.services.len() / 2).rev() {
        apart.services.remove(place * 2).program.stop().await;
    }
    assert_eq!(apart.services.iter().map(|it| it.name).collect::<Vec<_>>(), OTHERS);
    play(&stage, LATER).await;
    assert_eq!(stage.dms("Dana").await, [told(TITLE), told(LATER)].concat());
    let cards = stage.guild.oracle().await;
    let cards = cards.iter().filter(|it| it["channel_name"] == "games" && it["only_for"].is_null());
    assert_eq!(cards.count(), 2, "each game has one card");
    stage.program.stop().await;
    apart.stop().await;
}

#[tokio::test]
async fn a_service_alone_says_what_it_lacks() {
    let refused = Home::new().run(&["api"]).await.refusal();
    insta::assert_snapshot!(refused, @"2 muster: DATABASE_URL: a service in a process of its own shares it with the others; muster up has one of its own");
    let home = Home::new()
        .set("DATABASE_URL", "postgres://127.0.0.1:1/muster")
        .set("REDIS_URL", "redis://127.0.0.1:1")
        .set("AMQP_URL", "amqp://127.0.0.1:1");
    for service in ["api", "bot"] {
        let refused = home.run(&[service]).await.refusal();
        assert_eq!(refused, "2 muster: DISCORD_BOT_TOKEN: a service that calls Discord needs it");
    }
    let home = Home::new().set("DATABASE_URL", "mysql://somewhere");
    insta::assert_snapshot!(home.run(&["bot"]).await.refusal(), @"2 muster: DATABASE_URL: it must be an address that begins with postgres://");
}
