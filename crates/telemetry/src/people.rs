//! How the people that telemetry is about are written: by id, or by its keyed hash; never by name.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::UserIds;

/// Bytes of the hash that are kept: enough that no two people of one deployment meet.
const HASH_BYTES: usize = 16;

/// Writes ids of people as the operator wants them.
#[derive(Clone)]
pub(crate) struct People {
    keyed: Option<Hmac<Sha256>>,
}

impl People {
    pub(crate) fn new(user_ids: &UserIds) -> Self {
        let keyed = match user_ids {
            UserIds::Plain => None,
            // HMAC takes keys of any length.
            UserIds::Hashed(key) => Hmac::new_from_slice(key.expose().as_bytes()).ok(),
        };
        Self { keyed }
    }

    /// An id as it may be recorded.
    pub(crate) fn written<'a>(&self, id: &'a str) -> Cow<'a, str> {
        let Some(keyed) = &self.keyed else { return Cow::Borrowed(id) };
        let mut mac = keyed.clone();
        mac.update(id.as_bytes());
        let hash = mac.finalize().into_bytes();
        let mut text = String::with_capacity(2 * HASH_BYTES);
        for byte in hash.iter().take(HASH_BYTES) {
            let _ = write!(text, "{byte:02x}");
        }
        Cow::Owned(text)
    }

    /// Whether ids are written as hashes.
    pub(crate) const fn are_hidden(&self) -> bool {
        self.keyed.is_some()
    }

    /// Whether a field of a log record holds an id that has to be hidden.
    pub(crate) fn are_named_by(&self, field: &str) -> bool {
        self.keyed.is_some() && matches!(field, "user.id" | "user_id")
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.keyed.is_some() { "People(hashed)" } else { "People(plain)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn hashed(key: &str) -> People {
        People::new(&UserIds::Hashed(Secret::new(key.to_owned())))
    }

    #[test]
    fn a_hash_is_the_same_for_the_same_key_and_tells_nothing_without_it() {
        let written = hashed("a key of one deployment").written("80351110224678912").into_owned();

        assert_eq!(written.len(), 32);
        assert_eq!(written, hashed("a key of one deployment").written("80351110224678912"));
        assert_ne!(written, hashed("a key of another one").written("80351110224678912"));
        assert_ne!(written, hashed("a key of one deployment").written("80351110224678913"));
    }

    #[test]
    fn a_hash_is_hmac_sha_256() {
        // RFC 4231, test case 2.
        assert_eq!(
            hashed("Jefe").written("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c7"
        );
    }

    #[test]
    fn plain_ids_stay_as_they_are() {
        let people = People::new(&UserIds::Plain);

        assert_eq!(people.written("7"), "7");
        assert!(!people.are_named_by("user.id"));
    }
}
