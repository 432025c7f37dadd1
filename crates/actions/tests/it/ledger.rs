//! The delivery ledger between two calls of Discord.

use crate::inbox::{notices, take_all};
use actions::ledger::{self, Prepared};
use actions::{Ctx, DeliveryRow, games};
use domain::{ChannelId, Game, MessageId, NoticeKind};
use jiff::SignedDuration;
use practice::cast;
use telemetry::ServiceName;
use testkit::{House, actor};

const HERE: (ChannelId, MessageId) = (ChannelId::new(cast::GAMES_CHANNEL_ID), MessageId::new(7));
/// Longer than a claimed delivery is safe.
const LEASE_OVER: SignedDuration = SignedDuration::from_secs(21);

/// A game whose announcement waits to be sent.
async fn announced() -> (House, Game) {
    let house = House::open(ServiceName::Bot).await;
    house.know_the_guild().await;
    let game = house.game(|_| {}).await;
    take_all(&house).await;
    (house, game)
}

async fn claim(ctx: &Ctx) -> DeliveryRow {
    ledger::claim_deliveries(ctx, 16).await.unwrap().remove(0)
}

#[tokio::test]
async fn whoever_lost_a_claim_neither_sends_nor_settles() {
    let (house, game) = announced().await;
    let slow = claim(&house.ctx).await;
    assert!(ledger::claim_deliveries(&house.ctx, 16).await.unwrap().is_empty(), "it is claimed");
    house.clock.advance(LEASE_OVER);
    let other = claim(&house.ctx).await;
    assert!(!ledger::sending(&house.ctx, &slow).await.unwrap());
    assert!(ledger::sending(&house.ctx, &other).await.unwrap());
    assert!(!ledger::sent(&house.ctx, &slow, HERE, 1).await.unwrap());
    assert!(!ledger::put_off(&house.ctx, &slow, (SignedDuration::ZERO, "no_answer"), true).await.unwrap());
    assert!(ledger::sent(&house.ctx, &other, HERE, 1).await.unwrap());
    insta::assert_snapshot!(notices(&house, &game).await, @"announcement channel sent");
    house.close().await;
}

#[tokio::test]
async fn nothing_is_sent_that_has_lost_its_point_since_it_was_claimed() {
    let (house, game) = announced().await;
    let row = claim(&house.ctx).await;
    assert_eq!(row.kind, NoticeKind::Announcement);
    assert!(matches!(ledger::prepare(&house.ctx, &row).await.unwrap(), Prepared::Send(_)));
    games::cancel(&house.ctx, &actor("ada"), game.id).await.unwrap();
    assert!(matches!(ledger::prepare(&house.ctx, &row).await.unwrap(), Prepared::Skip("cancelled")));
    assert!(!ledger::sending(&house.ctx, &row).await.unwrap(), "it was withdrawn");
    insta::assert_snapshot!(notices(&house, &game).await, @"announcement channel skipped (cancelled)");
    house.close().await;
}
