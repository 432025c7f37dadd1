//! What is taken out of texts that come from elsewhere before they are recorded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};

use crate::people::People;

/// Longest error message that is recorded, in bytes.
const MESSAGE_LIMIT_BYTES: usize = 2_048;
/// Deepest chain of causes that is recorded.
const CAUSES_LIMIT: usize = 16;
const REDACTED: &str = "REDACTED";

/// A URL as `url.full` may carry it: no user, no query, no fragment, and no path segment that its template
/// calls a token (Discord puts tokens in paths). A segment that it calls a user is written as users are.
pub(crate) fn url(full: &str, template: &str, people: &People) -> String {
    let full = without_query(full);
    let (scheme, rest) = full.split_once("://").unwrap_or(("http", full));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let mut kept = String::with_capacity(full.len() + REDACTED.len());
    kept.extend([scheme, "://", host, "/"]);
    push_without_secrets(&mut kept, path, (template, people));
    kept
}

/// A path as `url.path` may carry it: no query, nothing that its route calls a token, users as they are written.
pub(crate) fn path(full: &str, route: &str, people: &People) -> String {
    let full = without_query(full);
    let mut kept = String::with_capacity(full.len());
    push_without_secrets(&mut kept, full, (route, people));
    kept
}

fn without_query(full: &str) -> &str {
    &full[..full.find(['?', '#']).unwrap_or(full.len())]
}

/// The template is matched from its end, since the server may mount it under a prefix.
fn push_without_secrets(kept: &mut String, path: &str, (template, people): (&str, &People)) {
    let is_hidden = |segment| is_secret(segment) || (people.are_hidden() && is_person(segment));
    if !template.split('/').any(is_hidden) {
        return kept.push_str(path);
    }
    let mut names = template.split('/').rev();
    let names: Vec<&str> = path.split('/').map(|_| names.next().unwrap_or_default()).collect();
    for (index, (segment, name)) in path.split('/').zip(names.iter().rev()).enumerate() {
        kept.push_str(if index == 0 { "" } else { "/" });
        kept.push_str(&match *name {
            name if is_secret(name) => Cow::Borrowed(REDACTED),
            name if is_person(name) => people.written(segment),
            _ => Cow::Borrowed(segment),
        });
    }
}

/// Whether a segment of a template is a placeholder for somebody's id.
fn is_person(segment: &str) -> bool {
    segment.starts_with('{') && segment.contains("user")
}

/// Whether a segment of a template is a placeholder for something secret.
fn is_secret(segment: &str) -> bool {
    segment.starts_with('{')
        && ["token", "secret", "code", "key"].into_iter().any(|word| segment.contains(word))
}

/// An error message without the users, paths and queries of the URLs in it, and not longer than 2 KiB.
pub(crate) fn message(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(MESSAGE_LIMIT_BYTES));
    for word in text.split_inclusive(char::is_whitespace) {
        match word.split_once("://") {
            Some((before, after)) => kept.extend([before, "://", origin(after), delimiter(after)]),
            None => kept.push_str(word),
        }
    }
    truncate(&mut kept);
    kept
}

/// Host and port. What is before them may hold a password with any character in it, and where that ends can't be
/// told when a path may have begun.
fn origin(after: &str) -> &str {
    let rest = match after.rsplit_once('@') {
        Some((before, _)) if before.ends_with('/') => return REDACTED,
        Some((_, rest)) => rest,
        None => after,
    };
    let is_of_a_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']');
    let host_end = rest.find(|c| !is_of_a_host(c) && c != ':').unwrap_or(rest.len());
    let host_end = rest[..host_end].trim_end_matches(['.', ':']).len();
    // In brackets colons belong to the address.
    let port = rest[..host_end].rfind(']').unwrap_or(0);
    match rest[port..host_end].find(':').map(|colon| port + colon) {
        Some(colon) if rest[colon + 1..host_end].bytes().all(|byte| byte.is_ascii_digit()) => {
            &rest[..host_end]
        }
        Some(colon) => &rest[..colon],
        None => &rest[..host_end],
    }
}

/// What ends a URL in a sentence.
fn delimiter(after: &str) -> &str {
    let url = after.trim_end_matches(|c: char| c.is_whitespace() || "\"'()<>.,;".contains(c));
    &after[url.len()..]
}

fn truncate(text: &mut String) {
    if text.len() > MESSAGE_LIMIT_BYTES {
        text.truncate(text.floor_char_boundary(MESSAGE_LIMIT_BYTES));
        text.push('…');
    }
}

/// The error and what caused it, a line each: what Rust has in place of a stack trace.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut lines = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next.filter(|_| lines.len() < CAUSES_LIMIT) {
        lines.push(message(&cause.to_string()));
        next = cause.source();
    }
    lines.dedup();
    lines.join("\ncaused by: ")
}

/// `{operation}.exception`, as the static text that a log record wants; there are as many as operations.
pub(crate) fn exception_event_name(operation: &'static str) -> &'static str {
    static NAMES: Mutex<BTreeMap<&'static str, &'static str>> = Mutex::new(BTreeMap::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names.entry(operation).or_insert_with(|| Box::leak(format!("{operation}.exception").into_boxed_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secret, UserIds};

    fn plain() -> People {
        People::new(&UserIds::Plain)
    }

    #[test]
    fn users_in_paths_are_written_as_users_are() {
        let hidden = People::new(&UserIds::Hashed(Secret::new("0123456789abcdef".to_owned())));
        let written = hidden.written("80351110224678912").into_owned();
        let route = "/games/{id}/participants/{user}";

        let kept = path("/api/v1/games/7/participants/80351110224678912", route, &hidden);
        assert_eq!(kept, format!("/api/v1/games/7/participants/{written}"));
        let full = "https://discord.test/api/v10/guilds/1/members/80351110224678912";
        let kept = url(full, "/guilds/{guild.id}/members/{user.id}", &hidden);
        assert_eq!(kept, format!("https://discord.test/api/v10/guilds/1/members/{written}"));
        assert_eq!(url(full, "/guilds/{guild.id}/members/{user.id}", &plain()), full);
    }

    #[test]
    fn a_url_loses_user_query_and_token() {
        let full = "https://me:pw@discord.test/api/v10/webhooks/12/tOkEn/messages/@original?wait=true#x";

        let kept = url(full, "/webhooks/{id}/{token}/messages/@original", &plain());

        assert_eq!(kept, "https://discord.test/api/v10/webhooks/12/REDACTED/messages/@original");
    }

    #[test]
    fn a_path_loses_what_its_route_calls_a_secret() {
        assert_eq!(path("/calendars/s3cret.ics?x=1", "/calendars/{token}", &plain()), "/calendars/REDACTED");
        assert_eq!(path("/join/s3cret/now", "/join/{invite_code}/now", &plain()), "/join/REDACTED/now");
        assert_eq!(path("/games/7", "/games/{id}", &plain()), "/games/7");
        assert_eq!(path("/nowhere#x", "", &plain()), "/nowhere");
    }

    #[test]
    fn a_message_keeps_only_origins() {
        let text =
            "error sending request for url (https://discord.test/webhooks/1/tOkEn?a=b) to http://me:pw@db/x";

        assert_eq!(message(text), "error sending request for url (https://discord.test) to http://db");
        assert_eq!(
            message("see <http://[::1]:80/x>, or\nhttps://a.test:443."),
            "see <http://[::1]:80>, or\nhttps://a.test:443."
        );
        assert_eq!(message("https://discord.test/users/@me"), "https://REDACTED");
    }

    #[test]
    fn a_password_is_taken_out_whatever_is_in_it() {
        for (given, kept) in [
            ("postgres://u:a(b@db/muster", "postgres://db"),
            ("amqp://u:se/cret@mq:5672", "amqp://mq:5672"),
            ("redis://u:p?q#r@cache", "redis://cache"),
            ("redis://u:a@b@cache", "redis://cache"),
            ("redis://u:\"p\"'<q>@cache is no address", "redis://cache is no address"),
            ("amqp://u:secret/@mq", "amqp://REDACTED"),
            ("invalid port in postgres://u:secret", "invalid port in postgres://u"),
        ] {
            assert_eq!(message(given), kept);
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let cut = message(&"é".repeat(2_000));

        assert_eq!(cut.chars().count(), MESSAGE_LIMIT_BYTES / 2 + 1);
    }
}
