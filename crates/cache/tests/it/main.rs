//! The cache as the rooms see it.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use cache::Cache;
use telemetry::{Captured, ServiceName, Telemetry};
use tokio::sync::oneshot;

const TTL: Duration = Duration::from_mins(1);

/// Counts of `muster.cache.requests` as `result=count`.
fn requests(captured: &Captured) -> String {
    let points = captured.metric("muster.cache.requests").map(|metric| metric.points).unwrap_or_default();
    let mut counts: Vec<String> =
        points.iter().map(|point| format!("{}={}", point.attributes["result"], point.value)).collect();
    counts.sort();
    counts.join(" ")
}

#[tokio::test]
async fn a_value_is_loaded_once_and_forgotten_on_demand() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let cache = Cache::memory();
    let loads = &Cell::new(0);
    let ask = |key: &'static str| {
        cache.get_or_load(&telemetry, "member", key, TTL, async move {
            loads.set(loads.get() + 1);
            Ok::<_, Infallible>(format!("{key}, load {}", loads.get()))
        })
    };

    assert_eq!(ask("7").await.as_deref(), Ok("7, load 1"));
    assert_eq!(ask("7").await.as_deref(), Ok("7, load 1"));
    assert_eq!(ask("8").await.as_deref(), Ok("8, load 2"));
    cache.forget("member", "7").await;
    assert_eq!(ask("7").await.as_deref(), Ok("7, load 3"));

    assert_eq!(requests(&captured), "hit=1 miss=3");
}

#[tokio::test]
async fn those_who_ask_together_share_one_load() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let cache = Cache::memory();
    let (release, released) = oneshot::channel::<u32>();

    let slow = cache.get_or_load(&telemetry, "member", "7", TTL, released);
    let never = || async { panic!("the first one loads for all") };
    let second = cache.get_or_load::<u32, oneshot::error::RecvError>(&telemetry, "member", "7", TTL, never());
    let third = cache.get_or_load::<u32, oneshot::error::RecvError>(&telemetry, "member", "7", TTL, never());
    let answers = tokio::join!(slow, second, third, async { release.send(5) });

    assert_eq!(answers, (Ok(5), Ok(5), Ok(5), Ok(())));
    assert_eq!(requests(&captured), "hit=2 miss=1");
}

#[tokio::test]
async fn a_failure_is_not_kept_and_who_waited_loads_for_themselves() {
    let telemetry = Telemetry::off(ServiceName::Api);
    let cache = Cache::memory();
    let (fail, failed) = oneshot::channel::<Result<u32, &str>>();

    let first =
        cache.get_or_load(&telemetry, "member", "7", TTL, async { failed.await.unwrap_or(Err("gone")) });
    let second = cache.get_or_load(&telemetry, "member", "7", TTL, async { Ok::<u32, &str>(6) });
    let answers = tokio::join!(first, second, async { fail.send(Err("discord is away")) });
    let later = cache.get_or_load(&telemetry, "member", "7", TTL, async { Ok::<_, &str>(8) }).await;

    assert_eq!(answers, (Err("discord is away"), Ok(6), Ok(())));
    assert_eq!(later, Ok(8));
}

#[tokio::test]
async fn a_value_that_was_forgotten_while_it_was_loaded_is_not_kept() {
    let telemetry = Telemetry::off(ServiceName::Api);
    let cache = Cache::memory();

    let stale = cache.get_or_load(&telemetry, "member", "7", TTL, async {
        cache.forget("member", "7").await;
        Ok::<_, Infallible>("old rights".to_owned())
    });
    assert_eq!(stale.await.as_deref(), Ok("old rights"));

    let fresh =
        cache.get_or_load(&telemetry, "member", "7", TTL, async { Ok::<_, Infallible>("new".to_owned()) });
    assert_eq!(fresh.await.as_deref(), Ok("new"));
}

#[tokio::test]
async fn a_leader_who_goes_away_strands_nobody() {
    let telemetry = Telemetry::off(ServiceName::Api);
    let cache = Cache::memory();

    let leader =
        cache.get_or_load(&telemetry, "member", "7", TTL, std::future::pending::<Result<u32, &str>>());
    let mut leader = Box::pin(leader);
    assert!(is_pending(&mut leader).await, "the leader is loading");
    let follower = cache.get_or_load(&telemetry, "member", "7", TTL, async { Ok::<_, &str>(2) });
    let (answer, ()) = tokio::join!(follower, async { drop(leader) });

    assert_eq!(answer, Ok(2));
}

/// Polls a future once; whether it is still pending.
async fn is_pending(future: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
}

#[tokio::test]
async fn nothing_can_be_kept_too_and_another_shape_is_no_value() {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let cache = Cache::memory();

    let nobody =
        cache.get_or_load(&telemetry, "member", "7", TTL, async { Ok::<Option<String>, Infallible>(None) });
    assert_eq!(nobody.await, Ok(None));
    let still = cache
        .get_or_load(&telemetry, "member", "7", TTL, async { Ok::<_, Infallible>(Some("x".to_owned())) });
    assert_eq!(still.await, Ok(None));
    let number = cache.get_or_load(&telemetry, "member", "7", TTL, async { Ok::<_, Infallible>(3_u32) });
    assert_eq!(number.await, Ok(3));

    assert_eq!(requests(&captured), "error=2 hit=1 miss=2");
}

#[tokio::test]
async fn a_value_lives_as_long_as_its_loader_said() {
    let telemetry = Telemetry::off(ServiceName::Api);
    let cache = Cache::memory();
    let ask = |value: u32| {
        cache.get_or_load(
            &telemetry,
            "member",
            "7",
            Duration::ZERO,
            async move { Ok::<_, Infallible>(value) },
        )
    };

    assert_eq!(ask(1).await, Ok(1));
    assert_eq!(ask(2).await, Ok(2), "it lived for no time at all");
}
