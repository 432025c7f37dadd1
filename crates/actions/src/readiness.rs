//! Whether a process can do its work, as its loops and connections say themselves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Named checks; clones share them. Without a check it is ready.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    checks: Arc<Mutex<BTreeMap<&'static str, Check>>>,
}

#[derive(Clone, Debug)]
enum Check {
    /// A loop that has to turn at least this often; by the machine's steady clock, since a practice clock may stand.
    Loop { last_turn: Instant, at_least_every: Duration },
    /// Something that works or doesn't, with what is wrong.
    State(Result<(), String>),
    /// Something that doesn't work and without which the work is done all the same, with what is wrong.
    Hampered(String),
}

/// Says that a loop turns.
#[derive(Clone, Debug)]
pub struct Turns {
    readiness: Readiness,
    name: &'static str,
    at_least_every: Duration,
}

/// Says whether something works.
#[derive(Clone, Debug)]
pub struct Gate {
    readiness: Readiness,
    name: &'static str,
}

impl Readiness {
    /// Adds a loop; not ready once it has not turned for `at_least_every`.
    pub fn watch_loop(&self, name: &'static str, at_least_every: Duration) -> Turns {
        let turns = Turns { readiness: self.clone(), name, at_least_every };
        turns.turned();
        turns
    }

    /// Adds something that works or doesn't; it doesn't until it is said to.
    pub fn gate(&self, name: &'static str) -> Gate {
        let gate = Gate { readiness: self.clone(), name };
        gate.close("It has not started yet.");
        gate
    }

    /// Every check with what stands in the way of the work, by name.
    pub fn report(&self) -> Vec<(&'static str, Result<(), String>)> {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.iter().map(|(name, check)| (*name, check.result(Instant::now()))).collect()
    }

    /// What is wrong and doesn't stand in the way of the work, by name.
    pub fn warnings(&self) -> Vec<(&'static str, String)> {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let hampered = checks.iter().filter_map(|(name, check)| match check {
            Check::Hampered(why) => Some((*name, why.clone())),
            Check::Loop { .. } | Check::State(_) => None,
        });
        hampered.collect()
    }

    /// Whether every check is well.
    pub fn is_ready(&self) -> bool {
        self.report().iter().all(|(_, result)| result.is_ok())
    }

    fn set(&self, name: &'static str, check: Check) {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).insert(name, check);
    }
}

impl Check {
    fn result(&self, now: Instant) -> Result<(), String> {
        match self {
            Self::State(result) => result.clone(),
            Self::Hampered(_) => Ok(()),
            Self::Loop { last_turn, at_least_every } => {
                let age = now.saturating_duration_since(*last_turn);
                if age <= *at_least_every {
                    return Ok(());
                }
                Err(format!(
                    "It last turned {} s ago and should every {} s.",
                    age.as_secs(),
                    at_least_every.as_secs()
                ))
            }
        }
    }
}

impl Turns {
    /// The loop has turned.
    pub fn turned(&self) {
        let check = Check::Loop { last_turn: Instant::now(), at_least_every: self.at_least_every };
        self.readiness.set(self.name, check);
    }
}

impl Gate {
    /// It works.
    pub fn open(&self) {
        self.readiness.set(self.name, Check::State(Ok(())));
    }

    /// It doesn't, but the work is done without it: why, in a sentence that may be shown to anybody.
    pub fn hamper(&self, why: impl Into<String>) {
        self.readiness.set(self.name, Check::Hampered(why.into()));
    }

    /// It doesn't, and why: a sentence that may be shown to anybody.
    pub fn close(&self, why: impl Into<String>) {
        self.readiness.set(self.name, Check::State(Err(why.into())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_closed_until_it_is_opened() {
        let readiness = Readiness::default();
        assert!(readiness.is_ready());
        let database = readiness.gate("database");
        assert!(!readiness.is_ready());
        database.open();
        assert!(readiness.is_ready());
        database.close("The file is gone.");
        assert_eq!(readiness.report(), [("database", Err("The file is gone.".to_owned()))]);
    }

    #[test]
    fn what_hampers_is_told_and_stops_nothing() {
        let readiness = Readiness::default();
        let bus = readiness.gate("bus");
        bus.hamper("It is away.");
        assert!(readiness.is_ready());
        assert_eq!(readiness.report(), [("bus", Ok(()))]);
        assert_eq!(readiness.warnings(), [("bus", "It is away.".to_owned())]);
        bus.open();
        assert_eq!(readiness.warnings(), []);
    }

    #[test]
    fn a_loop_that_stands_still_is_not_ready() {
        let readiness = Readiness::default();
        let relay = readiness.watch_loop("relay", Duration::ZERO);
        let checks = readiness.checks.lock().unwrap().clone();
        let late = Instant::now() + Duration::from_secs(7);
        assert!(checks["relay"].result(late).unwrap_err().ends_with("should every 0 s."));
        drop(relay);

        let scheduler = readiness.watch_loop("scheduler", Duration::from_mins(1));
        scheduler.turned();
        assert_eq!(readiness.report().last(), Some(&("scheduler", Ok(()))));
    }
}
