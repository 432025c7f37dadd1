//! A balancer before several APIs: it asks each whether it is ready, and sends requests to those that are.

use super::apart::Service;
use crate::api::Person;
use crate::program::{Program, browser};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often each API is asked.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// Spreads requests over the APIs that say that they are ready.
pub(super) struct Balancer {
    places: Arc<Mutex<Vec<Place>>>,
    turn: AtomicUsize,
    watching: Mutex<JoinSet<()>>,
}

struct Place {
    dashboard: String,
    health: String,
    ready: bool,
}

impl Balancer {
    pub(super) fn new() -> Self {
        Self { places: Arc::default(), turn: AtomicUsize::new(0), watching: Mutex::default() }
    }

    /// Asks this API from now on; it gets no requests before it has said that it is ready.
    pub(super) fn watch(&self, api: &Program) {
        let (dashboard, health) = (api.address("dashboard").to_owned(), api.address("health").to_owned());
        self.places.lock().unwrap().push(Place { dashboard, health: health.clone(), ready: false });
        let (places, http) = (Arc::clone(&self.places), browser());
        self.watching.lock().unwrap().spawn(async move {
            loop {
                let ready = Service::is_ready(&http, &health).await;
                for place in places.lock().unwrap().iter_mut().filter(|place| place.health == health) {
                    place.ready = ready;
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        });
    }

    /// The API whose turn it is; none while nobody is ready.
    pub(super) fn next(&self) -> Option<String> {
        let places = self.places.lock().unwrap();
        let ready: Vec<_> = places.iter().filter(|place| place.ready).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        (!ready.is_empty()).then(|| ready[turn % ready.len()].dashboard.clone())
    }

    /// Somebody whose next request goes to the API whose turn it is.
    pub(super) fn lead(&self, person: &Person) -> Person {
        person.clone().at(&self.next().expect("an API that is ready"))
    }
}
