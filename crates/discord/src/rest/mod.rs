//! Calls to Discord's REST API.
//!
//! Every call waits for its turn at the limiter, makes one client span, and ends in a value or in a
//! [`RestError`], whose verdict says what to do. A 429 is waited out and tried again while the call's patience
//! lasts; everything else is the caller's to decide, who knows whether the call may be repeated.

mod answer;
mod application;
mod channel;
mod client;
mod guild;
mod interaction;
mod rationed;
mod route;

pub use application::{Application, GatewayInfo, SessionStarts};
pub use channel::{History, MessageAge, SentMessage, sent_at};
pub use guild::Member;
pub use interaction::Response;

use crate::limiter::{Late, Limiter, Report, Unannounced};
use crate::{RestError, Verdict};
use cache::Cache;
use clock::Chance;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use route::Route;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use telemetry::{HttpClient, Secret, Span, Telemetry, attr};
use tokio::time::Instant;

/// Discord's REST API, version 10.
pub const DISCORD_API: &str = "https://discord.com/api/v10";
/// How long a call may take with all its waiting, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// At most so much is added to the pause that Discord asks for, so that those who wait don't come all at once.
const JITTER_MAX_MILLIS: u64 = 250;

/// Where Discord is and who calls.
#[derive(Clone, Debug)]
pub struct RestConfig {
    /// The API's address without a slash at its end, such as [`DISCORD_API`].
    pub api: String,
    /// The bot's token.
    pub token: Secret<String>,
}

/// Why a client can't be made.
#[derive(Debug, thiserror::Error)]
pub enum RestConfigError {
    /// The address isn't an absolute one of http or https.
    #[error("{0:?} is not the address of a Discord API")]
    Address(String),
    /// The token has characters that no header may have.
    #[error("the bot token has characters that no token has")]
    Token,
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client didn't start.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

/// A client for one bot token. Clones share the limiter, which has to be one per token.
#[derive(Clone, Debug)]
pub struct Rest {
    shared: Arc<Shared>,
    telemetry: Telemetry,
    patience: Duration,
}

#[derive(Debug)]
struct Shared {
    http: Client,
    api: String,
    server: String,
    port: u16,
    limiter: Limiter,
    unannounced: Unannounced,
    chance: Chance,
    token_refused: AtomicBool,
}

impl Rest {
    /// A client with a limiter of its own.
    ///
    /// # Errors
    /// The configuration makes no sense.
    pub fn new(config: &RestConfig, telemetry: Telemetry, chance: Chance) -> Result<Self, RestConfigError> {
        Self::sharing(config, telemetry, chance, &Cache::memory())
    }

    /// A client whose limiter is that of all processes with this token and this cache, if the cache is one that
    /// processes share.
    ///
    /// # Errors
    /// The configuration makes no sense.
    pub fn sharing(
        config: &RestConfig,
        telemetry: Telemetry,
        chance: Chance,
        cache: &Cache,
    ) -> Result<Self, RestConfigError> {
        // The token's hash, which names it without telling it.
        let digest = Sha256::digest(config.token.expose().as_bytes());
        let name = hex::encode(&digest[..8]);
        let bad_address = || RestConfigError::Address(config.api.clone());
        let url = Url::parse(&config.api).map_err(|_| bad_address())?;
        let (server, port) = url.host_str().zip(url.port_or_known_default()).ok_or_else(bad_address)?;
        let shared = Shared {
            http: client::build(&config.token)?,
            api: config.api.trim_end_matches('/').to_owned(),
            server: server.to_owned(),
            port,
            limiter: Limiter::sharing(cache, &name),
            unannounced: Unannounced::sharing(cache, &name),
            chance,
            token_refused: AtomicBool::new(false),
        };
        Ok(Self { shared: Arc::new(shared), telemetry, patience: PATIENCE })
    }

    /// The same client, whose calls give up after `patience`, the time in the limiter's queue included.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The same client and limiter for another service of this process.
    #[must_use]
    pub fn for_service(&self, telemetry: Telemetry) -> Self {
        Self { telemetry, ..self.clone() }
    }

    /// Whether Discord has refused the token; then nothing is sent any more.
    pub fn token_refused(&self) -> bool {
        self.shared.token_refused.load(Ordering::Relaxed)
    }

    async fn get<T: DeserializeOwned>(&self, route: Route) -> Result<T, RestError> {
        parse(&self.send(&route, None).await?)
    }

    async fn send(&self, route: &Route, body: Option<Vec<u8>>) -> Result<Answer, RestError> {
        let by = Instant::now() + self.patience;
        let mut turn = self.shared.limiter.queue(route.lane());
        for resent in 0.. {
            if self.token_refused() {
                return Err(RestError::TokenRefused);
            }
            let waited =
                turn.wait(&self.telemetry, by).await.map_err(|Late { after }| RestError::NoTurn { after })?;
            if waited {
                self.telemetry.metrics().rate_limit_wait(route.template());
            }
            let (mut report, result) = self.attempt(route, body.clone(), Attempt { resent, by }).await;
            report.retry_after = report.retry_after.map(|pause| pause + self.jitter());
            turn.finish(&self.telemetry, &report).await;
            if !result.as_ref().is_err_and(is_a_mere_limit) {
                return result;
            }
        }
        Err(RestError::NoTurn { after: Duration::ZERO })
    }

    fn jitter(&self) -> Duration {
        Duration::from_millis(self.shared.chance.below(JITTER_MAX_MILLIS))
    }

    async fn attempt(
        &self,
        route: &Route,
        body: Option<Vec<u8>>,
        attempt: Attempt,
    ) -> (Report, Result<Answer, RestError>) {
        let span = self.span(route);
        if attempt.resent > 0 {
            span.set(attr::resend_count(attempt.resent));
        }
        let (report, result) = span.run(self.call(route, body, attempt.by)).await;
        self.record(&span, route, &report, result.as_ref().err());
        (report, result)
    }

    fn span(&self, route: &Route) -> Span {
        self.telemetry.http_client(HttpClient {
            method: route.method_name(),
            template: route.template(),
            server: &self.shared.server,
            port: self.shared.port,
            url: &format!("{}{}", self.shared.api, route.shown()),
        })
    }

    async fn call(
        &self,
        route: &Route,
        body: Option<Vec<u8>>,
        by: Instant,
    ) -> (Report, Result<Answer, RestError>) {
        let url = format!("{}{}", self.shared.api, route.real());
        let timeout = ATTEMPT_TIMEOUT.min(by.saturating_duration_since(Instant::now()));
        let mut request = self.shared.http.request(route.method.clone(), url).timeout(timeout);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        match request.send().await {
            Ok(response) => read(response).await,
            Err(error) => (Report::default(), Err(no_answer(error))),
        }
    }

    fn record(&self, span: &Span, route: &Route, report: &Report, error: Option<&RestError>) {
        if let Some(error) = error {
            self.record_error(span, report, error);
        }
        if let Some(status) = report.status {
            span.response(status);
            self.telemetry.metrics().discord_request(route.template(), status);
        }
        if let Some(bucket) = &report.bucket {
            span.set(attr::rate_limit_bucket(bucket));
        }
        if report.is_invalid() {
            self.telemetry.metrics().invalid_request(route.template());
        }
    }

    fn record_error(&self, span: &Span, report: &Report, error: &RestError) {
        if let Some(code) = error.code() {
            span.set(attr::discord_error_code(u64::from(code)));
        }
        if matches!(error, RestError::TokenRefused) && self.is_first_refusal() {
            span.fail(report.status.map_or(error.kind(), |status| status.to_string().into()), error);
        }
        if let Some(status) = report.status {
            // Whoever called knows whether it matters.
            span.refused(status, error);
        }
        if matches!(error, RestError::NoAnswer(_) | RestError::Unreadable { .. }) {
            span.fail(error.kind(), error);
        }
    }

    /// It is an error once: from now on every call fails without being sent.
    fn is_first_refusal(&self) -> bool {
        !self.shared.token_refused.swap(true, Ordering::Relaxed)
    }
}

/// Which attempt of a call it is, and until when it may last.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    resent: u32,
    by: Instant,
}

/// A 2xx answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Vec<u8>,
}

/// Whether waiting and sending it again is all there is to do.
fn is_a_mere_limit(error: &RestError) -> bool {
    matches!(error.verdict(1), Verdict::RateLimited { .. })
}

async fn read(response: reqwest::Response) -> (Report, Result<Answer, RestError>) {
    let status = response.status();
    let report = answer::report(status.as_u16(), response.headers());
    let body = match response.bytes().await {
        Ok(body) => body.to_vec(),
        Err(error) => return (report, Err(no_answer(error))),
    };
    if status.is_success() {
        return (report, Ok(Answer { status: status.as_u16(), body }));
    }
    let error = match answer::refusal(status.as_u16(), &report, &body) {
        // An interaction's token that has run out is refused with 401, too; it has a code of its own.
        refusal if matches!(refusal.verdict(1), Verdict::StopAllTraffic) => RestError::TokenRefused,
        refusal => refusal,
    };
    (report, Err(error))
}

/// The address stays out of the error: it may hold a token.
fn no_answer(error: reqwest::Error) -> RestError {
    RestError::NoAnswer(error.without_url())
}

fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, RestError> {
    serde_json::from_slice(&answer.body).map_err(|_| RestError::Unreadable { status: answer.status })
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}
