//! What the collector tells of itself, in its own store.

use std::time::Duration;

use serde_json::Value;

use crate::{
    harness::{PROTOBUF, World},
    story::{self, API, CREATED},
};

const AT: u64 = 1_777_660_200_000_000_000;
/// As fast as a test wants it.
const INTERVAL: Duration = Duration::from_millis(20);

/// The newest value of one of its metrics, by one attribute, once it fits.
async fn tells(world: &World, name: &str, (key, value): (&str, &str), fits: impl Fn(f64) -> bool) -> f64 {
    let found = async {
        loop {
            let series = world.read(&format!("metrics?name={name}")).await;
            let mut of_value = series.as_array().unwrap().iter().filter(|of| of["attributes"][key] == value);
            let newest = of_value.find_map(|of| of["points"].as_array().unwrap().last().cloned());
            let newest = newest.and_then(|point: Value| point["value"].as_f64());
            if let Some(newest) = newest.filter(|newest| fits(*newest)) {
                return newest;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), found).await.unwrap_or_else(|_| panic!("{name} {value}"))
}

async fn watched() -> World {
    World::with(|config| config.options.scrape.interval = INTERVAL).await
}

#[tokio::test]
async fn it_keeps_an_account_of_itself_in_its_own_store() {
    let world = watched().await;
    world.send("traces", &story::export(story::created(AT))).await;
    let malformed = story::span(API, CREATED, 1, 0, "no id");
    let mut malformed = story::export([malformed]);
    malformed.resource_spans[0].scope_spans[0].spans[0].trace_id.pop();
    world.send("traces", &malformed).await;
    assert_eq!(world.post("traces", &[("content-type", PROTOBUF)], vec![7; 9]).await.status, 400);

    let is = |wanted: f64| move |found: f64| (found - wanted).abs() < 0.5;
    tells(&world, "otelcol.receiver.accepted_spans", ("receiver", "otlp"), is(9.0)).await;
    tells(&world, "otelcol.receiver.refused_spans", ("reason", "malformed"), is(1.0)).await;
    tells(&world, "otelcol.exporter.sent_spans", ("exporter", "store"), is(9.0)).await;
    tells(&world, "otelcol.exporter.queue_capacity", ("exporter", "store"), is(65_536.0)).await;
    let used = world.collector.health().store_bytes;
    let told = world.read("metrics?name=otelcol.store.used").await;
    assert!(used > 0 && told[0]["points"].as_array().unwrap().last().unwrap()["value"].as_f64() > Some(0.0));
    assert_eq!(told[0]["service"], "collector");
    let page = world.get("/observatory/metrics?name=otelcol.exporter.queue_size").await.text();
    assert!(page.contains("<svg class=\"chart\""), "it has a chart");
}

#[tokio::test]
async fn what_it_tells_of_itself_does_not_feed_itself() {
    let world = watched().await;
    let points =
        |told: &Value| told.as_array().unwrap().iter().map(|of| of["series"].as_u64().unwrap()).sum::<u64>();
    tells(&world, "otelcol.exporter.queue_size", ("exporter", "store"), |_| true).await;
    let first = points(&world.read("metrics").await);
    // Each account tells that the one before was taken, so that a later one stands for many.
    let many = move |found: f64| found > f64::from(u32::try_from(first).unwrap() * 5);
    tells(&world, "otelcol.exporter.sent_metric_points", ("exporter", "store"), many).await;
    assert_eq!(points(&world.read("metrics").await), first, "as many series as at first");
    let counts = world.collector.health().signals;
    assert_eq!((counts[0].received, counts[2].received), (0, 0), "neither spans nor log records");
    assert_eq!(counts[1].received % first, 0, "and so many points at a time");
}
