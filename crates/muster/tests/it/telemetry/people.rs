//! Where the operator wants people's ids hashed, none of them leaves the program as it is.

use super::canary::places;
use super::marks::Mark;
use super::sink::Sink;
use super::wide;
use crate::stage::Stage;
use practice::cast;
use serde_json::{Value, json};

const KEY: &str = "c4nary-key-of-the-hashes-6b1d";

#[tokio::test]
async fn nobodys_id_is_told_where_ids_are_hashed() {
    let sink = Sink::listen().await;
    let home =
        sink.home().set("MUSTER_TELEMETRY_USER_IDS", "hashed").set("MUSTER_TELEMETRY_USER_ID_KEY", KEY);
    let stage = Stage::set(&home).await;
    let game = stage.ada.create(&stage.wish("Winterhold", 62).await).await;
    let card = stage.card("Winterhold", "Open").await;
    stage.guild.press("Dana", &card, "Join").await;
    stage.emre.join(&game).await;
    stage.guild.command("Dana", "game mine").await;
    stage.ada.get(&format!("/api/v1/games/{game}/participants")).await.is(200);
    stage.guild.advance(1).await;
    wide::dm(&stage, "Dana", "You have a seat").await;
    stage.guild.patch("people/Freya", json!({ "dms_open": false })).await;
    stage.guild.press("Freya", &card, "Join").await;
    stage.guild.faults(json!({ "html_errors": 1 })).await;
    stage.hana.join(&game).await;
    stage.program.says("http.client.request.exception").await;
    stage.guild.advance(62).await;
    stage.card("Winterhold", "In progress").await;
    let spoken = stage.program.stop().await;

    let exported = sink.exported();
    let everything = places(&exported, &spoken, "", &[]);
    for person in cast::people() {
        let id = Mark::new(person.global_name, &person.id.to_string());
        assert_eq!(id.found_in(&everything), [""; 0], "{}'s id is told", person.global_name);
    }
    assert_eq!(Mark::new("the key", KEY).found_in(&everything), [""; 0]);
    let told = |span: &Value| span["attributes"]["user.id"].as_str().map(str::to_owned);
    let people: std::collections::BTreeSet<_> = exported.spans.iter().filter_map(told).collect();
    assert!(people.len() >= 4, "each has a name of their own all the same: {people:?}");
}
