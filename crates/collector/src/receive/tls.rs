//! TLS of the doors, and who may come in by a certificate.

use std::sync::Arc;

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_rustls::TlsAcceptor;

use super::serve::Protocol;

/// Certificates in PEM form.
#[derive(Debug)]
pub struct ServerTls {
    /// The collector's own chain.
    pub certificate: String,
    /// The key to it.
    pub key: SecretString,
    /// Senders must present a certificate of one of these authorities; without them anybody may connect.
    pub senders: Option<String>,
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Not PEM, or not what was expected in it.
    #[error("a certificate or key cannot be read: {0}")]
    Unreadable(#[from] rustls::pki_types::pem::Error),
    /// They do not fit together.
    #[error("the certificates cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// The senders' authorities cannot be used.
    #[error("the senders' authorities cannot be used: {0}")]
    Authorities(#[from] rustls::server::VerifierBuilderError),
}

impl ServerTls {
    /// What speaks TLS on a listener of that protocol.
    pub(crate) fn acceptor(&self, protocol: Protocol) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.senders {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                for authority in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
                    roots.add(authority?)?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let chain =
            CertificateDer::pem_slice_iter(self.certificate.as_bytes()).collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(self.key.expose_secret().as_bytes())?;
        let mut config = builder.with_single_cert(chain, key)?;
        config.alpn_protocols = vec![protocol.alpn().to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
