//! The calling side.

use crate::Key;
use crate::signature::Parts;
use clock::{Chance, Clock};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use std::time::Duration;
use telemetry::{HttpClient, Span, Telemetry, TraceContext};
use url::Url;

/// A sibling that doesn't answer is not waited for any longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// It is near.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// Who is called, and how they know us.
#[derive(Clone, Debug)]
pub struct Sibling {
    /// `http://127.0.0.1:8082`; a path is left out.
    pub address: Url,
    /// The key that both hold.
    pub key: Key,
}

/// Calls a sibling as one service; clones share connections, which belong to the runtime that made them.
#[derive(Clone, Debug)]
pub struct Caller {
    sibling: Sibling,
    http: reqwest::Client,
    telemetry: Telemetry,
    clock: Clock,
    chance: Chance,
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody answered in time.
    #[error("no answer: {0}")]
    NoAnswer(#[source] reqwest::Error),
    /// The answer was no.
    #[error("the answer was {0}")]
    Refused(StatusCode),
    /// There can be no client, or no such address.
    #[error("it can't be called: {0}")]
    Unusable(String),
}

impl Caller {
    /// Prepares calls; nobody is asked yet. `clock` has to be the machine's wherever the sibling is another process.
    ///
    /// # Errors
    /// When there can be no client.
    pub fn new(
        sibling: Sibling,
        telemetry: Telemetry,
        (clock, chance): (Clock, Chance),
    ) -> Result<Self, CallError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| CallError::Unusable(error.to_string()))?;
        Ok(Self { sibling, http, telemetry, clock, chance })
    }

    /// Posts a JSON document; the sibling goes on in the trace of this call.
    ///
    /// # Errors
    /// When nobody answers, or not with success.
    pub async fn post(&self, path: &'static str, json: Vec<u8>) -> Result<(), CallError> {
        let url = self.sibling.address.join(path).map_err(|error| CallError::Unusable(error.to_string()))?;
        let span = self.telemetry.http_client(HttpClient {
            method: "POST",
            template: path,
            server: url.host_str().unwrap_or_default(),
            port: url.port_or_known_default().unwrap_or_default(),
            url: url.as_str(),
        });
        let sent = span.run(self.send(path, url.clone(), json)).await;
        finish(&span, sent)
    }

    async fn send(&self, path: &str, url: Url, json: Vec<u8>) -> Result<StatusCode, reqwest::Error> {
        let trace = TraceContext::current();
        let parts = Parts {
            method: "POST",
            path,
            timestamp: &self.clock.now().as_millisecond().to_string(),
            nonce: &hex::encode(self.chance.bytes::<16>()),
            traceparent: "",
            tracestate: "",
            body: &json,
        };
        let headers = parts.traced(&trace).headers(&self.sibling.key);
        let request = self.http.post(url).headers(headers).header(CONTENT_TYPE, "application/json");
        request.body(json).send().await.map(|response| response.status())
    }
}

fn finish(span: &Span, sent: Result<StatusCode, reqwest::Error>) -> Result<(), CallError> {
    match sent {
        Ok(status) if status.is_success() => {
            span.response(status.as_u16());
            Ok(())
        }
        Ok(status) => {
            let error = CallError::Refused(status);
            span.fail(status.as_u16().to_string(), &error);
            span.response(status.as_u16());
            Err(error)
        }
        Err(error) => {
            span.fail(if error.is_timeout() { "timeout" } else { "connection" }, &error);
            Err(CallError::NoAnswer(error))
        }
    }
}
