//! How old the rights may be on which something is written.

use actions::{Ctx, Refusal, Refuses, games};
use cache::Cache;
use clock::Chance;
use discord::{Rest, RestConfig};
use domain::GameChanges;
use jiff::SignedDuration;
use serde_json::json;
use telemetry::ServiceName;
use testkit::{House, actor};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// A write is decided on rights that are no older.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// Lets more than half a minute pass; the cache, which counts the machine's seconds, has forgotten by then.
fn half_a_minute_later(house: &House) -> Ctx {
    house.clock.advance(FRESH + SignedDuration::from_micros(1));
    Ctx { cache: Cache::memory(), ..house.ctx.clone() }
}

fn title(title: &str) -> GameChanges {
    GameChanges { title: Some(title.to_owned()), ..GameChanges::default() }
}

#[tokio::test]
async fn a_role_that_was_taken_away_is_worth_nothing_after_thirty_seconds() {
    let house = House::open(ServiceName::Api).await;
    house.know_the_guild().await;
    let game = house.game(|_| {}).await;
    let chidi = actor("chidi");
    games::edit(&house.ctx, &chidi, game.id, title("Managed")).await.unwrap();
    house.change_person("Chidi", json!({ "roles": ["Player"] })).await;

    // What was heard of Chidi just now is good for as long.
    games::edit(&house.ctx, &chidi, game.id, title("Managed again")).await.unwrap();
    let ctx = half_a_minute_later(&house);
    let refused = games::edit(&ctx, &chidi, game.id, title("Too late")).await.unwrap_err();
    assert_eq!(refused.refusal(), Refusal::Forbidden);
    let cancel = games::cancel(&ctx, &chidi, game.id).await.unwrap_err();
    assert_eq!(cancel.refusal(), Refusal::Forbidden);
    assert_eq!(games::show(&house.ctx, &actor("ada"), game.id).await.unwrap().game.title, "Managed again");
    house.close().await;
}

#[tokio::test]
async fn nothing_is_written_while_rights_cant_be_asked_for() {
    let house = House::open(ServiceName::Api).await;
    house.know_the_guild().await;
    let game = house.game(|_| {}).await;
    house.faults(json!({ "outage": true })).await;
    let ctx = half_a_minute_later(&house);
    house.captured.clear();

    let edit = games::edit(&ctx, &actor("ada"), game.id, title("Unheard")).await.unwrap_err();
    assert_eq!(edit.refusal(), Refusal::Unavailable);
    insta::assert_snapshot!(edit, @"Discord can't be reached to check your rights. Try again in a moment.");
    let join = games::join(&ctx, &actor("dana"), game.id).await.unwrap_err();
    assert_eq!(join.refusal(), Refusal::Unavailable);
    let spans = house.captured.spans();
    let writes: Vec<_> = spans.iter().filter(|span| span.name.starts_with("BEGIN IMMEDIATE")).collect();
    assert!(writes.is_empty(), "{writes:?}");

    // Reading goes on with what is known.
    let seen = games::show(&ctx, &actor("ada"), game.id).await.unwrap();
    assert_eq!((seen.game.title.as_str(), seen.game.version), ("Dragons", 1));
    house.faults(json!({})).await;
    house.close().await;
}

#[tokio::test]
async fn what_is_taken_away_while_discord_answers_is_not_in_the_answer() {
    let house = House::open(ServiceName::Api).await;
    house.know_the_guild().await;
    let game = house.game(|_| {}).await;
    let chidi = actor("chidi");
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}/api/v10", door.local_addr().unwrap());
    let config = RestConfig { api, token: house.token() };
    let slow = Rest::new(&config, house.ctx.telemetry.clone(), Chance::seeded(1)).unwrap();

    let ctx = Ctx { discord: slow, ..half_a_minute_later(&house) };
    let api = house.discord_api();
    let address = api.trim_start_matches("http://").split('/').next().unwrap();
    let answer = async {
        let (mut asked, _) = door.accept().await.unwrap();
        house.clock.advance(FRESH);
        let mut there = TcpStream::connect(address).await.unwrap();
        copy_bidirectional(&mut asked, &mut there).await
    };
    tokio::select! {
        edited = games::edit(&ctx, &chidi, game.id, title("Managed")) => drop(edited.unwrap()),
        ended = answer => panic!("{ended:?}"),
    }
    house.change_person("Chidi", json!({ "roles": ["Player"] })).await;
    // The answer is as old as the question.
    house.clock.advance(SignedDuration::from_micros(1));
    let ctx = Ctx { cache: Cache::memory(), ..house.ctx.clone() };
    let refused = games::edit(&ctx, &chidi, game.id, title("Too late")).await.unwrap_err();
    assert_eq!(refused.refusal(), Refusal::Forbidden);
    house.close().await;
}
