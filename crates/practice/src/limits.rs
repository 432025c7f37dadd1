//! Rate limits: a bucket per route and top-level resource, and 50 requests a second in all
//! (topics, "Rate Limits").
//!
//! Windows are measured by the machine's monotonic clock, not by the practice clock: a client waits in real
//! time, and a practice clock may stand still.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

const GLOBAL: Rule = Rule { limit: 50, window: Duration::from_secs(1) };
const DEFAULT: Rule = Rule { limit: 50, window: Duration::from_secs(1) };
/// Buckets kept before those that ran out are forgotten.
const BUCKETS_BEFORE_SWEEP: usize = 1_000;

/// So many requests in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    limit: u32,
    window: Duration,
}

/// The rule of a route. Discord publishes none of these numbers and asks clients to read the headers; they are
/// of the size that is seen there.
fn rule(method: &Method, template: &str) -> Rule {
    let every = |limit, seconds| Rule { limit, window: Duration::from_secs(seconds) };
    match (method.as_str(), template) {
        ("POST", "/channels/{channel}/messages" | "/channels/{channel}/typing")
        | ("PATCH" | "DELETE", "/channels/{channel}/messages/{message}") => every(5, 5),
        ("POST", "/users/@me/channels") => every(10, 10),
        ("PUT" | "POST" | "PATCH" | "DELETE", path) if path.starts_with("/applications/") => every(20, 20),
        (_, path) if path.starts_with("/webhooks/") => every(5, 2),
        _ => DEFAULT,
    }
}

/// A request as limits see it.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// The path with placeholders, without `/api/v10`.
    pub(crate) template: String,
    /// The top-level resource: a channel, a guild, or a webhook with its token.
    pub(crate) major: String,
}

impl Route {
    /// Whether it answers an interaction, which no global limit and (for callbacks) no bucket holds back.
    fn is_interaction(&self) -> bool {
        self.template.starts_with("/interactions/") || self.template.starts_with("/webhooks/")
    }
}

/// How a bucket stands after a request.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    limit: u32,
    remaining: u32,
    reset_after: Duration,
    bucket: String,
}

/// What limits say to a request.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// No limit applies.
    Free,
    /// It may pass.
    Passed(Standing),
    /// Its bucket is empty.
    Exceeded(Standing),
    /// The global limit is reached.
    Global { retry_after: Duration },
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends: Instant,
    used: u32,
}

impl Window {
    /// Counts one request; false when there is no room.
    fn take(&mut self, rule: Rule, now: Instant) -> bool {
        if now >= self.ends {
            *self = Self { ends: now + rule.window, used: 0 };
        }
        let room = self.used < rule.limit;
        self.used += u32::from(room);
        room
    }
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Limits {
    enforced: bool,
    buckets: HashMap<(String, String), Window>,
    global: Option<Window>,
}

impl Limits {
    /// With `enforced` off every request passes and carries no headers.
    pub(crate) fn new(enforced: bool) -> Self {
        Self { enforced, buckets: HashMap::new(), global: None }
    }

    /// Counts a request.
    pub(crate) fn check(&mut self, route: &Route, now: Instant) -> Verdict {
        if !self.enforced || route.template.starts_with("/interactions/") {
            return Verdict::Free;
        }
        if !route.is_interaction() {
            let global = self.global.get_or_insert(Window { ends: now, used: 0 });
            if !global.take(GLOBAL, now) {
                return Verdict::Global { retry_after: global.ends - now };
            }
        }
        if self.buckets.len() > BUCKETS_BEFORE_SWEEP {
            self.buckets.retain(|_, window| window.ends > now);
        }
        let rule = rule(&route.method, &route.template);
        let bucket = bucket_name(route);
        let window = self.buckets.entry((bucket.clone(), route.major.clone()));
        let window = window.or_insert(Window { ends: now, used: 0 });
        let passed = window.take(rule, now);
        let (remaining, reset_after) = (rule.limit - window.used, window.ends - now);
        let standing = Standing { limit: rule.limit, remaining, reset_after, bucket };
        if passed { Verdict::Passed(standing) } else { Verdict::Exceeded(standing) }
    }
}

/// The bucket's name: the same for a route whatever its resource (a hash, as Discord's is).
fn bucket_name(route: &Route) -> String {
    let text = format!("{} {}", route.method, route.template);
    // FNV-1a: short, steady between runs, and nothing secret is in it.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hex::encode(hash.to_be_bytes())
}

impl Standing {
    /// Seconds until the bucket is full again.
    pub(crate) fn retry_after(&self) -> Duration {
        self.reset_after
    }

    /// Discord's rate limit headers.
    pub(crate) fn write(&self, headers: &mut HeaderMap, now: Timestamp) {
        let reset = now.as_duration().as_secs_f64() + self.reset_after.as_secs_f64();
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        put("x-ratelimit-limit", &self.limit.to_string());
        put("x-ratelimit-remaining", &self.remaining.to_string());
        put("x-ratelimit-reset", &format!("{reset:.3}"));
        put("x-ratelimit-reset-after", &format!("{:.3}", self.reset_after.as_secs_f64()));
        put("x-ratelimit-bucket", &self.bucket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(channel: &str) -> Route {
        let template = "/channels/{channel}/messages".to_owned();
        Route { method: Method::POST, template, major: channel.to_owned() }
    }

    #[test]
    fn a_sixth_message_to_one_channel_waits_for_the_window_and_another_channel_does_not() {
        let mut limits = Limits::new(true);
        let now = Instant::now();
        for _ in 0..5 {
            assert!(matches!(limits.check(&post("1"), now), Verdict::Passed(_)));
        }
        assert!(matches!(limits.check(&post("1"), now), Verdict::Exceeded(_)));
        assert!(matches!(limits.check(&post("2"), now), Verdict::Passed(_)));
        assert!(matches!(limits.check(&post("1"), now + Duration::from_secs(5)), Verdict::Passed(_)));
    }

    #[test]
    fn the_fifty_first_request_of_a_second_is_one_too_many() {
        let mut limits = Limits::new(true);
        let now = Instant::now();
        for channel in 0..50 {
            assert!(matches!(limits.check(&post(&channel.to_string()), now), Verdict::Passed(_)));
        }
        assert!(matches!(limits.check(&post("x"), now), Verdict::Global { .. }));
        let callback = Route {
            method: Method::POST,
            template: "/interactions/{interaction}/{token}/callback".to_owned(),
            major: String::new(),
        };
        assert!(matches!(limits.check(&callback, now), Verdict::Free));
    }
}
