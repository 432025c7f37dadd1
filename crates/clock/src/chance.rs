use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// A source of random bytes that is safe for secrets; clones share its state.
#[derive(Clone, Debug)]
pub struct Chance {
    generator: Arc<Mutex<StdRng>>,
}

impl Chance {
    /// Seeded by the operating system, for everything that runs.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn from_os() -> Result<Self, std::io::Error> {
        let generator = StdRng::try_from_rng(&mut rand::rngs::SysRng).map_err(std::io::Error::other)?;
        Ok(Self { generator: Arc::new(Mutex::new(generator)) })
    }

    /// Seeded by a number, so that a run can be repeated.
    pub fn seeded(seed: u64) -> Self {
        Self { generator: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))) }
    }

    /// A UUIDv7 (RFC 9562 §5.7) whose time part is `now`.
    pub fn uuid(&self, now: Timestamp) -> Uuid {
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.bytes()).into_uuid()
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.with(|generator| generator.fill_bytes(&mut bytes));
        bytes
    }

    /// A number below `limit`; zero when `limit` is zero.
    pub fn below(&self, limit: u64) -> u64 {
        if limit == 0 {
            return 0;
        }
        self.with(|generator| generator.random_range(0..limit))
    }

    fn with<R>(&self, draw: impl FnOnce(&mut StdRng) -> R) -> R {
        draw(&mut self.generator.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_their_time() {
        let chance = Chance::seeded(1);
        let early = chance.uuid(Timestamp::from_second(1_000).unwrap());
        let late = chance.uuid(Timestamp::from_second(1_001).unwrap());
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
    }

    #[test]
    fn a_seed_repeats_its_draws_and_the_system_does_not() {
        assert_eq!(Chance::seeded(7).bytes::<16>(), Chance::seeded(7).bytes::<16>());
        let system = Chance::from_os().unwrap();
        assert_ne!(system.bytes::<16>(), system.bytes::<16>());
    }
}
