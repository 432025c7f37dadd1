//! Loads in progress, so that nobody loads what somebody else of this process is loading.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::slot::Loaded;

/// The loads in progress, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<String, Landing>>>);

/// What somebody who misses a value does.
pub(crate) enum Boarding {
    /// Loads, for the others too.
    Leads(Ticket),
    /// Waits until the leader has landed.
    Follows(Landing),
}

/// Where a flight comes down.
#[derive(Clone, Debug)]
pub(crate) struct Landing(watch::Receiver<Option<Loaded>>);

/// The right to load for others; the flight ends when it is dropped, whatever came of it.
#[derive(Debug)]
pub(crate) struct Ticket {
    flights: Flights,
    key: String,
    runway: watch::Sender<Option<Loaded>>,
}

impl Flights {
    pub(crate) fn board(&self, key: &str) -> Boarding {
        let mut aloft = self.aloft();
        if let Some(landing) = aloft.get(key) {
            return Boarding::Follows(landing.clone());
        }
        let (runway, landing) = watch::channel(None);
        aloft.insert(key.to_owned(), Landing(landing));
        Boarding::Leads(Ticket { flights: self.clone(), key: key.to_owned(), runway })
    }

    fn aloft(&self) -> MutexGuard<'_, HashMap<String, Landing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Landing {
    /// What the leader has loaded; none when that failed.
    pub(crate) async fn wait(mut self) -> Option<Loaded> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

impl Ticket {
    /// Gives those who wait what was loaded.
    pub(crate) fn land(self, loaded: Loaded) {
        self.runway.send_replace(Some(loaded));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.flights.aloft().remove(&self.key);
    }
}
