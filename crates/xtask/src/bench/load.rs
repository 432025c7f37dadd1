//! Open-loop load: requests are due at times that are fixed before, whether or not the ones before them are
//! answered, and latency counts from the time that was fixed. A closed loop would wait with a server that
//! stalls, and so not see it.

use super::connection::Connection;
use crate::failure::{Doing, Failure};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Requests under way at most; a later one waits for its turn, and the wait counts.
pub(crate) const CONNECTIONS: usize = 32;
/// For every connection to be there before the first request is due.
const GETTING_READY: Duration = Duration::from_millis(20);

/// What to send to whom.
pub(crate) struct Volley {
    pub(crate) address: SocketAddr,
    /// As they go over the wire.
    pub(crate) requests: Vec<Vec<u8>>,
    /// When each is due, counted from the beginning; a request without a time is not sent.
    pub(crate) due: Vec<Duration>,
    /// Usually [`CONNECTIONS`]; fewer where requests come so seldom that the server would end an idle one.
    pub(crate) connections: usize,
}

impl Volley {
    /// Sends all of them and gives their latencies in nanoseconds, in no order.
    ///
    /// # Errors
    /// When one is not answered with success.
    pub(crate) fn fire(&self) -> Result<Vec<u64>, Failure> {
        let connections: Vec<_> = (0..self.connections.min(self.due.len()))
            .map(|_| Connection::open(self.address).doing("connecting to muster"))
            .collect::<Result<_, _>>()?;
        let next = AtomicUsize::new(0);
        let begin = Instant::now() + GETTING_READY;
        let parts: Result<Vec<_>, Failure> = std::thread::scope(|scope| {
            let worker = |connection| scope.spawn(|| self.work(connection, (&next, begin)));
            let workers: Vec<_> = connections.into_iter().map(worker).collect();
            let panicked = |_| Err(Failure::new("a worker panicked"));
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(panicked)).collect()
        });
        Ok(parts?.concat())
    }

    /// Takes the next request until there is none.
    fn work(
        &self,
        mut connection: Connection,
        (next, begin): (&AtomicUsize, Instant),
    ) -> Result<Vec<u64>, Failure> {
        let mut latencies = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(request), Some(due)) = (self.requests.get(index), self.due.get(index)) else {
                return Ok(latencies);
            };
            let due = begin + *due;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let answer = connection.exchange(request).doing("a request")?;
            let latency = due.elapsed();
            answer.success()?;
            latencies.push(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
        }
    }
}

/// How many are answered in a second when each connection sends its next request at once.
///
/// # Errors
/// When one is not answered with success.
pub(crate) fn capacity(volley: &Volley) -> Result<f64, Failure> {
    let began = Instant::now();
    let answered = volley.fire()?.len();
    let took = began.elapsed().saturating_sub(GETTING_READY);
    Ok(f64::from(u32::try_from(answered).unwrap_or(u32::MAX)) / took.as_secs_f64())
}

/// Times at which requests come that know nothing of each other: a Poisson process, the same for the same seed.
pub(crate) fn arrivals(count: usize, per_second: f64, seed: u64) -> Vec<Duration> {
    let mut chance = SplitMix(seed);
    let gaps = std::iter::repeat_with(|| -chance.fraction().ln() / per_second);
    let times = gaps.scan(0.0, |time, gap| {
        *time += gap;
        Some(Duration::from_secs_f64(*time))
    });
    times.take(count).collect()
}

/// Numbers that look like chance (Steele, Lea and Flood 2014).
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Above 0, and at most 1.
    fn fraction(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        (f64::from(high) + 1.0) / 4_294_967_296.0
    }

    /// Below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_come_at_their_rate_and_the_same_again() {
        let times = arrivals(10_000, 500.0, 7);
        let seconds = times.last().unwrap().as_secs_f64();
        assert!((19.0..21.0).contains(&seconds), "{seconds}");
        assert!(times.is_sorted());
        assert_eq!(times, arrivals(10_000, 500.0, 7));
        assert_ne!(times, arrivals(10_000, 500.0, 8));
    }
}
