//! So many in any stretch of time, by all processes together: what nobody but us counts.
//!
//! Where nothing is shared, this process counts for itself. Where Redis is shared, it counts, by its own time; while it
//! gives no answer, each process takes what is safe for five, and none at all until whatever the others may have taken
//! before is past. Each process says what it has taken whenever it asks, so that Redis learns of what was taken without
//! it; and whoever finds that Redis has forgotten everything lets nobody take anything for a stretch.

mod shared;
mod taken;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::Chance;
use telemetry::Telemetry;
use tokio::time::Instant;

use crate::redis::link::Link;
use shared::Shared;
use taken::Taken;

/// Processes for whom it is safe what each takes without being counted.
const PROCESSES: u32 = 5;
/// How much longer a place is taken that is never settled: a call takes no longer.
const UNSETTLED: Duration = Duration::from_secs(30);
/// Windows kept before those in which nothing is taken are forgotten.
const KEPT: usize = 1_024;

/// How many may be taken.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// So many.
    pub max: u32,
    /// In any stretch of time that is so long.
    pub window: Duration,
}

impl Allowance {
    /// While nobody counts for all.
    fn alone(self) -> Self {
        Self { max: self.max / PROCESSES, ..self }
    }

    /// How soon it is asked again whether somebody counts for all.
    fn ask_again(self) -> Duration {
        self.window / 12
    }
}

/// A place that was taken; it counts until a window after it was settled, since nobody knows before when what it was
/// taken for has happened.
#[derive(Debug)]
pub struct Place {
    about: u64,
    number: u64,
}

/// What a process tells when it asks.
struct Known {
    /// For how long each place is still taken that it has.
    places: Vec<(u64, Duration)>,
    /// Whether it has been on its own for so long that it, and others, may have taken places without being counted.
    was_alone: bool,
}

/// Windows of one kind, one for each thing that they are about; clones are the same.
#[derive(Clone, Debug)]
pub struct Windows(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    allowance: Allowance,
    reach: Reach,
    own: Mutex<Own>,
}

/// Whose places are counted.
#[derive(Debug)]
enum Reach {
    /// Those of this process, which is the only one.
    ThisProcess,
    /// Those of all processes.
    AllProcesses(Box<Shared>),
}

/// What this process knows.
#[derive(Debug, Default)]
struct Own {
    windows: HashMap<u64, Taken>,
    places: u64,
    alone: Option<Alone>,
}

/// Nobody counts for all: what others took before is past a window later.
#[derive(Clone, Copy, Debug)]
struct Alone {
    since: Instant,
    /// When that was found again; much later it may have been otherwise in between.
    last: Instant,
}

impl Windows {
    pub(crate) fn of_this_process(allowance: Allowance) -> Self {
        Self::reaching(allowance, Reach::ThisProcess)
    }

    pub(crate) fn of_all(link: Arc<Link>, chance: &Chance, (name, allowance): (&str, Allowance)) -> Self {
        Self::reaching(allowance, Reach::AllProcesses(Box::new(Shared::new(link, chance, name))))
    }

    fn reaching(allowance: Allowance, reach: Reach) -> Self {
        Self(Arc::new(Inner { allowance, reach, own: Mutex::default() }))
    }

    /// Takes a place in the window about something, which is to be settled.
    ///
    /// # Errors
    /// There is none; how soon it is worth asking again.
    pub async fn take(&self, telemetry: &Telemetry, about: u64) -> Result<Place, Duration> {
        let allowance = self.0.allowance;
        let Reach::AllProcesses(shared) = &self.0.reach else {
            return self.own().take(about, allowance, Instant::now());
        };
        // Also where Redis has forgotten it.
        self.own().window(about).open(Instant::now())?;
        let (place, known) = self.own().next(about, allowance, Instant::now());
        if let Ok(pause) = shared.take(telemetry, (&place, allowance), known).await {
            return self.own().hear(place, pause, allowance);
        }
        telemetry.metrics().cache_request("limiter", "error");
        let taken = self.own().take_alone(about, allowance, Instant::now());
        taken.map_err(|pause| pause.min(allowance.ask_again()))
    }

    /// Tells that what a place was taken for is over.
    pub async fn settle(&self, telemetry: &Telemetry, place: Place) {
        let window = self.0.allowance.window;
        self.own().window(place.about).settle(place.number, Instant::now() + window);
        if let Reach::AllProcesses(shared) = &self.0.reach {
            shared.settle(telemetry, &place, window).await;
        }
    }

    /// Lets nobody take a place in the window about something for a while.
    pub async fn close(&self, telemetry: &Telemetry, about: u64, pause: Duration) {
        self.own().window(about).close(Instant::now() + pause);
        if let Reach::AllProcesses(shared) = &self.0.reach {
            shared.close(telemetry, about, pause).await;
        }
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.0.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    fn window(&mut self, about: u64) -> &mut Taken {
        self.windows.entry(about).or_default()
    }

    /// A place to ask for, and what to tell.
    fn next(&mut self, about: u64, allowance: Allowance, now: Instant) -> (Place, Known) {
        let was_alone = self.alone.is_some_and(|alone| alone.since + allowance.window <= now);
        let places = self.window(about).left(now);
        (self.place(about, now), Known { places, was_alone })
    }

    fn place(&mut self, about: u64, now: Instant) -> Place {
        if self.windows.len() > KEPT {
            self.windows.retain(|_, taken| !taken.is_idle(now));
        }
        self.places += 1;
        Place { about, number: self.places }
    }

    /// Takes a place by what this process knows.
    fn take(&mut self, about: u64, allowance: Allowance, now: Instant) -> Result<Place, Duration> {
        self.window(about).room(allowance, now)?;
        let place = self.place(about, now);
        self.window(about).add(place.number, now + allowance.window + UNSETTLED);
        Ok(place)
    }

    fn take_alone(&mut self, about: u64, allowance: Allowance, now: Instant) -> Result<Place, Duration> {
        let still = self.alone.filter(|alone| alone.last + allowance.window > now);
        let since = still.map_or(now, |alone| alone.since);
        self.alone = Some(Alone { since, last: now });
        if since + allowance.window > now {
            return Err(since + allowance.window - now);
        }
        self.take(about, allowance.alone(), now)
    }

    /// What was said where all are counted.
    fn hear(
        &mut self,
        place: Place,
        pause: Option<Duration>,
        allowance: Allowance,
    ) -> Result<Place, Duration> {
        self.alone = None;
        if let Some(pause) = pause {
            return Err(pause);
        }
        self.window(place.about).add(place.number, Instant::now() + allowance.window + UNSETTLED);
        Ok(place)
    }
}
