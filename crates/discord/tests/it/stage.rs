//! A practice Discord with a client in front of it.

use clock::{Chance, Clock, PracticeClock};
use discord::{Rest, RestConfig};
use practice::{Practice, PracticeConfig};
use serde_json::{Value, json};
use telemetry::{Captured, Secret, ServiceName, Telemetry};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) struct Stage {
    pub(crate) rest: Rest,
    pub(crate) telemetry: Telemetry,
    pub(crate) captured: Captured,
    pub(crate) token: Secret<String>,
    pub(crate) address: String,
    http: reqwest::Client,
    practice: Practice,
    stop: CancellationToken,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_with(Chance::seeded(7)).await
    }

    /// A stage whose token is told by `chance`.
    pub(crate) async fn set_with(chance: Chance) -> Self {
        let stop = CancellationToken::new();
        let clock = Clock::Practice(PracticeClock::stopped_at("2026-11-22T19:00:00Z".parse().unwrap()));
        let config = PracticeConfig {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            clock,
            chance,
            data: None,
            strict_limits: true,
            token: None,
        };
        let practice = Practice::start(config, stop.clone()).await.unwrap();
        let address = practice.address().to_string();
        let token = Secret::new(practice.token().to_owned());
        let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);
        let rest = client(&address, token.clone(), &telemetry);
        // The scripts' API needs no TLS, and so no provider for it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().build().unwrap();
        Self { rest, telemetry, captured, token, address, http, practice, stop }
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.ask(reqwest::Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(reqwest::Method::POST, path, Some(body)).await
    }

    pub(crate) async fn look(&self, path: &str) -> Value {
        self.ask(reqwest::Method::GET, path, None).await
    }

    async fn ask(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("http://{}/practice/v1/{path}", self.address);
        let request = self.http.request(method, url);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        let ok = response.status().is_success();
        let body: Value = response.json().await.unwrap();
        assert!(ok, "{path}: {body}");
        body
    }

    pub(crate) async fn faults(&self, faults: Value) {
        self.put("faults", faults).await;
    }

    /// Every message that was ever visible.
    pub(crate) async fn oracle(&self) -> Vec<Value> {
        self.look("oracle").await.as_array().unwrap().clone()
    }

    pub(crate) async fn strike(self) {
        self.stop.cancel();
        self.practice.wait().await;
    }
}

pub(crate) fn client(address: &str, token: Secret<String>, telemetry: &Telemetry) -> Rest {
    let config = RestConfig { api: format!("http://{address}/api/v10"), token };
    Rest::new(&config, telemetry.clone(), Chance::seeded(1)).unwrap()
}

pub(crate) fn no_faults() -> Value {
    json!({})
}
