//! Several bots that share the connections to Discord, started as operators start them.

use super::apart::{Apart, Service};
use super::servers::Servers;
use crate::program::until;
use serde_json::json;

/// A bot that takes its part of two connections.
async fn one_of_two(apart: &Apart) -> Service {
    let arguments = ["bot", "--shards", "2", "--health-listen", "127.0.0.1:0"];
    Service { name: "bot", program: apart.home.start(&arguments).await }.ready().await
}

/// Waits until Discord knows of two connections, each for its own part of the guilds.
async fn both_are_open(apart: &Apart) {
    let guild = apart.guild();
    let both = json!([[0, 2], [1, 2]]);
    until("two connections", async || match guild.get("bot").await["shards"].take() {
        shards if shards == both => Ok(()),
        shards => Err(shards),
    })
    .await;
}

#[tokio::test]
async fn two_bots_share_the_connections_that_they_are_told_of() {
    let Some(servers) = Servers::of_our_own("shards").await else { return };
    let mut apart = Apart::prepare(&servers).await;
    let (first, second) = (one_of_two(&apart).await, one_of_two(&apart).await);
    both_are_open(&apart).await;
    first.program.stop().await;
    both_are_open(&apart).await;
    apart.services.push(second);
    apart.stop().await;
}
