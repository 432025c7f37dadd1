//! What the bot does about events.

use actions::events::{self, Taken};
use actions::games;
use domain::{Event, Game};
use telemetry::ServiceName;
use testkit::{House, actor, person};

/// What was written about since the guild is known, oldest first.
pub(crate) async fn written(house: &House) -> Vec<Event> {
    let now = house.clock.now();
    let mut tx = house.ctx.quiet.read().await.unwrap();
    let nothing = (domain::EventId::new(uuid::Uuid::nil()), now - jiff::SignedDuration::from_hours(24 * 30));
    store::outbox::after(&mut tx, person("ada"), nothing, 1000).await.unwrap()
}

/// Everything that was written, taken by the bot, as often as it comes.
pub(crate) async fn take_all(house: &House) -> Vec<Taken> {
    let mut taken = Vec::new();
    for event in written(house).await {
        taken.push(events::take(&house.ctx, &event).await.unwrap());
    }
    taken
}

/// Every notice about a game: what it says, to whom, and its fate.
pub(crate) async fn notices(house: &House, game: &Game) -> String {
    let notices = games::deliveries(&house.ctx, &actor("ada"), game.id).await.unwrap();
    let line = |notice: &games::NoticeFate| {
        let to = notice.name.as_deref().unwrap_or("channel");
        let reason = notice.fate.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{} {to} {}{reason}", notice.fate.kind.as_str(), notice.fate.state)
    };
    let mut lines: Vec<_> = notices.iter().map(line).collect();
    lines.sort();
    lines.join("\n")
}

#[tokio::test]
async fn an_event_that_comes_twice_takes_effect_once() {
    let house = House::open(ServiceName::Bot).await;
    house.know_the_guild().await;
    let game = house.game(|draft| draft.seats = Some(1)).await;
    games::join(&house.ctx, &actor("dana"), game.id).await.unwrap();
    games::join(&house.ctx, &actor("emre"), game.id).await.unwrap();
    games::leave(&house.ctx, &actor("dana"), game.id).await.unwrap();
    assert!(take_all(&house).await.iter().all(|taken| *taken == Taken::Applied));
    let once = notices(&house, &game).await;
    insta::assert_snapshot!(once, @r"
    announcement channel pending
    promoted Emre pending
    ");
    assert!(take_all(&house).await.iter().all(|taken| *taken == Taken::Before));
    assert_eq!(notices(&house, &game).await, once);
    house.close().await;
}
