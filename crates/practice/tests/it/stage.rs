//! A running practice Discord and the two ways in: as a script, and as a bot.

use clock::{Chance, Clock, PracticeClock};
use jiff::Timestamp;
use practice::{Practice, PracticeConfig};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The guild's clock at the beginning of every story.
pub const BEGINNING: &str = "2026-03-01T18:00:00Z";

pub struct Stage {
    pub practice: Practice,
    pub clock: PracticeClock,
    pub http: reqwest::Client,
    stop: CancellationToken,
}

/// What differs between stories.
#[derive(Default)]
pub struct Setup {
    pub data: Option<PathBuf>,
    pub strict_limits: bool,
}

impl Stage {
    pub async fn open() -> Self {
        Self::open_with(Setup::default()).await
    }

    pub async fn open_with(setup: Setup) -> Self {
        install_crypto();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = PracticeClock::stopped_at(BEGINNING.parse::<Timestamp>().unwrap());
        let stop = CancellationToken::new();
        let config = PracticeConfig {
            listener,
            clock: Clock::Practice(clock.clone()),
            chance: Chance::seeded(7),
            data: setup.data,
            strict_limits: setup.strict_limits,
            token: None,
        };
        let practice = Practice::start(config, stop.clone()).await.unwrap();
        let http = reqwest::Client::builder().build().unwrap();
        Self { practice, clock, http, stop }
    }

    /// Stops the server and waits until its state is written.
    pub async fn close(self) {
        self.stop.cancel();
        self.practice.wait().await;
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.practice.address())
    }

    /// A REST request with the bot's token.
    pub fn rest(&self, method: Method, path: &str) -> RequestBuilder {
        let token = format!("Bot {}", self.practice.token());
        self.http.request(method, self.url(&format!("/api/v10{path}"))).header("authorization", token)
    }

    /// The status and JSON of a REST request.
    pub async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.rest(method, path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, Value::Null).await
    }

    /// Posts a message to a channel as the bot; the body gets harmless `allowed_mentions`.
    pub async fn post(&self, channel: u64, mut body: Value) -> (u16, Value) {
        body["allowed_mentions"] = json!({ "parse": [] });
        self.call(Method::POST, &format!("/channels/{channel}/messages"), body).await
    }

    /// A request of the script API; its answer has to be a success.
    pub async fn script(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_script(method, path, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    pub async fn try_script(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.request(method, self.url(&format!("/practice/v1{path}")));
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        let status = response.status();
        if status == StatusCode::NO_CONTENT {
            return (status.as_u16(), Value::Null);
        }
        (status.as_u16(), response.json().await.unwrap())
    }
}

fn install_crypto() {
    // Every story wants it; the first one to come installs it.
    rustls::crypto::ring::default_provider().install_default().ok();
}
