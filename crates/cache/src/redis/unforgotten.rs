//! What was to be forgotten while Redis was away, and stands there still.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::MutexGuard as Turn;

/// How many keys are remembered; the values of those beyond live for their time.
const MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Unforgotten {
    keys: Mutex<BTreeSet<String>>,
    any: AtomicBool,
    taking: tokio::sync::Mutex<()>,
}

/// Keys to delete; until that is said to be done, everybody else waits.
pub(super) struct Overdue<'a> {
    of: &'a Unforgotten,
    keys: Vec<String>,
    _turn: Turn<'a, ()>,
}

impl Unforgotten {
    pub(super) fn add(&self, key: String) {
        let mut keys = self.keys();
        if keys.len() < MAX {
            keys.insert(key);
        }
        self.any.store(true, Ordering::SeqCst);
    }

    /// What is to be deleted before anything else is asked; almost always nothing.
    pub(super) async fn take(&self) -> Option<Overdue<'_>> {
        if !self.any.load(Ordering::SeqCst) {
            return None;
        }
        let turn = self.taking.lock().await;
        let keys: Vec<String> = self.keys().iter().cloned().collect();
        (!keys.is_empty()).then_some(Overdue { of: self, keys, _turn: turn })
    }

    fn keys(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Overdue<'_> {
    pub(super) fn as_slice(&self) -> &[String] {
        &self.keys
    }

    pub(super) fn are_gone(self) {
        let mut keys = self.of.keys();
        for key in &self.keys {
            keys.remove(key);
        }
        self.of.any.store(!keys.is_empty(), Ordering::SeqCst);
    }
}
