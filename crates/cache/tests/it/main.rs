//! The cache as the rooms see it, in memory and in Redis.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conformance;
mod doctor;
mod faults;
mod health;
mod limiter;
mod processes;
mod proxy;
mod server;
mod spans;
mod window;

use cache::Cache;
use clock::Chance;
use telemetry::{Captured, Secret};

/// Where a Redis for tests listens: `redis://127.0.0.1:PORT/0`.
const URL: &str = "MUSTER_TEST_REDIS_URL";

/// The Redis for tests; without one, says what is left out.
fn redis_url() -> Option<String> {
    let url = environment(URL);
    if url.is_none() {
        eprintln!("left out: Redis, since {URL} is not set (cargo xtask test starts a server)");
    }
    url
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
fn environment(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// A cache as one more process would have it.
fn process(url: &str) -> Cache {
    Cache::redis(&Secret::new(url.to_owned()), Chance::from_os().unwrap()).unwrap()
}

/// A key that no other test uses: they share a server.
fn a_key() -> String {
    format!("{:x}", u64::from_be_bytes(Chance::from_os().unwrap().bytes()))
}

/// Counts of `muster.cache.requests` as `result=count`.
fn requests(captured: &Captured) -> String {
    let points = captured.metric("muster.cache.requests").map(|metric| metric.points).unwrap_or_default();
    let mut counts: Vec<String> =
        points.iter().map(|point| format!("{}={}", point.attributes["result"], point.value)).collect();
    counts.sort();
    counts.join(" ")
}
