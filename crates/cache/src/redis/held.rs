//! What stands in a value's place, as JSON: the value, or the lease of whoever loads it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{before_now, millis};
use crate::slot::{Found, Loaded};

/// `{"loading":12}` or `{"kept":{"ttl_ms":5000,"value":…}}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Held<'a> {
    Loading(u64),
    Kept(#[serde(borrow)] Kept<'a>),
}

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    /// How old the value may get; with what Redis says is left of it, that tells how old it is.
    ttl_ms: u64,
    #[serde(borrow)]
    value: &'a RawValue,
}

pub(super) fn lease(lease: u64) -> String {
    format!(r#"{{"loading":{lease}}}"#)
}

/// `body` is JSON.
pub(super) fn kept(body: &str, ttl: Duration) -> String {
    format!(r#"{{"kept":{{"ttl_ms":{},"value":{body}}}}}"#, millis(ttl))
}

/// `left_millis` is what Redis says the value has still to live.
pub(super) fn read(body: &[u8], left_millis: i64) -> Found {
    match serde_json::from_slice(body) {
        Ok(Held::Loading(_)) => Found::Nothing,
        Ok(Held::Kept(kept)) => {
            // Redis counts whole milliseconds: rather a little older than it is.
            let age = kept.ttl_ms.saturating_sub(u64::try_from(left_millis).unwrap_or(0)) + 1;
            let since = before_now(Duration::from_millis(age));
            Found::Value(Loaded { body: kept.value.get().into(), since })
        }
        Err(_) => Found::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_can_be_read_again_and_tells_its_age() {
        let body = kept(r#"{"roles":[1,2]}"#, Duration::from_secs(5));
        insta::assert_snapshot!(body, @r#"{"kept":{"ttl_ms":5000,"value":{"roles":[1,2]}}}"#);
        let Found::Value(loaded) = read(body.as_bytes(), 4_000) else { panic!("{body}") };
        assert_eq!(&*loaded.body, r#"{"roles":[1,2]}"#);
        assert!(loaded.since.elapsed() >= Duration::from_secs(1));
    }

    #[test]
    fn a_lease_is_no_value_and_neither_is_rubbish() {
        assert!(matches!(read(lease(u64::MAX).as_bytes(), 10), Found::Nothing));
        for rubbish in ["", "null", "{}", r#"{"kept":{}}"#, "\u{0}"] {
            assert!(matches!(read(rubbish.as_bytes(), 10), Found::Unreadable), "{rubbish:?}");
        }
    }
}
