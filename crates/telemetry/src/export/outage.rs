//! Whether the receiver is away: one line when that begins, one when it ends.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use opentelemetry::Context;
use tracing::Dispatch;
use tracing::dispatcher::WeakDispatch;

use super::Kind;
use super::answer::Failure;

/// An outage of one service's export. It lasts while any signal is not taken, so that one signal that gets
/// through does not end it.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    failing: AtomicU8,
    /// Held while a line is written, so that the end is not told before the beginning.
    telling: Mutex<()>,
    listener: OnceLock<WeakDispatch>,
}

impl Outage {
    /// From here on its beginning and end are told to this dispatch.
    pub(crate) fn tell_to(&self, dispatch: &Dispatch) {
        let _ = self.listener.set(dispatch.downgrade());
    }

    pub(crate) fn is_ongoing(&self) -> bool {
        self.failing.load(Ordering::Relaxed) != 0
    }

    /// Whether a signal is not taken.
    pub(crate) fn concerns(&self, kind: Kind) -> bool {
        self.failing.load(Ordering::Relaxed) & kind.bit() != 0
    }

    /// A signal was not taken.
    pub(crate) fn failed(&self, kind: Kind, failure: &Failure) {
        if self.concerns(kind) {
            return;
        }
        let _telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        if self.failing.fetch_or(kind.bit(), Ordering::Relaxed) == 0 {
            self.tell(|| begun(kind, failure));
        }
    }

    /// A signal was taken.
    pub(crate) fn delivered(&self, kind: Kind) {
        if !self.concerns(kind) {
            return;
        }
        let _telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.failing.fetch_and(!kind.bit(), Ordering::Relaxed);
        if before == kind.bit() {
            self.tell(ended);
        }
    }

    fn tell(&self, line: impl FnOnce()) {
        if let Some(dispatch) = self.listener.get().and_then(WeakDispatch::upgrade) {
            // Everything else on this thread is suppressed.
            let _unsuppressed = Context::new().attach();
            tracing::dispatcher::with_default(&dispatch, line);
        }
    }
}

fn begun(kind: Kind, failure: &Failure) {
    tracing::warn!(
        name: "telemetry.export.interrupted", target: "telemetry",
        {
            signal = kind.as_str(),
            error.r#type = failure.error_type.as_ref(),
            reason = failure.reason.as_str(),
        },
        "The telemetry receiver does not answer as it should; what does not fit the queues is dropped."
    );
}

fn ended() {
    tracing::info!(
        name: "telemetry.export.resumed", target: "telemetry",
        "The telemetry receiver answers again."
    );
}
