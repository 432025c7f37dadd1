//! Loads in progress, so that nobody loads what somebody else is loading.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The loads in progress, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<String, Flight>>>);

#[derive(Debug)]
struct Flight {
    landing: watch::Receiver<()>,
    forgotten: Arc<AtomicBool>,
}

/// What somebody who misses a value does.
pub(crate) enum Boarding {
    /// Loads, for the others too.
    Leads(Ticket),
    /// Waits until the leader has landed.
    Follows(watch::Receiver<()>),
}

/// The right to load for others; the flight lands when it is dropped, whatever came of it.
#[derive(Debug)]
pub(crate) struct Ticket {
    flights: Flights,
    key: String,
    forgotten: Arc<AtomicBool>,
    _aloft: watch::Sender<()>,
}

impl Flights {
    pub(crate) fn board(&self, key: &str) -> Boarding {
        let mut aloft = self.aloft();
        if let Some(flight) = aloft.get(key) {
            return Boarding::Follows(flight.landing.clone());
        }
        let (sender, landing) = watch::channel(());
        let forgotten = Arc::new(AtomicBool::new(false));
        aloft.insert(key.to_owned(), Flight { landing, forgotten: Arc::clone(&forgotten) });
        Boarding::Leads(Ticket { flights: self.clone(), key: key.to_owned(), forgotten, _aloft: sender })
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

impl Ticket {
    pub(crate) fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::SeqCst)
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
