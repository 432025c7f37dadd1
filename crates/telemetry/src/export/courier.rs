//! Delivering one parcel: attempts, patience, and what became of it.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;

use super::answer::{Answer, Failure};
use super::closing::Closing;
use super::outage::Outage;
use super::transport::Transport;
use super::{Kind, Parcel};
use crate::accounts::Outcome;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A receiver that asks for more patience than that is asked again earlier.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Delivers the parcels of one signal.
#[derive(Debug)]
pub(crate) struct Courier {
    kind: Kind,
    transport: RwLock<Arc<Transport>>,
    closing: Closing,
    outage: Arc<Outage>,
    /// Until when the receiver is left alone, and why.
    pause: Mutex<Option<(Instant, Failure)>>,
    duration: OnceLock<Histogram<f64>>,
}

impl Courier {
    pub(crate) const fn closing(&self) -> &Closing {
        &self.closing
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn new(kind: Kind, transport: Transport, closing: Closing, outage: Arc<Outage>) -> Self {
        let transport = RwLock::new(Arc::new(transport));
        Self { kind, transport, closing, outage, pause: Mutex::new(None), duration: OnceLock::new() }
    }

    /// Delivers elsewhere from the next attempt on.
    pub(crate) fn redirect(&self, transport: Transport) {
        *self.transport.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(transport);
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether the last parcel was not taken.
    pub(crate) fn is_in_trouble(&self) -> bool {
        self.outage.concerns(self.kind)
    }

    /// Where durations are recorded.
    pub(crate) fn measure(&self, duration: Histogram<f64>) {
        let _ = self.duration.set(duration);
    }

    pub(crate) fn transport(&self) -> Arc<Transport> {
        Arc::clone(&self.transport.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Delivers a parcel, tries again where that makes sense, and gives up in time.
    pub(crate) async fn deliver(&self, parcel: Parcel) -> Outcome {
        let began = Instant::now();
        let outage_before = self.outage.is_ongoing();
        let deadline = began + parcel.timeout.min(self.transport().timeout());
        let result = self.attempts(&parcel, deadline, outage_before).await;
        if parcel.items > 0 {
            self.record(began, result.as_ref().err());
        }
        match result {
            Ok(rejected) => {
                self.outage.delivered(self.kind);
                Outcome::taken(parcel.items, rejected)
            }
            Err(failure) => {
                self.outage.failed(self.kind, &failure);
                Outcome::lost(parcel.items, failure.error_type)
            }
        }
    }

    /// How many items were rejected, or why none was taken.
    async fn attempts(
        &self,
        parcel: &Parcel,
        deadline: Instant,
        outage_before: bool,
    ) -> Result<u64, Failure> {
        let mut wait = FIRST_WAIT;
        loop {
            self.patience(deadline).await?;
            let transport = self.transport();
            let Some(answer) = self.closing.until(deadline, transport.send(parcel)).await else {
                return Err(Failure::new("timeout", "it does not answer in time"));
            };
            let (failure, after) = match answer {
                Answer::Taken { rejected } => return Ok(rejected),
                Answer::Never(failure) => return Err(failure),
                Answer::Later(failure, after) => (failure, after),
            };
            self.outage.failed(self.kind, &failure);
            // Who was away before the end won't be back in time.
            if self.closing.has_begun() && outage_before {
                return Err(failure);
            }
            self.pause_for(after.unwrap_or_else(|| with_jitter(wait)), failure);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Waits as long as the receiver, or prudence, asks; fails when the time does not suffice.
    async fn patience(&self, deadline: Instant) -> Result<(), Failure> {
        let pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((until, failure)) = pause.filter(|(until, _)| *until > Instant::now()) else {
            return Ok(());
        };
        if until < self.closing.or_earlier(deadline) {
            let waited = self.closing.until(deadline, tokio::time::sleep_until(until.into())).await;
            return waited.ok_or(failure);
        }
        // What can't be sent waits out its time, so that the queue isn't emptied into nothing.
        let mut closing = self.closing.clone();
        tokio::select! {
            () = tokio::time::sleep_until(deadline.into()) => {}
            () = closing.begun() => {}
        }
        Err(failure)
    }

    fn pause_for(&self, wait: Duration, failure: Failure) {
        let until = Instant::now() + wait.min(LONGEST_PAUSE);
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, failure));
    }

    fn record(&self, began: Instant, failure: Option<&Failure>) {
        let Some(duration) = self.duration.get() else { return };
        let mut attributes = self.transport().attributes(self.kind);
        attributes.extend(failure.map(|it| KeyValue::new("error.type", it.error_type.clone().into_owned())));
        duration.record(began.elapsed().as_secs_f64(), &attributes);
    }
}

/// Between half of it and all of it, so that many services don't come back at once.
fn with_jitter(wait: Duration) -> Duration {
    // Each state is seeded by chance.
    let chance = RandomState::new().hash_one(()) >> 32;
    wait / 2 + (wait / 2).mul_f64(f64::from(u32::try_from(chance).unwrap_or(0)) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn many_services_do_not_come_back_at_once() {
        let draws: BTreeSet<Duration> = (0..100).map(|_| with_jitter(FIRST_WAIT)).collect();

        assert!(draws.len() > 90, "{draws:?}");
        assert!(draws.iter().all(|wait| (FIRST_WAIT / 2..=FIRST_WAIT).contains(wait)), "{draws:?}");
    }
}
