//! Very many dead letters.

use bus::Message;
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use telemetry::TraceContext;
use uuid::Uuid;

use crate::broker::{self, Scene};
use crate::conformance::{BOT, eventually};

/// One more than are listed.
const LETTERS: u128 = 1_001;

/// Puts letters where the dead ones are.
async fn die(scene: &Scene) {
    let (_connection, channel) = scene.channel().await;
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let dead = scene.named("muster.bot.dead");
    let mut sent = Vec::new();
    for number in 0..LETTERS {
        let properties = BasicProperties::default()
            .with_message_id(Uuid::from_u128(number).to_string().into())
            .with_type("game.created".into());
        let options = BasicPublishOptions::default();
        let body = number.to_be_bytes();
        sent.push(
            channel.basic_publish("".into(), dead.clone().into(), options, &body, properties).await.unwrap(),
        );
    }
    for confirmed in sent {
        confirmed.await.unwrap();
    }
}

#[tokio::test]
async fn the_last_of_very_many_can_be_read() {
    broker::tell("many-dead", async |scene| {
        let bus = scene.bus();
        let _bot = bus.subscribe(BOT).await;
        die(scene).await;
        let last = Uuid::from_u128(LETTERS - 1);

        let listed = eventually(async || {
            let listed = bus.dead_letters(&BOT).await.unwrap();
            (!listed.is_empty()).then_some(listed)
        })
        .await;
        assert_eq!(listed.len() as u128, LETTERS - 1, "the oldest of them");
        assert!(listed.iter().all(|letter| letter.message.id != last));
        let found = bus.dead_letter(&BOT, last).await.unwrap().unwrap();

        let message = Message {
            id: last,
            routing_key: "game.created".to_owned(),
            body: (LETTERS - 1).to_be_bytes().to_vec(),
            game: None,
            trace: TraceContext::default(),
        };
        assert_eq!(found.message, message);
        assert_eq!(bus.dead_letter(&BOT, Uuid::from_u128(LETTERS)).await, Ok(None));
        assert_eq!(bus.dead_letter(&BOT, Uuid::from_u128(0)).await.unwrap().unwrap(), listed[0]);
        assert_eq!(bus.redrive(&BOT, Some(last)).await, Ok(1), "they all went back");
    })
    .await;
}
