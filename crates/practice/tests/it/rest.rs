//! Requests of the bot and what they are answered.

use crate::bot::client;
use crate::stage::Stage;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};
use twilight_model::id::Id;

const GAMES: u64 = cast::GAMES_CHANNEL_ID;

#[tokio::test]
async fn the_library_can_read_everything_it_asks_for() {
    let stage = Stage::open().await;
    let http = client(&stage);
    let guild = Id::new(cast::GUILD_ID);
    assert_eq!(
        http.guild(guild).with_counts(true).await.unwrap().model().await.unwrap().name,
        "Practice Guild"
    );
    assert_eq!(
        http.guild_channels(guild).await.unwrap().models().await.unwrap().len(),
        cast::channels().len()
    );
    assert_eq!(http.roles(guild).await.unwrap().models().await.unwrap().len(), cast::roles().len());
    let hana = cast::find_person("Hana").unwrap();
    let member = http.guild_member(guild, Id::new(hana.id)).await.unwrap().model().await.unwrap();
    assert_eq!(member.user.global_name.as_deref(), Some("Hana"));
    let found = http.search_guild_members(guild, "fre").await.unwrap().models().await.unwrap();
    assert_eq!(found.len(), 0 + 1);
    http.current_user_application().await.unwrap().model().await.unwrap();
    let direct = http.create_private_channel(Id::new(hana.id)).await.unwrap().model().await.unwrap();
    let sent = http.create_message(direct.id).content("Hello");
    let none = twilight_model::channel::message::AllowedMentions::default();
    let message = sent.allowed_mentions(Some(&none)).await.unwrap().model().await.unwrap();
    assert_eq!(message.content, "Hello");
    let read = http.message(direct.id, message.id).await.unwrap().model().await.unwrap();
    assert_eq!(read.id, message.id);
}

#[tokio::test]
async fn a_nonce_that_is_enforced_gives_the_same_message_again() {
    let stage = Stage::open().await;
    let body = json!({ "content": "once", "nonce": "delivery-1", "enforce_nonce": true });
    let (_, first) = stage.post(GAMES, body.clone()).await;
    let (_, again) = stage.post(GAMES, body.clone()).await;
    assert_eq!(first["id"], again["id"]);
    assert_eq!(again["nonce"], "delivery-1");

    stage.clock.advance(jiff::SignedDuration::from_mins(6));
    let (_, later) = stage.post(GAMES, body).await;
    assert_ne!(first["id"], later["id"], "the nonce is forgotten after a few minutes");

    let (_, unenforced) = stage.post(GAMES, json!({ "content": "once", "nonce": "delivery-1" })).await;
    assert_ne!(later["id"], unenforced["id"]);
}
