//! How often the bots of one Discord application edit a card, all together.

use crate::outage::Running;
use actions::ledger::{self, Allowance, Windows};
use actions::{Ctx, Readiness, games};
use cache::Cache;
use clock::Chance;
use jiff::SignedDuration;
use serde_json::json;
use std::time::{Duration, Instant};
use telemetry::{Secret, ServiceName};
use testkit::{House, actor, sketch};

/// Between two edits of a card.
const GAP: Duration = Duration::from_secs(2);
/// Between two signups of a rush.
const A_MOMENT: SignedDuration = SignedDuration::from_millis(500);

/// The rooms of one more bot in the house.
fn beside(house: &House) -> Ctx {
    Ctx { readiness: Readiness::default(), ..house.ctx_elsewhere() }
}

async fn shows(house: &House, players: &str) -> bool {
    sketch(&house.card().await).contains(players)
}

/// When the card is to be edited next, once it has to be.
async fn next(house: &House) -> jiff::Timestamp {
    house
        .until("the card is behind", async |house| ledger::next_card(&house.ctx).await.unwrap().is_some())
        .await;
    ledger::next_card(&house.ctx).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_one_bot_has_edited_another_leaves_alone_for_a_while() {
    let house = House::open(ServiceName::Bot).await;
    house.know_the_guild().await;
    let first = Running::start(&house, &house.ctx);
    let game = house.game(|draft| draft.seats = Some(4)).await;
    house.card().await;
    let begun = Instant::now();
    games::join(&house.ctx, &actor("dana"), game.id).await.unwrap();
    house.until("the card follows", async |house| shows(house, "Players 1/4").await).await;
    first.stop().await;
    let had_time = begun.elapsed() >= GAP;

    let second = Running::start(&house, &beside(&house));
    games::join(&house.ctx, &actor("emre"), game.id).await.unwrap();
    let free_at = house.clock.now() + SignedDuration::try_from(GAP).unwrap();
    // By a clock that stands still it is never free, unless the first one had the time to free it.
    assert!(next(&house).await == free_at || had_time);
    assert!(shows(&house, "Players 1/4").await || had_time);
    house.clock.advance(SignedDuration::try_from(GAP).unwrap());
    house.until("the card follows", async |house| shows(house, "Players 2/4").await).await;
    second.stop().await;
    house.close().await;
}

#[tokio::test]
async fn a_rush_costs_two_bots_no_more_edits_than_one() {
    let house = House::open(ServiceName::Bot).await;
    house.know_the_guild().await;
    let bots = [Running::start(&house, &house.ctx), Running::start(&house, &beside(&house))];
    let game = house.game(|draft| draft.seats = Some(4)).await;
    house.card().await;
    let begun = Instant::now();
    for turn in 0..20 {
        let player = actor(["dana", "emre", "freya"][turn % 3]);
        if turn / 3 % 2 == 0 {
            games::join(&house.ctx, &player, game.id).await.unwrap();
        } else {
            games::leave(&house.ctx, &player, game.id).await.unwrap();
        }
        house.clock.advance(A_MOMENT);
    }
    // The last two have joined again.
    house.until("the newest state is shown", async |house| shows(house, "Players 2/4").await).await;
    let seconds = begun.elapsed().as_secs() + 10;
    let edits = house.card().await["edits"].as_u64().unwrap();
    assert!(edits <= 1 + seconds / GAP.as_secs(), "{edits} edits in {seconds} s, those of both clocks");
    for bot in bots {
        bot.stop().await;
    }
    house.close().await;
}

/// A cache in a keyspace of its own and the windows of one more process, if there is a Redis for tests.
fn shared(keyspace: u32) -> Option<(Cache, Windows)> {
    const URL: &str = "MUSTER_TEST_REDIS_URL";
    #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it started")]
    let url = std::env::var(URL).ok().filter(|url| !url.is_empty());
    let Some(url) = url else {
        eprintln!(
            "left out: two bots that share windows, since {URL} is not set (cargo xtask test starts one)"
        );
        return None;
    };
    let url = format!("{}/{keyspace}", url.trim_end_matches('/'));
    let chance = Chance::from_os().unwrap();
    let cache = || Cache::redis(&Secret::new(url.clone()), chance.clone()).unwrap();
    let edits = Allowance { max: 5, window: Duration::from_secs(5) };
    Some((cache(), cache().windows("card_edits", edits)))
}

/// How many edits were put off.
fn put_off(house: &House) -> f64 {
    let edits = house.captured.metric("muster.discord.card_edits").map(|metric| metric.points);
    let late = edits.into_iter().flatten().filter(|point| point.attributes["result"] == "put_off");
    late.map(|point| point.value).sum()
}

#[tokio::test]
async fn a_channel_rests_that_another_bot_was_told_to_leave_alone() {
    let mut house = House::open(ServiceName::Bot).await;
    let Some((cache, elsewhere)) = shared(13) else { return house.close().await };
    house.ctx.cache = cache;
    house.know_the_guild().await;
    let bot = Running::start(&house, &house.ctx);
    let game = house.game(|_| {}).await;
    house.card().await;
    let (telemetry, channel) = (&house.ctx.telemetry, game.terms.channel.get());

    elsewhere.close(telemetry, channel, Duration::from_mins(1)).await;
    games::join(&house.ctx, &actor("dana"), game.id).await.unwrap();
    house.until("the edit is put off", async |house| put_off(house) > 0.5).await;
    assert!(shows(&house, "Players 0/2").await);
    bot.stop().await;
    house.close().await;
}

#[tokio::test]
async fn what_one_bot_is_told_of_a_channel_holds_for_the_others() {
    let mut house = House::open(ServiceName::Bot).await;
    let Some((cache, elsewhere)) = shared(14) else { return house.close().await };
    house.ctx.cache = cache;
    house.know_the_guild().await;
    let bot = Running::start(&house, &house.ctx);
    let game = house.game(|_| {}).await;
    house.card().await;
    house.clock.advance(SignedDuration::from_mins(61));
    house.faults(json!({ "old_edits_refused": true })).await;
    games::join(&house.ctx, &actor("dana"), game.id).await.unwrap();
    house.until("the edit is put off", async |house| put_off(house) > 0.5).await;
    let place = elsewhere.take(&house.ctx.telemetry, game.terms.channel.get()).await;
    assert!(place.is_err(), "{place:?}");
    bot.stop().await;
    house.close().await;
}
