//! What the pools of connections say of themselves.

use crate::database::Database;
use crate::sample::{ADA, now};
use store::users;
use telemetry::{CapturedPoint, DbSystem};

stories! {
    a_pool_counts_its_connections_and_how_long_one_waits_for_them,
}

async fn a_pool_counts_its_connections_and_how_long_one_waits_for_them(db: &Database) {
    let name = if db.system() == DbSystem::Sqlite { "writer" } else { "postgresql" };
    let mut tx = db.store.begin().await.unwrap();
    users::upsert(&mut tx, ADA, "ada", now()).await.unwrap();
    let points = |metric: &str| -> Vec<_> {
        let points = db.captured.metric(metric).map(|metric| metric.points).unwrap_or_default();
        points.into_iter().filter(|it| it.attributes["db.client.connection.pool.name"] == name).collect()
    };
    let times = |metric: &str| points(metric).iter().map(|point| point.count).sum::<u64>();
    let count = points("db.client.connection.count");
    let in_state = |state| {
        let point = count.iter().find(|it| it.attributes["db.client.connection.state"] == state).unwrap();
        format!("{} {state}", point.value)
    };
    assert_eq!(["used", "idle"].map(in_state), ["1 used", "0 idle"]);
    assert_eq!(points("db.client.connection.max").len(), 1);
    assert_eq!(times("db.client.connection.wait_time"), 1, "the wait for a connection");
    assert_eq!(times("db.client.connection.use_time"), 0, "it is still in use");
    tx.commit().await.unwrap();
    assert_eq!(times("db.client.connection.use_time"), 1);
    // A connection is given back behind the answer; who comes before that is given another one.
    let is_idle =
        |point: &CapturedPoint| point.attributes["db.client.connection.state"] == "idle" && point.value > 0.0;
    while !points("db.client.connection.count").iter().any(is_idle) {
        tokio::task::yield_now().await;
    }
    db.store.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(times("db.client.connection.wait_time"), 2);
    assert_eq!(times("db.client.connection.create_time"), 1, "it was opened once, and lent twice");
}
