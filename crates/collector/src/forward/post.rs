//! One attempt to hand a parcel over.

use std::{error::Error, io::Write as _, time::Duration};

use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, header};
use reqwest::{Client, redirect::Policy};
use secrecy::ExposeSecret as _;

use super::{
    Destination,
    answer::{self, Answer},
    parcel::Parcel,
};
use crate::signal::Signal;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(30);
/// An answer is a few bytes; what is longer is not read.
const MAX_ANSWER_BYTES: usize = 65_536;

/// The way to the other side.
pub(super) struct Post {
    client: Client,
    destination: Destination,
    headers: HeaderMap,
}

impl Post {
    pub(super) fn new(destination: &Destination) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .user_agent(concat!("muster-collector/", env!("CARGO_PKG_VERSION")));
        if destination.endpoint.scheme() == "http" {
            // The machine's authorities need not be read for what is not encrypted.
            builder = builder.tls_certs_only([]).no_proxy();
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let authorization = destination.authorization.as_ref();
        if let Some(Ok(mut value)) = authorization.map(|secret| HeaderValue::try_from(secret.expose_secret()))
        {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(Self { client: builder.build()?, destination: destination.clone(), headers })
    }

    /// Sends a parcel once.
    pub(super) async fn send(&self, parcel: &Parcel) -> Answer {
        let Ok(body) = gzip(&parcel.body) else {
            return Answer::Never { reason: "it cannot be compressed".into() };
        };
        let address = self.destination.signal(path(parcel.signal));
        let request = self.client.post(address).headers(self.headers.clone()).body(body);
        match exchange(parcel.signal, request).await {
            Ok(answer) => answer,
            Err(error) => Answer::Later { pause: None, reason: last_cause(&error.without_url()) },
        }
    }
}

fn path(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "traces",
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
    }
}

async fn exchange(signal: Signal, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let mut response = request.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(answer::read(signal, response.status(), response.headers(), &body))
}

fn gzip(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

/// What was at the bottom of it: "Connection refused", not "error sending request".
fn last_cause(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.last().map_or_else(String::new, ToString::to_string)
}
