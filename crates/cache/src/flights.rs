//! Loads in progress, so that nobody loads what somebody else of this process is loading.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::slot::Loaded;

/// The loads in progress, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<String, Flight>>>);

#[derive(Debug)]
struct Flight {
    landing: Landing,
    forgotten: Arc<AtomicBool>,
}

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
    forgotten: Arc<AtomicBool>,
    runway: watch::Sender<Option<Loaded>>,
}

impl Flights {
    pub(crate) fn board(&self, key: &str) -> Boarding {
        let mut aloft = self.aloft();
        if let Some(flight) = aloft.get(key) {
            return Boarding::Follows(flight.landing.clone());
        }
        let (runway, landing) = watch::channel(None);
        let forgotten = Arc::new(AtomicBool::new(false));
        let flight = Flight { landing: Landing(landing), forgotten: Arc::clone(&forgotten) };
        aloft.insert(key.to_owned(), flight);
        Boarding::Leads(Ticket { flights: self.clone(), key: key.to_owned(), forgotten, runway })
    }

    /// What is being loaded may be old already: nobody boards that flight any more, and its value is not
    /// kept.
    pub(crate) fn forget(&self, key: &str) {
        if let Some(flight) = self.aloft().remove(key) {
            flight.forgotten.store(true, Ordering::SeqCst);
        }
    }

    fn aloft(&self) -> MutexGuard<'_, HashMap<String, Flight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Landing {
    /// What the leader has loaded; none when that failed or may be old.
    pub(crate) async fn wait(mut self) -> Option<Loaded> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

impl Ticket {
    pub(crate) fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// Gives those who wait what was loaded, unless it is forgotten already.
    pub(crate) fn land(self, loaded: Loaded) {
        if !self.is_forgotten() {
            self.runway.send_replace(Some(loaded));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut aloft = self.flights.aloft();
        let mine = aloft.get(&self.key).is_some_and(|flight| Arc::ptr_eq(&flight.forgotten, &self.forgotten));
        if mine {
            aloft.remove(&self.key);
        }
    }
}
