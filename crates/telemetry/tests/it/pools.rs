//! What a pool of connections says of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use telemetry::{Captured, Pool, PoolState, ServiceName, Telemetry};
use tokio::sync::oneshot;

/// `name{attributes}=value` of the pool's metrics.
fn seen(captured: &Captured) -> String {
    let mut lines: Vec<String> = captured
        .metrics()
        .into_iter()
        .filter(|metric| metric.name.starts_with("db.client.connection."))
        .flat_map(|metric| {
            let timed = metric.unit == "s";
            metric.points.into_iter().map(move |point| {
                let value = if timed { format!("{} times", point.count) } else { point.value.to_string() };
                let state = point.attributes.get("db.client.connection.state");
                let state = state.map_or_else(String::new, |state| format!(" {state}"));
                assert_eq!(point.attributes["db.client.connection.pool.name"], "writer");
                format!("{}{state} = {value}", metric.name)
            })
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

#[tokio::test]
async fn a_pool_tells_how_many_wait_how_long_and_in_vain() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let used = Arc::new(AtomicU32::new(0));
    let lent = Arc::clone(&used);
    let pool = telemetry.connection_pool(Pool { name: "writer", max: 4 }, move || {
        let used = lent.load(Ordering::Relaxed);
        PoolState { idle: 4 - used, used }
    });

    let (give, given) = oneshot::channel::<u8>();
    let waiting = pool.clone();
    let borrower = telemetry::spawn(async move { waiting.borrow(given, |_| false).await });
    tokio::task::yield_now().await;
    let while_waiting = seen(&captured);
    give.send(7).expect("somebody waits");
    let (connection, lease) = borrower.await.expect("it ends").expect("it was given");
    used.store(1, Ordering::Relaxed);
    let opened = async {
        telemetry::connection_opened();
        Ok::<u8, &str>(8)
    };
    pool.borrow(opened, |_| false).await.expect("it was opened");
    telemetry::connection_opened();
    let timeout = pool.borrow(async { Err::<u8, _>("timeout") }, |error| *error == "timeout").await;
    let while_used = seen(&captured);
    drop(lease);
    let afterwards = seen(&captured);

    assert_eq!((connection, timeout.err()), (7, Some("timeout")));
    insta::assert_snapshot!(while_waiting, @"
    db.client.connection.count idle = 4
    db.client.connection.count used = 0
    db.client.connection.create_time = 0 times
    db.client.connection.max = 4
    db.client.connection.pending_requests = 1
    db.client.connection.timeouts = 0
    db.client.connection.use_time = 0 times
    db.client.connection.wait_time = 0 times
    ");
    insta::assert_snapshot!(while_used, @"
    db.client.connection.count idle = 3
    db.client.connection.count used = 1
    db.client.connection.create_time = 1 times
    db.client.connection.max = 4
    db.client.connection.pending_requests = 0
    db.client.connection.timeouts = 1
    db.client.connection.use_time = 1 times
    db.client.connection.wait_time = 2 times
    ");
    assert!(afterwards.contains("use_time = 2 times"), "{afterwards}");
}
