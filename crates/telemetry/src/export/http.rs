//! OTLP over HTTP: protobuf in the body of a POST.

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use url::Url;

use super::answer::{self, Answer, Failure};
use super::{Kind, Parcel};
use crate::config::{Signal, Tls};
use crate::{TelemetryError, redact};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A receiver's answer is a few bytes; what is longer is not read.
const ANSWER_LIMIT_BYTES: usize = 65_536;
const USER_AGENT: &str = concat!("muster/", env!("CARGO_PKG_VERSION"));

/// Where one signal is posted to.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: reqwest::Client,
    address: Url,
    headers: HeaderMap,
    gzip: bool,
}

impl HttpTransport {
    pub(crate) fn new(address: Url, signal: &Signal) -> Result<Self, TelemetryError> {
        let client = client(&address, &signal.tls)
            .map_err(|error| TelemetryError::Exporter(redact::causes(&error.without_url())))?;
        let mut headers = headers(signal);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        if signal.gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(Self { client, address, headers, gzip: signal.gzip })
    }

    /// One attempt, however long it takes.
    pub(crate) async fn send(&self, parcel: &Parcel) -> Answer {
        let body = if self.gzip { compressed(&parcel.body) } else { Some(parcel.body.to_vec()) };
        let Some(body) = body else { return Answer::Never(Failure::new("gzip", "it can't be compressed")) };
        let request = self.client.post(self.address.clone()).headers(self.headers.clone()).body(body);
        match exchange(parcel.kind, request).await {
            Ok(answer) => answer,
            Err(error) => {
                let error_type = if error.is_timeout() { "timeout" } else { "connection" };
                Answer::Later(Failure::new(error_type, last_cause(&error.without_url())), None)
            }
        }
    }
}

async fn exchange(kind: Kind, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let mut response = request.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_LIMIT_BYTES {
            return Ok(Answer::Never(Failure::new("invalid_response", "its answer is too long")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(answer::of_http(kind, response.status(), response.headers(), &body))
}

fn client(address: &Url, tls: &Tls) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .user_agent(USER_AGENT)
        .pool_max_idle_per_host(1);
    if is_local(address) {
        builder = builder.no_proxy();
    }
    if address.scheme() == "http" {
        // The machine's authorities need not be read for what is not encrypted.
        builder = builder.tls_certs_only([]);
    } else if let Some(authorities) = &tls.authorities {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(authorities.bytes())?);
    }
    if let Some(identity) = &tls.identity {
        builder = builder.identity(reqwest::Identity::from_pem(&identity.combined())?);
    }
    builder.build()
}

fn is_local(address: &Url) -> bool {
    address.host_str().is_some_and(|host| host == "localhost" || host == "[::1]" || host.starts_with("127."))
}

/// The operator's headers; a value that can't be sent was refused when it was read.
pub(super) fn headers(signal: &Signal) -> HeaderMap {
    let pairs = signal.headers.iter().filter_map(|(name, value)| {
        let mut value = HeaderValue::try_from(value.expose()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name).ok()?, value))
    });
    pairs.collect()
}

fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

/// What was at the bottom of it: `Connection refused`, not `error sending request`.
pub(super) fn last_cause(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.last().map_or_else(String::new, |cause| redact::message(&cause.to_string()))
}
