//! Whom to trust and who we are, from files in PEM.

use super::environment::Environment;
use crate::{Secret, TelemetryError};

/// What TLS needs beyond the certificate authorities that everybody trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The authorities to trust instead.
    pub authorities: Option<Pem>,
    /// Who we are, for a receiver that asks.
    pub identity: Option<Identity>,
}

/// The content of a PEM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pem(Secret<Vec<u8>>);

/// A client's certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, with those that lead to an authority.
    pub certificate: Pem,
    /// Its private key.
    pub key: Pem,
}

impl Pem {
    /// Wraps what a file holds.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(Secret::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

impl Identity {
    /// Both in one text, as some clients want it.
    pub(crate) fn combined(&self) -> Vec<u8> {
        [self.key.bytes(), b"\n", self.certificate.bytes()].concat()
    }
}

impl Environment<'_> {
    pub(super) fn tls(&self, signal: &str) -> Result<Tls, TelemetryError> {
        let file = |suffix| self.pem(&self.nearest(signal, suffix));
        let authorities = file("CERTIFICATE")?;
        let (certificate, key) = (file("CLIENT_CERTIFICATE")?, file("CLIENT_KEY")?);
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (None, None) => None,
            (Some(_), None) => return Err(alone(&self.nearest(signal, "CLIENT_CERTIFICATE"), "CLIENT_KEY")),
            (None, Some(_)) => return Err(alone(&self.nearest(signal, "CLIENT_KEY"), "CLIENT_CERTIFICATE")),
        };
        Ok(Tls { authorities, identity })
    }

    fn pem(&self, variable: &str) -> Result<Option<Pem>, TelemetryError> {
        let Some(path) = self.get(variable) else { return Ok(None) };
        let bytes = std::fs::read(&path).map_err(|error| {
            TelemetryError::variable(variable, format!("\"{}\": {error}", path.escape_debug()))
        })?;
        let begins = b"-----BEGIN ";
        if bytes.windows(begins.len()).any(|window| window == begins) {
            return Ok(Some(Pem::new(bytes)));
        }
        Err(TelemetryError::variable(variable, format!("\"{}\" is no PEM file", path.escape_debug())))
    }
}

fn alone(variable: &str, other: &str) -> TelemetryError {
    TelemetryError::variable(variable, format!("it needs its {other}"))
}
