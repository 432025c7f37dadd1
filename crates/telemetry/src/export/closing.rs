//! The end: from some moment on there is a deadline for everything.

use std::future::Future;
use std::time::Instant;

use tokio::sync::watch;

/// Knows whether the end has been announced, and when it will be.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    deadline: watch::Receiver<Option<Instant>>,
}

/// Announces the end.
#[derive(Debug)]
pub(crate) struct Close(watch::Sender<Option<Instant>>);

impl Close {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    pub(crate) fn watch(&self) -> Closing {
        Closing { deadline: self.0.subscribe() }
    }

    /// The first announcement counts.
    pub(crate) fn announce(&self, deadline: Instant) {
        self.0.send_if_modified(|announced| {
            let first = announced.is_none();
            announced.get_or_insert(deadline);
            first
        });
    }
}

impl Closing {
    /// Whether the end has been announced.
    pub(crate) fn has_begun(&self) -> bool {
        self.deadline.borrow().is_some() || self.deadline.has_changed().is_err()
    }

    /// Whether the end has come.
    pub(crate) fn is_over(&self) -> bool {
        let deadline = *self.deadline.borrow();
        deadline.is_some_and(|end| end <= Instant::now()) || self.deadline.has_changed().is_err()
    }

    /// Waits until the end is announced; whoever could announce it and is gone has done so.
    pub(crate) async fn begun(&mut self) {
        let _ = self.deadline.wait_for(Option::is_some).await;
    }

    /// The earlier of a moment and the end, if that has been announced.
    pub(crate) fn or_earlier(&self, moment: Instant) -> Instant {
        match *self.deadline.borrow() {
            Some(end) => end.min(moment),
            None if self.deadline.has_changed().is_err() => Instant::now(),
            None => moment,
        }
    }

    /// Does `work`, but not past `moment` nor past the end, even when that is announced meanwhile.
    pub(crate) async fn until<F: Future>(&self, moment: Instant, work: F) -> Option<F::Output> {
        let mut closing = self.clone();
        let over = async {
            let sleep = |until: Instant| tokio::time::sleep_until(until.into());
            tokio::select! {
                () = sleep(moment) => {}
                () = closing.begun() => sleep(closing.or_earlier(moment)).await,
            }
        };
        tokio::select! {
            output = work => Some(output),
            () = over => None,
        }
    }
}
