//! One story for both caches.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use cache::Cache;
use telemetry::{ServiceName, Telemetry};
use tokio::sync::oneshot;

use crate::{a_key, process, redis_url, requests};

const TTL: Duration = Duration::from_mins(1);

/// Each story as a test on memory and a test on Redis.
macro_rules! on_both {
    ($($story:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $story() {
                super::$story(cache::Cache::memory()).await;
            })*
        }
        mod redis {
            $(#[tokio::test]
            async fn $story() {
                if let Some(url) = super::redis_url() {
                    super::$story(super::process(&url)).await;
                }
            })*
        }
    };
}

on_both! {
    a_value_is_loaded_once
    those_who_ask_together_share_one_load
    a_failure_is_not_kept_and_who_waited_loads_for_themselves
    a_leader_who_goes_away_strands_nobody
    nothing_can_be_kept_too_and_another_shape_is_no_value
    a_value_lives_as_long_as_its_loader_said
}

async fn a_value_is_loaded_once(cache: Cache) {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let (one, other) = (a_key(), a_key());
    let loads = &Cell::new(0);
    let ask = |key: &str| {
        let key = key.to_owned();
        let (cache, telemetry) = (&cache, &telemetry);
        async move {
            let load = async {
                loads.set(loads.get() + 1);
                Ok::<_, Infallible>(format!("load {}", loads.get()))
            };
            cache.get_or_load(telemetry, "member", &key, TTL, load).await.unwrap()
        }
    };

    assert_eq!(ask(&one).await, "load 1");
    assert_eq!(ask(&one).await, "load 1");
    assert_eq!(ask(&other).await, "load 2");

    assert_eq!(requests(&captured), "hit=1 miss=2");
}

async fn those_who_ask_together_share_one_load(cache: Cache) {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let key = a_key();
    let (loading, is_loading) = oneshot::channel();
    let (release, released) = oneshot::channel::<u32>();

    let slow = cache.get_or_load(&telemetry, "member", &key, TTL, async {
        loading.send(()).unwrap();
        released.await
    });
    let never = || async { panic!("the first one loads for all") };
    let ask =
        || cache.get_or_load::<u32, oneshot::error::RecvError>(&telemetry, "member", &key, TTL, never());
    let others = async {
        is_loading.await.unwrap();
        let (mut second, mut third) = (Box::pin(ask()), Box::pin(ask()));
        while !(waits_for_a_load(&mut second).await && waits_for_a_load(&mut third).await) {}
        release.send(5).unwrap();
        tokio::join!(second, third)
    };
    let answers = tokio::join!(slow, others);

    assert_eq!(answers, (Ok(5), (Ok(5), Ok(5))));
    assert_eq!(requests(&captured), "hit=2 miss=1");
}

/// Lets a future go on for a few turns of the runtime; whether it is still pending.
async fn waits_for_a_load(future: &mut (impl Future + Unpin)) -> bool {
    for _ in 0..10 {
        tokio::task::yield_now().await;
        if !is_pending(future).await {
            return false;
        }
    }
    true
}

/// Polls a future once; whether it is still pending.
async fn is_pending(future: &mut (impl Future + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
}

async fn a_failure_is_not_kept_and_who_waited_loads_for_themselves(cache: Cache) {
    let telemetry = Telemetry::off(ServiceName::Api);
    let key = a_key();
    let (loading, is_loading) = oneshot::channel();
    let (fail, failed) = oneshot::channel::<Result<u32, &str>>();

    let first = cache.get_or_load(&telemetry, "member", &key, TTL, async {
        loading.send(()).unwrap();
        failed.await.unwrap_or(Err("gone"))
    });
    let second = async {
        is_loading.await.unwrap();
        let ask = cache.get_or_load(&telemetry, "member", &key, TTL, async { Ok::<u32, &str>(6) });
        let (answer, _) = tokio::join!(ask, async { fail.send(Err("discord is away")) });
        answer
    };
    let answers = tokio::join!(first, second);
    let later = cache.get_or_load(&telemetry, "member", &key, TTL, async { Ok::<_, &str>(6) }).await;

    assert_eq!(answers, (Err("discord is away"), Ok(6)));
    assert_eq!(later, Ok(6));
}

async fn a_leader_who_goes_away_strands_nobody(cache: Cache) {
    let telemetry = Telemetry::off(ServiceName::Api);
    let key = a_key();
    let (loading, is_loading) = oneshot::channel();

    let forever = async {
        loading.send(()).unwrap();
        std::future::pending::<Result<u32, &str>>().await
    };
    let mut leader = Box::pin(cache.get_or_load(&telemetry, "member", &key, TTL, forever));
    tokio::select! {
        _ = &mut leader => panic!("the leader never ends"),
        loading = is_loading => loading.unwrap(),
    }
    let ask = cache.get_or_load(&telemetry, "member", &key, TTL, async { Ok::<_, &str>(2) });
    let mut follower = Box::pin(ask);
    assert!(waits_for_a_load(&mut follower).await);
    drop(leader);

    assert_eq!(follower.await, Ok(2));
}

async fn nothing_can_be_kept_too_and_another_shape_is_no_value(cache: Cache) {
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let key = a_key();

    let nobody =
        cache.get_or_load(&telemetry, "member", &key, TTL, async { Ok::<Option<String>, Infallible>(None) });
    assert_eq!(nobody.await, Ok(None));
    let still = cache
        .get_or_load(&telemetry, "member", &key, TTL, async { Ok::<_, Infallible>(Some("x".to_owned())) });
    assert_eq!(still.await, Ok(None));
    for load in [3_u32, 4] {
        let number = cache.get_or_load(&telemetry, "member", &key, TTL, async { Ok::<_, Infallible>(load) });
        assert_eq!(number.await, Ok(3), "what could be read is kept");
    }

    assert_eq!(requests(&captured), "error=1 hit=2 miss=1");
}

async fn a_value_lives_as_long_as_its_loader_said(cache: Cache) {
    let telemetry = Telemetry::off(ServiceName::Api);
    let key = a_key();
    let ask = |value: u32, ttl: Duration| {
        cache.get_or_load(&telemetry, "member", &key, ttl, async move { Ok::<_, Infallible>(value) })
    };

    assert_eq!(ask(1, Duration::ZERO).await, Ok(1));
    assert_eq!(ask(2, TTL).await, Ok(2), "it lived for no time at all");
    assert_eq!(ask(3, TTL).await, Ok(2));
}
