//! Words that come from outside and become names: not more of them than a house of ours has.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// Names that are told apart.
const WORDS_LIMIT: usize = 256;
/// Longest name, in bytes.
const WORD_LIMIT_BYTES: usize = 100;
/// What all others are called, as the conventions do with methods.
const OTHER: &str = "_OTHER";

/// The words that have been seen.
#[derive(Debug, Default)]
pub(crate) struct Words(RwLock<HashSet<Box<str>>>);

impl Words {
    /// The word itself, or `_OTHER` when it is too long or one too many.
    pub(crate) fn bounded<'a>(&self, word: &'a str) -> &'a str {
        if word.len() > WORD_LIMIT_BYTES {
            return OTHER;
        }
        {
            let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if seen.contains(word) {
                return word;
            }
            if seen.len() >= WORDS_LIMIT {
                return OTHER;
            }
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(word.into());
        word
    }
}
