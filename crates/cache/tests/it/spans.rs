//! What a cache tells of its calls.

use std::convert::Infallible;
use std::time::Duration;

use cache::Cache;
use telemetry::{ServiceName, Telemetry};

use crate::{a_key, process, redis_url};

const TTL: Duration = Duration::from_mins(1);

async fn load(cache: &Cache, telemetry: &Telemetry, key: &str) {
    let value = cache.get_or_load(telemetry, "member", key, TTL, async { Ok::<_, Infallible>(1) }).await;
    assert_eq!(value, Ok(1));
}

#[tokio::test]
async fn each_call_of_redis_is_a_client_span_without_the_key() {
    let Some(url) = redis_url() else { return };
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let (cache, key) = (process(&url), a_key());
    load(&cache, &telemetry, &key).await;
    captured.clear();
    load(&cache, &telemetry, &key).await;
    load(&cache, &telemetry, &a_key()).await;

    let spans = captured.spans();
    assert!(!format!("{spans:?}").contains(&key));
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    // A hit; then a miss: a look, a lease, the value.
    assert_eq!(names, ["GET member", "GET member", "SET member", "EVALSHA member"]);
    assert_eq!(spans[1].attributes["muster.cache.hit"], "false");
    let mut attributes = spans[0].attributes.clone();
    assert!(attributes.remove("server.port").is_some());
    insta::assert_debug_snapshot!((&spans[0].kind, attributes), @r#"
    (
        Client,
        {
            "db.namespace": "0",
            "db.operation.name": "GET",
            "db.system.name": "redis",
            "muster.cache.hit": "true",
            "server.address": "127.0.0.1",
        },
    )
    "#);
}

#[tokio::test]
async fn memory_makes_no_spans() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    load(&Cache::memory(), &telemetry, "7").await;
    assert!(captured.spans().is_empty());
}
