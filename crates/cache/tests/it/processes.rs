//! Two processes with one Redis.

use std::convert::Infallible;
use std::time::Duration;

use cache::Cache;
use telemetry::{ServiceName, Telemetry};
use tokio::sync::oneshot;

use crate::{a_key, process, redis_url};

const TTL: Duration = Duration::from_mins(1);

async fn ask(cache: &Cache, key: &str, value: &str) -> String {
    let telemetry = Telemetry::off(ServiceName::Api);
    let load = async { Ok::<_, Infallible>(value.to_owned()) };
    cache.get_or_load(&telemetry, "member", key, TTL, load).await.unwrap()
}

#[tokio::test]
async fn what_one_has_loaded_the_other_has() {
    let Some(url) = redis_url() else { return };
    let (one, other, key) = (process(&url), process(&url), a_key());
    assert_eq!(ask(&one, &key, "loaded by one").await, "loaded by one");
    assert_eq!(ask(&other, &key, "loaded by the other").await, "loaded by one");
}

#[tokio::test]
async fn each_loads_for_itself_and_the_first_is_kept() {
    let Some(url) = redis_url() else { return };
    let telemetry = Telemetry::off(ServiceName::Api);
    let (one, other, key) = (process(&url), process(&url), a_key());
    let (loading, is_loading) = oneshot::channel();
    let (release, released) = oneshot::channel::<String>();

    let slow = one.get_or_load(&telemetry, "member", &key, TTL, async {
        loading.send(()).unwrap();
        released.await
    });
    let quick = async {
        is_loading.await.unwrap();
        let quick = ask(&other, &key, "the other's").await;
        release.send("the first's".to_owned()).unwrap();
        quick
    };
    let (slow, quick) = tokio::join!(slow, quick);

    assert_eq!((slow.unwrap().as_str(), quick.as_str()), ("the first's", "the other's"));
    assert_eq!(ask(&other, &key, "loaded again").await, "the first's");
}
