//! The mark by which Discord and we tell one delivery from another.

use sha2::{Digest, Sha256};
use std::fmt;

/// Characters of a nonce; Discord takes up to 25.
const NONCE_CHARS: usize = 24;

/// The nonce of a delivery: 24 characters of a hash of its key, so that every attempt has the same one.
pub fn nonce(key: &str) -> String {
    let mut hash = hex::encode(Sha256::digest(key));
    hash.truncate(NONCE_CHARS);
    hash
}

/// A delivery's nonce as it stands in the custom ids of its message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marker(String);

impl Marker {
    /// The marker of the delivery with this key; the same characters as its nonce.
    pub fn of(key: &str) -> Self {
        Self(nonce(key))
    }

    /// Reads a marker; none when the text can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (text.len() == NONCE_CHARS && is_hex).then(|| Self(text.to_owned()))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_belongs_to_its_key() {
        assert_eq!(nonce("reminder/1/60/42"), nonce("reminder/1/60/42"));
        assert_ne!(nonce("reminder/1/60/42"), nonce("reminder/1/60/43"));
        assert_eq!(nonce("").len(), 24);
        assert_eq!(Marker::parse(&nonce("a")), Some(Marker::of("a")));
    }
}
