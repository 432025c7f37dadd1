//! A broker without memory takes nothing: services go on without it, and everything comes when it has some again.

use super::apart::{Apart, Service};
use super::network::{all_say, well};
use super::servers::Servers;
use crate::program::eventually;
use practice::cast;
use serde_json::json;
use sqlx::PgPool;
use testkit::RabbitMq;

const UNPUBLISHED: &str = "SELECT count(*) FROM outbox WHERE published_at IS NULL";
const TITLES: [&str; 3] = ["Larkspur", "Mirefall", "Nettlebank"];

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_without_memory_stops_the_relay_and_nobody_else() {
    let Some(broker) = RabbitMq::start().await else { return };
    let Some(mut servers) = Servers::of_our_own("alarm").await else { return };
    servers.amqp = broker.url();
    let apart = Apart::prepare(&servers).await.start(1, 1).await;
    all_say(&apart, "bus", well).await;
    let api = &apart.services[0].program;
    let ada = api.person(&apart.home.token("Ada").await);
    api.knows_guild(&ada).await;
    let start = apart.guild().now().await + jiff::SignedDuration::from_hours(24);
    let wish = |title: &str| json!({ "guild": cast::GUILD_ID.to_string(), "title": title, "start": start });
    ada.create(&wish(TITLES[0])).await;
    let card = async |title: &str| apart.guild().card(title).await;
    eventually("the first card", async || card(TITLES[0]).await).await;

    broker.starve(true).await;
    // The broker tells those who have published at once, and others when they do.
    ada.create(&wish(TITLES[1])).await;
    let publishers = |service: &Service| if service.name == "api" { "200 warning" } else { "200 well" };
    all_say(&apart, "bus", publishers).await;
    ada.create(&wish(TITLES[2])).await;
    let database = PgPool::connect(&servers.database).await.unwrap();
    let unpublished = async || sqlx::query_scalar::<_, i64>(UNPUBLISHED).fetch_one(&database).await.unwrap();
    assert_eq!(unpublished().await, 2, "the outbox keeps them");
    assert_eq!((card(TITLES[1]).await, card(TITLES[2]).await), (None, None));
    let said = api.said();
    assert_eq!(said.matches("bus.blocked").count(), 1, "one line");

    broker.starve(false).await;
    all_say(&apart, "bus", well).await;
    for title in TITLES {
        eventually(title, async || card(title).await).await;
    }
    eventually("an empty outbox", async || (unpublished().await == 0).then_some(())).await;
    let cards = apart.guild().oracle().await;
    let cards = cards.iter().filter(|it| it["channel_name"] == "games" && it["only_for"].is_null());
    assert_eq!(cards.count(), TITLES.len(), "each game has one card");
    database.close().await;
    apart.stop().await;
}
