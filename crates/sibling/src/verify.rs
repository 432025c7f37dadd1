//! Who is let in.

use crate::Key;
use crate::signature::{NONCE, Parts, SIGNATURE, TIMESTAMP, TRACEPARENT, TRACESTATE};
use clock::Clock;
use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use telemetry::TraceContext;

/// How far the time of a signature may be from ours, one way or the other.
const WINDOW: SignedDuration = SignedDuration::from_secs(30);
/// Nonces that are remembered. Only what is signed right is: a sibling would have to call a thousand times a second.
const NONCES: usize = 65_536;
const NONCE_BYTES: usize = 16;

type Nonce = [u8; NONCE_BYTES];

/// Admits requests that a sibling has signed, each once; clones remember together.
#[derive(Clone, Debug)]
pub struct Verifier {
    key: Key,
    clock: Clock,
    seen: Arc<Mutex<Seen>>,
}

/// A request, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// In capitals.
    pub method: &'a str,
    /// Without its query.
    pub path: &'a str,
    /// All of them.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// Why a request is not a sibling's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has no signature, or only a part of one.
    #[error("it is not signed")]
    Unsigned,
    /// It was signed too long ago, or by somebody whose clock is ahead.
    #[error("its time is more than 30 seconds from ours")]
    Stale,
    /// The signature is of another request or another key.
    #[error("its signature is wrong")]
    Forged,
    /// It came before.
    #[error("it was here before")]
    Replayed,
}

impl Refused {
    /// The word for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Stale => "stale",
            Self::Forged => "forged",
            Self::Replayed => "replayed",
        }
    }
}

impl Verifier {
    /// `clock` has to be the machine's wherever siblings are other processes.
    pub fn new(key: Key, clock: Clock) -> Self {
        Self { key, clock, seen: Arc::default() }
    }

    /// Whether a request says that it is signed; if not, nobody has to read its body.
    pub fn is_claimed(headers: &HeaderMap) -> bool {
        headers.contains_key(SIGNATURE)
    }

    /// Admits a request, and gives the trace that the caller is in; empty when it is in none.
    ///
    /// # Errors
    /// When it is not a sibling's, or was admitted before.
    pub fn admit(&self, request: Arrived<'_>) -> Result<TraceContext, Refused> {
        let headers = request.headers;
        let timestamp = only(headers, &TIMESTAMP).ok_or(Refused::Unsigned)?;
        let nonce = only(headers, &NONCE).ok_or(Refused::Unsigned)?;
        let signature = only(headers, &SIGNATURE).ok_or(Refused::Unsigned)?;
        let parts = Parts {
            method: request.method,
            path: request.path,
            timestamp,
            nonce,
            traceparent: only(headers, &TRACEPARENT).unwrap_or_default(),
            tracestate: only(headers, &TRACESTATE).unwrap_or_default(),
            body: request.body,
        };
        if !parts.are_signed(&self.key, signature) {
            return Err(Refused::Forged);
        }
        let now = self.clock.now();
        let signed_at = instant(timestamp).ok_or(Refused::Stale)?;
        if signed_at.duration_since(now).abs() > WINDOW {
            return Err(Refused::Stale);
        }
        let nonce = hex::decode(nonce).ok().and_then(|bytes| Nonce::try_from(bytes).ok());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.is_new(nonce.ok_or(Refused::Unsigned)?, now) {
            return Err(Refused::Replayed);
        }
        Ok(TraceContext::parse(Some(parts.traceparent), Some(parts.tracestate).filter(|it| !it.is_empty())))
    }
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn instant(millis: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis.parse().ok()?).ok()
}

/// The nonces of requests whose time may still be right.
#[derive(Debug, Default)]
struct Seen {
    nonces: HashSet<Nonce>,
    /// Until when each has to be remembered, oldest first.
    until: VecDeque<(Timestamp, Nonce)>,
}

impl Seen {
    /// Remembers a nonce; false when it was here before, or nothing more can be remembered.
    fn is_new(&mut self, nonce: Nonce, now: Timestamp) -> bool {
        while let Some((_, old)) = self.until.pop_front_if(|(until, _)| *until < now) {
            self.nonces.remove(&old);
        }
        if self.nonces.len() >= NONCES || !self.nonces.insert(nonce) {
            return false;
        }
        // A clock that is ahead by the window signs what is right for two of them.
        self.until.push_back((now + WINDOW + WINDOW, nonce));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::{Chance, PracticeClock};

    const PATH: &str = "/internal/v1/hints";
    const BODY: &[u8] = b"{}";

    fn start() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().expect("it is an instant")
    }

    /// A verifier, its clock, and a request signed for it just now.
    fn signed() -> (Verifier, PracticeClock, HeaderMap) {
        let key = Key::random(&Chance::seeded(1)).expect("it is long enough");
        let clock = PracticeClock::stopped_at(start());
        let verifier = Verifier::new(key.clone(), Clock::Practice(clock.clone()));
        let (timestamp, nonce) = (start().as_millisecond().to_string(), "00".repeat(NONCE_BYTES));
        let trace =
            TraceContext::parse(Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), None);
        let parts = Parts {
            method: "POST",
            path: PATH,
            timestamp: &timestamp,
            nonce: &nonce,
            traceparent: "",
            tracestate: "",
            body: BODY,
        };
        (verifier, clock, parts.traced(&trace).headers(&key))
    }

    fn arrived(headers: &HeaderMap) -> Arrived<'_> {
        Arrived { method: "POST", path: PATH, headers, body: BODY }
    }

    #[test]
    fn a_signed_request_is_admitted_once_with_its_trace() {
        let (verifier, clock, headers) = signed();

        let trace = verifier.admit(arrived(&headers)).expect("it is signed");
        assert_eq!(trace.traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!(verifier.clone().admit(arrived(&headers)), Err(Refused::Replayed));
        clock.advance(WINDOW);
        assert_eq!(verifier.admit(arrived(&headers)), Err(Refused::Replayed));
        clock.advance(SignedDuration::from_millis(1));
        assert_eq!(verifier.admit(arrived(&headers)), Err(Refused::Stale));
    }

    #[test]
    fn what_is_early_is_as_stale_as_what_is_late() {
        for away in [WINDOW, -WINDOW] {
            let (verifier, clock, headers) = signed();
            clock.advance(away);
            assert!(verifier.admit(arrived(&headers)).is_ok(), "{away:?} is just in time");
            let (verifier, clock, headers) = signed();
            clock.advance(away + SignedDuration::from_millis(away.signum().into()));
            assert_eq!(verifier.admit(arrived(&headers)), Err(Refused::Stale), "{away:?}");
        }
    }

    #[test]
    fn what_is_not_whole_is_unsigned_and_what_is_changed_is_forged() {
        let (verifier, _, signed) = signed();
        for missing in [TIMESTAMP, NONCE, SIGNATURE] {
            let mut headers = signed.clone();
            headers.remove(&missing);
            assert_eq!(verifier.admit(arrived(&headers)), Err(Refused::Unsigned), "{missing}");
            let mut headers = signed.clone();
            headers.append(&missing, signed[&missing].clone());
            assert_eq!(verifier.admit(arrived(&headers)), Err(Refused::Unsigned), "{missing} twice");
        }
        let mut adopted = signed.clone();
        let foreign = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        adopted.insert(TRACEPARENT, foreign.parse().expect("it is a value"));
        assert_eq!(verifier.admit(arrived(&adopted)), Err(Refused::Forged));
        let other = Arrived { body: b"[]", ..arrived(&signed) };
        assert_eq!(verifier.admit(other), Err(Refused::Forged));
        assert!(verifier.admit(arrived(&signed)).is_ok(), "nothing of that has used the nonce up");
    }

    #[test]
    fn nonces_are_forgotten_when_their_time_is_over_and_never_too_many() {
        let mut seen = Seen::default();
        let nonce = |number: usize| {
            let mut nonce = Nonce::default();
            nonce[..8].copy_from_slice(&number.to_le_bytes());
            nonce
        };
        assert!((0..NONCES).all(|number| seen.is_new(nonce(number), start())));
        assert!(!seen.is_new(nonce(NONCES), start()), "there is no place for it");
        let later = start() + WINDOW + WINDOW + SignedDuration::from_millis(1);
        assert!(seen.is_new(nonce(NONCES), later));
        assert_eq!((seen.nonces.len(), seen.until.len()), (1, 1));
    }
}
