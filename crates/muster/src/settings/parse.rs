use crate::failure::Failure;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use telemetry::{LogFormat, Secret};
use url::Url;

pub(super) fn address(variable: &str, value: &str) -> Result<SocketAddr, Failure> {
    let found = value.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| {
        Failure::setting(variable, format!("{value:?} is no address; write one such as 127.0.0.1:8080"))
    })
}

pub(super) fn url(variable: &str, value: &str) -> Result<Url, Failure> {
    match Url::parse(value.trim_end_matches('/')) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        // The value may hold a password.
        _ => Err(Failure::setting(variable, "it must be an http:// or https:// address")),
    }
}

/// A token goes into a header, where only visible characters of ASCII may stand.
pub(super) fn token(variable: &str, value: &str) -> Result<Secret<String>, Failure> {
    let value = value.trim();
    if value.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Secret::new(value.to_owned()))
    } else {
        Err(Failure::setting(variable, "it has characters that no token has; copy it once more"))
    }
}

pub(super) fn log_format(variable: &str, value: &str) -> Result<LogFormat, Failure> {
    match value {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err(Failure::setting(variable, format!("{value:?} is no log format; write human or json"))),
    }
}

pub(super) fn number(variable: &str, value: &str) -> Result<NonZeroU32, Failure> {
    value.parse().map_err(|_| Failure::setting(variable, format!("{value:?} is no number from 1 on")))
}

/// An address with a password in it, which is never repeated.
pub(super) fn secret(variable: &str, value: &str, schemes: &[&str]) -> Result<Secret<String>, Failure> {
    match Url::parse(value.trim()) {
        Ok(url) if schemes.contains(&url.scheme()) => Ok(Secret::new(value.trim().to_owned())),
        _ => Err(Failure::setting(
            variable,
            format!("it must be an address that begins with {}://", schemes[0]),
        )),
    }
}
