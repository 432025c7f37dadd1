//! A network before the servers of a deployment, and what its processes say while it fails.

use super::apart::{Apart, Service};
use crate::program::until;
use serde_json::Value;
use testkit::Proxy;
use url::Url;

/// Puts a network before a server that can fail.
pub(super) async fn behind(address: &mut String) -> Proxy {
    let mut url = Url::parse(address).unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let proxy = Proxy::before(server.parse().unwrap()).await;
    url.set_port(Some(proxy.port())).unwrap();
    *address = url.to_string();
    proxy
}

/// What one process tells of itself on `/readyz`.
pub(super) struct Report {
    status: u16,
    checks: Value,
}

impl Report {
    pub(super) async fn of(service: &Service) -> Self {
        let program = &service.program;
        let asked = program.http.get(format!("{}/readyz", program.address("health"))).send();
        let answer = asked.await.unwrap();
        let status = answer.status().as_u16();
        let report: Value = answer.json().await.unwrap();
        Self { status, checks: report["checks"].clone() }
    }

    fn check(&self, engine: &str) -> &Value {
        let checks = self.checks.as_array().unwrap();
        checks.iter().find(|check| check["name"] == engine).unwrap_or(&Value::Null)
    }

    /// The status, and whether it says that an engine is well.
    pub(super) fn verdict(&self, engine: &str) -> String {
        let check = self.check(engine);
        let kind = ["wrong", "warning"].into_iter().find(|kind| check.get(kind).is_some()).unwrap_or("well");
        format!("{} {kind}", self.status)
    }

    /// What is wrong with an engine, in the words that anybody may read.
    pub(super) fn reason(&self, engine: &str) -> &str {
        let check = self.check(engine);
        check["wrong"].as_str().or_else(|| check["warning"].as_str()).unwrap_or_default()
    }
}

/// Waits until every process says so.
pub(super) async fn all_say(apart: &Apart, engine: &str, expected: impl Fn(&Service) -> &'static str) {
    for service in &apart.services {
        says(service, engine, expected(service)).await;
    }
}

/// Waits until one of them does.
pub(super) async fn says(service: &Service, engine: &str, expected: &str) -> Report {
    until(&format!("{expected} of {} and {engine}", service.name), async || {
        let report = Report::of(service).await;
        match report.verdict(engine) {
            said if said == expected => Ok(report),
            said => Err(said),
        }
    })
    .await
}

/// As it should be.
pub(super) fn well(_: &Service) -> &'static str {
    "200 well"
}

/// How they say that there is no broker: the bot alone lives on events.
pub(super) fn without_broker(service: &Service) -> &'static str {
    if service.name == "bot" { "503 wrong" } else { "200 warning" }
}
