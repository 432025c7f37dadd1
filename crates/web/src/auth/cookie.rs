//! The session's cookie.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::app::WebConfig;

/// Browsers take the `__Host-` prefix only with `Secure`, for this host alone and the whole of it.
const SECURE_NAME: &str = "__Host-muster_session";
/// For plain http on loopback.
const PLAIN_NAME: &str = "muster_session";
/// 30 days; the session itself may end earlier.
const MAX_AGE_S: u32 = 30 * 24 * 60 * 60;

const fn name(secure: bool) -> &'static str {
    if secure { SECURE_NAME } else { PLAIN_NAME }
}

/// The session's token among a request's cookies.
pub(crate) fn session_token<'a>(headers: &'a HeaderMap, config: &WebConfig) -> Option<&'a str> {
    let wanted = name(config.is_secure());
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| value).next()
}

/// The header that keeps a session's token. The token is hexadecimal, so the header is always valid.
pub(crate) fn started_session(token: &str, config: &WebConfig) -> (header::HeaderName, HeaderValue) {
    set_cookie(token, MAX_AGE_S, config)
}

/// The header that forgets it.
pub(crate) fn ended_session(config: &WebConfig) -> (header::HeaderName, HeaderValue) {
    set_cookie("", 0, config)
}

fn set_cookie(value: &str, max_age_s: u32, config: &WebConfig) -> (header::HeaderName, HeaderValue) {
    let secure = config.is_secure();
    let end = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{end}", name(secure));
    (header::SET_COOKIE, HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> WebConfig {
        let public_url = url.parse().unwrap();
        WebConfig { public_url, practice_url: None, practice: None, version: String::new() }
    }

    #[test]
    fn a_session_over_tls_has_the_host_prefix() {
        let (_, cookie) = started_session("ab12", &config("https://muster.example"));
        insta::assert_snapshot!(cookie.to_str().unwrap(), @"__Host-muster_session=ab12; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure");
        let (_, cookie) = ended_session(&config("http://127.0.0.1:8080"));
        insta::assert_snapshot!(cookie.to_str().unwrap(), @"muster_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn a_plain_cookie_is_no_session_over_tls() {
        let headers =
            HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("a=b; muster_session=ab12"))]);
        assert_eq!(session_token(&headers, &config("http://localhost")), Some("ab12"));
        assert_eq!(session_token(&headers, &config("https://localhost")), None);
    }
}
