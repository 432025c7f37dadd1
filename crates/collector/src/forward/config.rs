//! Where telemetry goes on to, and which part of it.

use std::{fmt, path::PathBuf, time::Duration};

use base64::Engine as _;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// An OTLP/HTTP endpoint and what it wants to see.
#[derive(Clone)]
pub struct Destination {
    /// Without `/v1/traces` and the like, which are appended.
    pub(super) endpoint: Url,
    pub(super) authorization: Option<SecretString>,
}

/// Why an address cannot be forwarded to.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// Not a URL.
    #[error("{0}")]
    NotAnAddress(#[from] url::ParseError),
    /// Neither http nor https.
    #[error("the scheme is neither http nor https")]
    WrongScheme,
    /// User and password in the address would be shown wherever the address is.
    #[error("the address holds a user or a password: give them separately")]
    HoldsSecret,
}

impl Destination {
    /// An endpoint that takes from anybody, such as a collector on this machine.
    pub fn open(endpoint: &str) -> Result<Self, DestinationError> {
        let endpoint = Url::parse(endpoint)?;
        if !matches!(endpoint.scheme(), "http" | "https") {
            return Err(DestinationError::WrongScheme);
        }
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(DestinationError::HoldsSecret);
        }
        Ok(Self { endpoint, authorization: None })
    }

    /// An endpoint that wants a user and a password: Grafana Cloud's OTLP gateway with the stack's instance id and a
    /// token of an access policy.
    pub fn basic(endpoint: &str, user: &str, password: &SecretString) -> Result<Self, DestinationError> {
        let pair = format!("{user}:{}", password.expose_secret());
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        Ok(Self { authorization: Some(format!("Basic {encoded}").into()), ..Self::open(endpoint)? })
    }

    /// The address of one signal.
    pub(super) fn signal(&self, name: &str) -> String {
        format!("{}/v1/{name}", self.endpoint.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.endpoint)
    }
}

/// Which traces go on. Errors always do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Traces with a span that took at least so long go on.
    pub slow: Duration,
    /// Of the rest, this share goes on (0 to 1), chosen by the trace's id.
    pub share: f64,
}

impl Default for Sampling {
    /// Slower than half a second, and every tenth of the rest.
    fn default() -> Self {
        Self { slow: Duration::from_millis(500), share: 0.1 }
    }
}

/// How fast the queue turns.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A segment is closed after so long. A trace has once or twice this time to show an error before it is sampled.
    pub segment: Duration,
    /// RED metrics are written so often.
    pub red: Duration,
    /// The first pause after a failure; each further one doubles.
    pub first_pause: Duration,
    /// The longest pause, unless the other side asks for a longer one.
    pub longest_pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            segment: Duration::from_secs(5),
            red: Duration::from_mins(1),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// What forwarding needs.
#[derive(Clone, Debug)]
pub struct ForwardConfig {
    /// Where to.
    pub destination: Destination,
    /// The folder of the queue; made if it is not there.
    pub folder: PathBuf,
    /// The queue's cap; the oldest segments are dropped beyond it, and counted.
    pub max_bytes: u64,
    /// Which traces.
    pub sampling: Sampling,
    /// How fast.
    pub pace: Pace,
}

impl ForwardConfig {
    /// The cap on the queue unless configured otherwise: 256 MiB.
    pub const DEFAULT_MAX_BYTES: u64 = 256 << 20;

    /// With everything else as it usually is.
    pub fn new(destination: Destination, folder: PathBuf) -> Self {
        Self {
            destination,
            folder,
            max_bytes: Self::DEFAULT_MAX_BYTES,
            sampling: Sampling::default(),
            pace: Pace::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_addressed_signal_by_signal_and_keeps_its_secret() {
        let token = SecretString::from("glc_secret");
        let gateway = Destination::basic("https://otlp.example/otlp/", "1234", &token).unwrap();
        assert_eq!(gateway.signal("traces"), "https://otlp.example/otlp/v1/traces");
        assert_eq!(format!("{gateway:?}"), "https://otlp.example/otlp/");
        let header = gateway.authorization.unwrap();
        assert_eq!(header.expose_secret(), "Basic MTIzNDpnbGNfc2VjcmV0");
        assert!(Destination::open("https://me:secret@otlp.example").is_err());
        assert!(Destination::open("ftp://otlp.example").is_err());
    }
}
