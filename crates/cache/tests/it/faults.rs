//! Redis stalls, dies, comes back, forgets: it costs time and nothing else.

use std::convert::Infallible;
use std::time::Duration;

use cache::Cache;
use clock::Chance;
use telemetry::{Captured, Secret, ServiceName, Telemetry};
use tokio::time::Instant;

use crate::proxy::{Network, Proxy};
use crate::server::Server;
use crate::{a_key, process, redis_url, requests};

const TTL: Duration = Duration::from_mins(1);
/// Far more than any pause of the breaker.
const BACK_WITHIN: Duration = Duration::from_secs(30);

/// A service with a cache, as one process has them.
struct Service {
    cache: Cache,
    telemetry: Telemetry,
    captured: Captured,
}

impl Service {
    fn at(url: &str) -> Self {
        let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
        Self { cache: process(url), telemetry, captured }
    }

    async fn ask(&self, key: &str, value: &str) -> String {
        let load = async { Ok::<_, Infallible>(value.to_owned()) };
        self.cache.get_or_load(&self.telemetry, "member", key, TTL, load).await.unwrap()
    }

    /// Asks until a value comes from the cache again; what was kept last.
    async fn until_it_is_back(&self) -> String {
        let asking = async {
            loop {
                let key = a_key();
                self.ask(&key, "kept again").await;
                let seen = self.ask(&key, "loaded").await;
                if seen == "kept again" {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(BACK_WITHIN, asking).await.unwrap()
    }

    /// The names of what was logged of the cache's server.
    fn told(&self) -> Vec<String> {
        let logs = self.captured.logs().into_iter();
        logs.filter_map(|log| log.name).filter(|name| name.starts_with("cache.")).collect()
    }
}

fn proxied() -> Option<String> {
    redis_url().map(|url| url.trim_start_matches("redis://").split('/').next().unwrap().to_owned())
}

#[tokio::test]
async fn without_a_server_values_are_loaded_and_nobody_waits() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let service = Service::at(&format!("redis://127.0.0.1:{port}/0"));
    let logging = tracing::dispatcher::set_default(&service.telemetry.log_dispatch());
    for _ in 0..20 {
        assert_eq!(service.ask("7", "loaded").await, "loaded");
    }
    drop(logging);
    assert_eq!(requests(&service.captured), "error=20");
    assert_eq!(service.told(), ["cache.away"], "one line when it begins");
    let spans = service.captured.spans();
    assert_eq!(spans[0].attributes["error.type"], "connection");
    assert!(spans.len() < 5, "the breaker is open: {}", spans.len());
}

#[tokio::test]
async fn a_stalled_server_slows_one_request_and_not_each() {
    let Some(server) = proxied() else { return };
    let proxy = Proxy::before(&server).await;
    let service = Service::at(&proxy.url());
    let logging = tracing::dispatcher::set_default(&service.telemetry.log_dispatch());
    service.until_it_is_back().await;

    proxy.becomes(Network::Stalled);
    service.captured.clear();
    let began = Instant::now();
    for _ in 0..50 {
        assert_eq!(service.ask("7", "loaded").await, "loaded");
    }
    let took = began.elapsed();
    let timeouts = service.captured.spans().len();
    assert!(timeouts < 10, "{timeouts} of 50 requests asked a server that is silent, in {took:?}");
    assert_eq!(service.captured.spans()[0].attributes["error.type"], "timeout");

    proxy.becomes(Network::Well);
    service.until_it_is_back().await;
    drop(logging);
    assert_eq!(service.told(), ["cache.away", "cache.back"]);
}

#[tokio::test]
async fn a_connection_that_was_cut_is_replaced_at_once() {
    let Some(server) = proxied() else { return };
    let proxy = Proxy::before(&server).await;
    let (service, key) = (Service::at(&proxy.url()), a_key());
    service.ask(&key, "kept").await;

    proxy.closes_what_is_open();
    while proxy.taken() == 1 {
        service.ask(&key, "loaded").await;
    }
    assert_eq!(service.ask(&key, "loaded").await, "kept", "the server has it still");
    assert_eq!(proxy.taken(), 2);
}

#[tokio::test]
async fn a_half_open_connection_is_given_up() {
    let Some(server) = proxied() else { return };
    let proxy = Proxy::before(&server).await;
    let (service, key) = (Service::at(&proxy.url()), a_key());
    service.ask(&key, "kept").await;

    proxy.loses_the_other_end();
    assert_eq!(service.ask(&key, "loaded").await, "loaded", "nobody waits for the kernel");
    service.until_it_is_back().await;
    assert_eq!(service.ask(&key, "loaded").await, "kept");
}

#[tokio::test]
async fn a_flushed_server_keeps_nothing_that_was_asked_for_before() {
    let Some(server) = Server::start(&[]).await else { return };
    let service = Service::at(&server.url());
    service.ask("7", "kept").await;
    let flushed = service.cache.get_or_load(&service.telemetry, "member", "8", TTL, async {
        server.command("FLUSHALL");
        Ok::<_, Infallible>("from before".to_owned())
    });
    assert_eq!(flushed.await.as_deref(), Ok("from before"));
    assert_eq!(service.ask("8", "new").await, "new");
    assert_eq!(service.ask("7", "new").await, "new");
    assert_eq!(requests(&service.captured), "miss=4", "a flush is no error");
}

#[tokio::test]
async fn a_killed_server_that_returns_is_used_again() {
    let Some(mut server) = Server::start(&[]).await else { return };
    let service = Service::at(&server.url());
    service.ask("7", "kept").await;
    server.kill();
    assert_eq!(service.ask("7", "loaded").await, "loaded");
    assert_eq!(service.ask("7", "loaded").await, "loaded");
    server.restart().await;
    service.until_it_is_back().await;
    assert_eq!(service.ask("7", "after the crash").await, "after the crash");
    assert_eq!(service.ask("7", "loaded").await, "after the crash");
}

#[tokio::test]
async fn a_frozen_server_that_goes_on_is_used_again() {
    let Some(server) = Server::start(&[]).await else { return };
    let service = Service::at(&server.url());
    service.ask("7", "kept").await;
    server.signal("STOP");
    let began = Instant::now();
    assert_eq!(service.ask("7", "loaded").await, "loaded");
    assert!(began.elapsed() < Duration::from_secs(2));
    server.signal("CONT");
    service.until_it_is_back().await;
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_told_of_once() {
    let Some(server) = Server::start(&[]).await else { return };
    let service = Service::at(&server.url());
    let logging = tracing::dispatcher::set_default(&service.telemetry.log_dispatch());
    service.until_it_is_back().await;
    server.command("REPLICAOF 127.0.0.1 1");
    service.captured.clear();
    for _ in 0..50 {
        assert_eq!(service.ask("7", "loaded").await, "loaded");
    }
    let spans = service.captured.spans();
    let refused: Vec<_> = spans.iter().filter_map(|span| span.attributes.get("error.type")).collect();
    assert_eq!(refused[0], "READONLY");
    assert!(refused.len() < 5, "the breaker is open: {refused:?}");
    server.command("REPLICAOF NO ONE");
    service.until_it_is_back().await;
    while service.told().len() < 2 {
        service.until_it_is_back().await;
    }
    drop(logging);
    assert_eq!(service.told(), ["cache.away", "cache.back"]);
}

#[tokio::test]
async fn a_wrong_password_is_told_once_and_nowhere_repeated() {
    let Some(server) = Server::start(&["--requirepass", "the right one"]).await else { return };
    let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
    let url = Secret::new(format!("redis://:canary-4711@{}/0", server.address()));
    let cache = Cache::redis(&url, Chance::seeded(1)).unwrap();
    let service = Service { cache, telemetry, captured };
    let logging = tracing::dispatcher::set_default(&service.telemetry.log_dispatch());
    assert_eq!(service.ask("7", "loaded").await, "loaded");
    assert_eq!(service.ask("7", "loaded").await, "loaded");
    drop(logging);
    let (spans, logs) = (service.captured.spans(), service.captured.logs());
    assert_eq!(spans[0].attributes["error.type"], "authentication");
    let shown = format!("{spans:?} {logs:?} {:?} {url:?}", service.cache);
    assert!(!shown.contains("canary"), "{shown}");
    assert_eq!(service.told(), ["cache.away"]);
}

#[tokio::test]
async fn tls_with_a_server_that_has_none_is_an_outage() {
    let Some(server) = proxied() else { return };
    let service = Service::at(&format!("rediss://{server}/0"));
    assert_eq!(service.ask("7", "loaded").await, "loaded");
    assert_eq!(requests(&service.captured), "error=1");
    assert_eq!(service.captured.spans()[0].attributes["error.type"], "timeout");
}

#[test]
fn a_service_whose_runtime_ends_takes_the_connection_of_no_other() {
    let Some(url) = redis_url() else { return };
    let (service, key) = (Service::at(&url), a_key());
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // Services of one process share the cache; each has a runtime of its own.
    let (api, bot) = (runtime(), runtime());
    assert_eq!(api.block_on(service.ask(&key, "kept")), "kept");
    assert_eq!(bot.block_on(service.ask(&key, "loaded")), "kept");
    drop(api);
    bot.block_on(service.until_it_is_back());
    assert_eq!(bot.block_on(service.ask(&key, "loaded")), "kept");
}

#[test]
fn an_address_that_is_none_is_refused_without_repeating_it() {
    let url = Secret::new("http://:canary-4711@127.0.0.1/0".to_owned());
    let error = Cache::redis(&url, Chance::seeded(1)).unwrap_err();
    insta::assert_snapshot!(error, @"this is not the address of a Redis: it looks like redis://user:password@host:6379/0");
}
