//! What is signed, and where it stands in a request.

use crate::Key;
use hmac::Mac;
use http::{HeaderMap, HeaderName, HeaderValue};
use telemetry::TraceContext;

/// Milliseconds since 1970 at which the request was signed.
pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("muster-timestamp");
/// 16 random bytes in hexadecimal, used once.
pub(crate) const NONCE: HeaderName = HeaderName::from_static("muster-nonce");
/// The signature in hexadecimal, after its version.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("muster-signature");
/// W3C Trace Context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// What is signed, and how, may change: then this does.
const VERSION: &str = "v1=";

/// The parts of a request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) traceparent: &'a str,
    pub(crate) tracestate: &'a str,
    pub(crate) body: &'a [u8],
}

impl<'a> Parts<'a> {
    /// With the trace that the request carries.
    pub(crate) fn traced(self, trace: &'a TraceContext) -> Self {
        let tracestate = trace.tracestate.as_deref().unwrap_or_default();
        Self { traceparent: &trace.traceparent, tracestate, ..self }
    }

    /// A line for each part, so that none can flow into the next: no header and no path can hold a line's end.
    fn over<M: Mac>(&self, mut mac: M) -> M {
        for part in
            [VERSION, self.method, self.path, self.timestamp, self.nonce, self.traceparent, self.tracestate]
        {
            mac.update(part.as_bytes());
            mac.update(b"\n");
        }
        mac.update(self.body);
        mac
    }

    /// The headers of a signed request; a part that can't be a header is left out, and with it the signature's
    /// worth.
    pub(crate) fn headers(&self, key: &Key) -> HeaderMap {
        let signature = format!("{VERSION}{}", hex::encode(self.over(key.mac()).finalize().into_bytes()));
        let named = [
            (TIMESTAMP, self.timestamp),
            (NONCE, self.nonce),
            (SIGNATURE, &signature),
            (TRACEPARENT, self.traceparent),
            (TRACESTATE, self.tracestate),
        ];
        let filled = named.into_iter().filter(|(_, value)| !value.is_empty());
        filled.filter_map(|(name, value)| Some((name, HeaderValue::from_str(value).ok()?))).collect()
    }

    /// Whether that is their signature; takes as long for a wrong one as for a right one.
    pub(crate) fn are_signed(&self, key: &Key, signature: &str) -> bool {
        let Some(given) = signature.strip_prefix(VERSION).and_then(|digits| hex::decode(digits).ok()) else {
            return false;
        };
        self.over(key.mac()).verify_slice(&given).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Chance;

    const PARTS: Parts<'static> = Parts {
        method: "POST",
        path: "/internal/v1/hints",
        timestamp: "1000",
        nonce: "00",
        traceparent: "",
        tracestate: "",
        body: b"{}",
    };

    #[test]
    fn every_part_is_covered() {
        let key = Key::random(&Chance::seeded(1)).expect("it is long enough");
        let headers = PARTS.headers(&key);
        let signature = headers[SIGNATURE].to_str().expect("it is text");
        assert!(PARTS.are_signed(&key, signature));

        let changed = [
            Parts { method: "PUT", ..PARTS },
            Parts { path: "/internal/v1/hint", ..PARTS },
            Parts { timestamp: "1001", ..PARTS },
            Parts { nonce: "01", ..PARTS },
            Parts { traceparent: "x", ..PARTS },
            Parts { tracestate: "x", ..PARTS },
            Parts { body: b"{} ", ..PARTS },
            // What moves from one part to the next is noticed as well.
            Parts { timestamp: "100", nonce: "000", ..PARTS },
        ];
        for parts in changed {
            assert!(!parts.are_signed(&key, signature), "{parts:?}");
        }
        let other = Key::random(&Chance::seeded(2)).expect("it is long enough");
        assert!(!PARTS.are_signed(&other, signature));
        for nonsense in ["", "v1=", "v1=zz", &signature[3..], &signature[..signature.len() - 2]] {
            assert!(!PARTS.are_signed(&key, nonsense), "{nonsense}");
        }
    }
}
