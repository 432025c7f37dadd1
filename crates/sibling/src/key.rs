use clock::Chance;
use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use std::fmt;
use telemetry::Secret;

/// A shorter key could be guessed.
const LEAST_BYTES: usize = 32;

/// What both sides of a call know; HMAC-SHA256 (RFC 2104) with it is the signature.
#[derive(Clone)]
pub struct Key(Secret<Hmac<Sha256>>);

/// The key is too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it needs at least {LEAST_BYTES} characters that nobody can guess")]
pub struct WeakKey;

impl Key {
    /// The key of an operator.
    ///
    /// # Errors
    /// When it has fewer than 32 bytes, or is one character again and again.
    pub fn of(text: &Secret<String>) -> Result<Self, WeakKey> {
        let bytes = text.expose().as_bytes();
        let varies = bytes.windows(2).any(|pair| pair[0] != pair[1]);
        if bytes.len() < LEAST_BYTES || !varies { Err(WeakKey) } else { Self::new(bytes) }
    }

    /// A key for services that share a process: nobody else ever learns it.
    ///
    /// # Errors
    /// Never: it is long enough.
    pub fn random(chance: &Chance) -> Result<Self, WeakKey> {
        Self::new(&chance.bytes::<LEAST_BYTES>())
    }

    fn new(bytes: &[u8]) -> Result<Self, WeakKey> {
        // HMAC takes keys of any length.
        Hmac::new_from_slice(bytes).map(|mac| Self(Secret::new(mac))).map_err(|_| WeakKey)
    }

    pub(crate) fn mac(&self) -> Hmac<Sha256> {
        self.0.expose().clone()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_can_be_guessed_is_refused() {
        let of = |text: &str| Key::of(&Secret::new(text.to_owned())).is_ok();

        assert!(!of("") && !of("secret") && !of(&"x".repeat(64)));
        assert!(!of("0123456789abcdef0123456789abcde"), "31 characters");
        assert!(of("0123456789abcdef0123456789abcdef"));
    }
}
