//! Two processes with one window.

use std::time::Duration;

use cache::{Allowance, Place, Windows};
use telemetry::{ServiceName, Telemetry};
use tokio::time::{Instant, sleep};

use crate::proxy::{Network, Proxy};
use crate::server::Server;
use crate::{a_key, process, redis_url};

/// What the window is about, where there is but one.
const ALL: u64 = 0;
const TEN: Allowance = Allowance { max: 10, window: Duration::from_millis(400) };
/// Long enough for a test to be over before a place is free again.
const TEN_FOR_LONG: Allowance = Allowance { max: 10, window: Duration::from_mins(5) };

struct Process {
    windows: Windows,
    telemetry: Telemetry,
}

fn one(url: &str, name: &str, allowance: Allowance) -> Process {
    Process { windows: process(url).windows(name, allowance), telemetry: Telemetry::off(ServiceName::Bot) }
}

/// Two processes that have both been there before.
async fn two(url: &str, name: &str, allowance: Allowance) -> [Process; 2] {
    let processes = [(); 2].map(|()| one(url, name, allowance));
    for process in &processes {
        process.greet().await;
    }
    processes
}

impl Process {
    async fn take(&self, about: u64) -> Result<Place, Duration> {
        self.windows.take(&self.telemetry, about).await
    }

    /// Asks in a window that nobody else uses.
    async fn greet(&self) {
        let alone = u64::from_str_radix(&a_key(), 16).unwrap();
        let place = self.take(alone).await.unwrap();
        self.windows.settle(&self.telemetry, place).await;
    }

    /// Takes places one after the other, waiting as it is told to; when each was granted.
    async fn hurry(&self, places: usize) -> Vec<Instant> {
        let mut granted = Vec::new();
        while granted.len() < places {
            match self.take(ALL).await {
                Ok(place) => {
                    granted.push(Instant::now());
                    self.windows.settle(&self.telemetry, place).await;
                }
                Err(pause) => sleep(pause).await,
            }
        }
        granted
    }

    /// Takes as many as there are now.
    async fn take_all(&self) -> usize {
        let mut places = 0;
        while self.take(ALL).await.is_ok() {
            places += 1;
        }
        places
    }
}

/// The shortest time in which so many were granted.
fn tightest(mut granted: Vec<Instant>, count: usize) -> Duration {
    granted.sort();
    granted.windows(count).map(|granted| granted[count - 1] - granted[0]).min().unwrap()
}

#[tokio::test]
async fn never_more_than_ten_in_any_window() {
    let Some(url) = redis_url() else { return };
    let [one, other] = two(&url, &a_key(), TEN).await;
    let (first, second) = tokio::join!(one.hurry(13), other.hurry(12));
    let tightest = tightest([first, second].concat(), TEN.max as usize + 1);
    assert!(tightest >= TEN.window, "eleven in {tightest:?}");
}

#[tokio::test]
async fn each_thing_has_a_window_of_its_own() {
    let Some(url) = redis_url() else { return };
    let [one, other] = two(&url, &a_key(), TEN_FOR_LONG).await;
    assert_eq!(one.take_all().await + other.take_all().await, 10);
    let pause = other.take(ALL).await.unwrap_err();
    assert!(pause > TEN_FOR_LONG.window / 2 && pause <= TEN_FOR_LONG.window, "{pause:?}");
    assert!(other.take(1).await.is_ok());
}

#[tokio::test]
async fn what_one_closes_is_closed_to_the_other() {
    let Some(url) = redis_url() else { return };
    let [one, other] = two(&url, &a_key(), TEN).await;
    one.windows.close(&one.telemetry, ALL, Duration::from_mins(5)).await;
    one.windows.close(&one.telemetry, ALL, Duration::from_secs(1)).await;
    for process in [&one, &other] {
        let pause = process.take(ALL).await.unwrap_err();
        assert!(pause > Duration::from_mins(4), "{pause:?}");
        assert!(process.take(1).await.is_ok(), "another is open");
    }
}

#[tokio::test]
async fn a_process_of_its_own_counts_for_itself() {
    let windows = cache::Cache::memory().windows("a", TEN_FOR_LONG);
    let alone = Process { windows, telemetry: Telemetry::off(ServiceName::Bot) };
    assert_eq!(alone.take_all().await, 10);
    assert!(alone.take(1).await.is_ok());
}

#[tokio::test]
async fn without_redis_each_takes_a_fifth_when_what_was_taken_is_past() {
    let Some(mut server) = Server::start(&[]).await else { return };
    let [one, other] = two(&server.url(), &a_key(), TEN).await;
    let first = one.hurry(10).await;
    server.kill();
    let (second, third) = tokio::join!(one.hurry(5), other.hurry(5));

    let alone = TEN.max as usize / 5;
    for granted in [&second, &third] {
        let tightest = tightest(granted.clone(), alone + 1);
        assert!(tightest >= TEN.window, "{alone} and one more in {tightest:?}");
    }
    // Each tells what it took alone, and whatever the server has forgotten is past before it grants anything.
    server.restart().await;
    let (fourth, fifth) = tokio::join!(one.hurry(10), other.hurry(10));
    let tightest = tightest([first, second, third, fourth, fifth].concat(), TEN.max as usize + 1);
    assert!(tightest >= TEN.window, "eleven in {tightest:?}");
}

#[tokio::test]
async fn while_redis_is_away_it_is_soon_asked_again() {
    let Some(mut server) = Server::start(&[]).await else { return };
    let [one, _] = two(&server.url(), &a_key(), TEN_FOR_LONG).await;
    server.kill();
    let pause = one.take(ALL).await.unwrap_err();
    assert!(pause <= TEN_FOR_LONG.window / 10, "{pause:?}");
}

#[tokio::test]
async fn after_a_flush_nobody_takes_anything_for_a_window() {
    let Some(server) = Server::start(&[]).await else { return };
    let name = a_key();
    let [one_of_them, other] = two(&server.url(), &name, TEN_FOR_LONG).await;
    other.take_all().await;
    server.command("FLUSHALL");
    let pause = one_of_them.take(ALL).await.unwrap_err();
    assert!(pause > TEN_FOR_LONG.window / 2, "{pause:?}");
    // Somebody who never knew what was there hears of it, too.
    assert!(one(&server.url(), &name, TEN_FOR_LONG).take(ALL).await.is_err());
}

#[tokio::test]
async fn who_asks_says_what_it_has() {
    let Some(url) = redis_url() else { return };
    let name = a_key();
    let [one, other] = two(&url, &name, TEN_FOR_LONG).await;
    assert_eq!(one.take_all().await, 10);
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::Cmd::del(format!("muster:window:{name}:taken:{ALL}")).exec_async(&mut connection).await.unwrap();
    assert!(other.take(ALL).await.is_ok(), "nobody has said it yet");
    assert!(one.take(ALL).await.is_err());
    assert!(other.take(ALL).await.is_err(), "now it is known");
}

#[tokio::test]
async fn every_key_of_a_window_ends_some_day() {
    let Some(url) = redis_url() else { return };
    let name = a_key();
    let [one, _] = two(&url, &name, TEN).await;
    one.hurry(2).await;
    one.windows.close(&one.telemetry, ALL, Duration::from_secs(9)).await;

    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let pattern = format!("muster:window:{name}*");
    let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap();
    assert!(keys.len() >= 3, "{keys:?}");
    for key in &keys {
        let left: i64 = redis::cmd("PTTL").arg(key).query_async(&mut connection).await.unwrap();
        assert!(left > 0, "{key} lives for ever");
    }
}

#[tokio::test]
async fn who_was_alone_gives_the_others_time_to_say_what_they_took() {
    let Some(server) = Server::start(&[]).await else { return };
    let (network, name) = (Proxy::before(&server.address()).await, a_key());
    let [one, _] = two(&network.url(), &name, TEN).await;
    let other = self::one(&server.url(), &name, TEN);
    network.becomes(Network::Cut);
    one.hurry(1).await;
    network.becomes(Network::Well);
    // Alone it would be told of pauses that are much shorter.
    let mut pause = Duration::ZERO;
    while pause <= 10 * TEN.window {
        sleep(pause).await;
        pause = one.take(ALL).await.err().unwrap_or_default();
    }
    assert!(other.take(ALL).await.unwrap_err() > 10 * TEN.window);
}
