//! Events that come in another order than they happened.

use crate::engines::Engines;
use actions::events::{self, Taken};
use actions::games;
use actions::ledger;
use clock::Clock;
use domain::{Event, EventId, Game, GameChanges, MessageId, NoticeKind};
use jiff::SignedDuration;
use telemetry::ServiceName;
use testkit::{House, actor, person};
use uuid::Uuid;

/// A game that was filled, left, and moved by a day; what was written about it, oldest first.
async fn story(house: &House) -> (Game, Vec<Event>) {
    let game = house.game(|draft| draft.seats = Some(1)).await;
    for name in ["dana", "emre"] {
        games::join(&house.ctx, &actor(name), game.id).await.unwrap();
    }
    games::leave(&house.ctx, &actor("dana"), game.id).await.unwrap();
    let start = Some(game.start + SignedDuration::from_hours(24));
    let later = GameChanges { start, ..GameChanges::default() };
    games::edit(&house.ctx, &actor("ada"), game.id, later).await.unwrap();
    let long_ago = house.clock.now() - SignedDuration::from_hours(24);
    let mut tx = house.ctx.quiet.read().await.unwrap();
    let nothing = (EventId::new(Uuid::nil()), long_ago);
    let events = store::outbox::after(&mut tx, person("ada"), nothing, 1000).await.unwrap();
    (game, events)
}

async fn take(house: &House, events: impl IntoIterator<Item = &Event>) -> Vec<Taken> {
    let mut taken = Vec::new();
    for event in events {
        taken.push(events::take(&house.ctx, event).await.unwrap());
    }
    taken
}

/// The notices of the game, and whether its card has to follow.
async fn told(house: &House, game: &Game) -> String {
    let notices = games::deliveries(&house.ctx, &actor("ada"), game.id).await.unwrap();
    let line = |notice: &games::NoticeFate| {
        let to = notice.name.as_deref().unwrap_or("channel");
        format!("{} {to} {}\n", notice.fate.kind.as_str(), notice.fate.state)
    };
    let mut lines: Vec<_> = notices.iter().map(line).collect();
    lines.sort();
    let is_behind = ledger::next_card(&house.ctx).await.unwrap().is_some();
    lines.concat() + if is_behind { "the card is behind" } else { "the card is up to date" }
}

/// The announcement is out, in the newest version.
async fn announced(house: &House, game: &Game) {
    let rows = ledger::claim_deliveries(&house.ctx, 100).await.unwrap();
    let row = rows.into_iter().find(|row| row.kind == NoticeKind::Announcement).unwrap();
    assert!(ledger::sending(&house.ctx, &row).await.unwrap());
    let newest = games::show(&house.ctx, &actor("ada"), game.id).await.unwrap().game.version;
    let at = (game.terms.channel, MessageId::new(1));
    assert!(ledger::sent(&house.ctx, &row, at, newest).await.unwrap());
}

/// The oldest comes last, once with the memory of what was taken and once without it.
async fn older_after_newer(house: &House) {
    let (game, events) = story(house).await;
    let [first, middle @ .., last] = &events[..] else { panic!("{} events", events.len()) };
    let newest_first = [last].into_iter().chain(middle.iter().rev()).chain([first]);
    let taken = take(house, newest_first.clone()).await;
    assert!(taken.iter().all(|taken| *taken == Taken::Applied), "none is dropped");
    announced(house, &game).await;
    let once = told(house, &game).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(once, @r"
        announcement channel sent
        changed Emre pending
        promoted Emre pending
        the card is up to date
        ");
    }

    let again = take(house, newest_first.clone()).await;
    assert!(again.iter().all(|taken| *taken == Taken::Before));
    assert_eq!(told(house, &game).await, once);

    let mut tx = house.ctx.store.begin().await.unwrap();
    store::inbox::sweep(&mut tx, house.clock.now() + SignedDuration::from_hours(1)).await.unwrap();
    tx.commit().await.unwrap();
    let anew = take(house, newest_first).await;
    assert!(anew.iter().all(|taken| *taken == Taken::Applied));
    assert_eq!(told(house, &game).await, once, "nothing is doubled, nothing goes back");
}

#[tokio::test]
async fn an_older_event_after_a_newer_one_doubles_nothing_and_takes_nothing_back() {
    let house = House::open(ServiceName::Bot).await;
    house.know_the_guild().await;
    older_after_newer(&house).await;
    house.close().await;
}

#[tokio::test]
async fn nor_does_it_on_postgresql() {
    let Some(engines) = Engines::of_our_own("order").await else { return };
    let mut house = House::open(ServiceName::Bot).await;
    house.ctx = engines.ctx(house.ctx.clone(), Clock::Practice(house.clock.clone())).await;
    house.know_the_guild().await;
    older_after_newer(&house).await;
    let ctx = house.ctx.clone();
    house.close().await;
    engines.clear(&ctx).await;
}
