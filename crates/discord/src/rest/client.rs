//! The HTTP client underneath.

use super::RestConfigError;
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use std::sync::Arc;
use std::time::Duration;
use telemetry::Secret;

/// Discord refuses clients that don't say who they are ("User Agent").
const USER_AGENT: &str = concat!("DiscordBot (muster, ", env!("CARGO_PKG_VERSION"), ")");

/// Builds the HTTP client: who we are, and the token, stand in every request.
pub(super) fn build(token: &Secret<String>) -> Result<Client, RestConfigError> {
    let mut authorization =
        HeaderValue::from_str(&format!("Bot {}", token.expose())).map_err(|_| RestConfigError::Token)?;
    authorization.set_sensitive(true);
    Client::builder()
        .user_agent(USER_AGENT)
        .default_headers([(AUTHORIZATION, authorization)].into_iter().collect())
        .tls_backend_preconfigured(tls().map_err(RestConfigError::Tls)?)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(Duration::from_mins(1))
        .build()
        .map_err(RestConfigError::Client)
}

/// Certificates that come with the program, so that a bare container needs none, and ring whatever else is
/// linked in.
fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
