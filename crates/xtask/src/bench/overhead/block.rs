use super::Size;
use super::scenario::Scenario;
use super::seed::Seed;
use super::variant::{Kind, Variant};
use crate::bench::load::{self, SplitMix, Volley, arrivals};
use crate::bench::server::Server;
use crate::bench::sink::Arrived;
use crate::failure::Failure;
use std::path::Path;
use std::time::Duration;

/// Between two bursts, so that what the first leaves to do is not in the second's way.
const PAUSE: Duration = Duration::from_millis(150);
/// One scenario at one load: all variants side by side.
pub(super) struct Block<'a> {
    pub(super) program: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) seed: &'a Seed,
    pub(super) scenario: Scenario,
    pub(super) variants: &'a [Variant],
    pub(super) size: Size,
    pub(super) load_percent: u32,
}

/// What a block has come to, over all of its rounds.
pub(super) struct Outcome {
    pub(super) scenario: Scenario,
    pub(super) load_percent: u32,
    /// What was told of each round.
    pub(super) rounds: Vec<Round>,
    /// By variant.
    pub(super) results: Vec<Results>,
}

/// The pace of a round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// Requests that one server can answer in a second.
    pub(super) capacity: f64,
    /// Requests that were due in a second.
    pub(super) rate: f64,
}

/// What one variant has come to.
pub(super) struct Results {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) bursts: Vec<Burst>,
    /// At the end of each round.
    pub(super) resident_bytes: Vec<u64>,
    /// Of all rounds together.
    pub(super) arrived: Arrived,
}

/// One burst to one server.
pub(super) struct Burst {
    pub(super) round: usize,
    /// One for each turn of all variants, counted over all rounds.
    pub(super) cycle: usize,
    /// In nanoseconds.
    pub(super) latencies: Vec<u64>,
    /// The server's CPU time per request from this burst to its next one, in nanoseconds.
    pub(super) cpu: u64,
}

impl Block<'_> {
    /// An outcome without measurements.
    pub(super) fn outcome(&self) -> Outcome {
        let results = self.variants.iter().map(|variant| Results {
            name: variant.name,
            kind: variant.kind,
            bursts: Vec::new(),
            resident_bytes: Vec::new(),
            arrived: Arrived::default(),
        });
        Outcome {
            scenario: self.scenario,
            load_percent: self.load_percent,
            rounds: Vec::new(),
            results: results.collect(),
        }
    }

    /// Starts every variant on a copy of the seed and asks them in turns.
    ///
    /// # Errors
    /// When a server doesn't start or a request fails.
    pub(super) fn run(&self, round: usize, outcome: &mut Outcome) -> Result<(), Failure> {
        let capacity = self.capacity()?;
        let rate = capacity * f64::from(self.load_percent) / 100.0;
        println!("{}: {capacity:.0} requests/s at most, {rate:.0}/s due", self.scenario.as_str());
        let servers = self.servers()?;
        let before: Vec<_> = self.variants.iter().map(Variant::arrived).collect();
        for server in &servers {
            self.volley(server, 0, arrivals(self.size.warm_up, rate, u64::MAX)).fire()?;
        }
        std::thread::sleep(self.size.drain);
        for cycle in 0..self.size.cycles {
            self.turn(&servers, (round, cycle, rate), outcome)?;
        }
        for (server, results) in servers.iter().zip(&mut outcome.results) {
            results.resident_bytes.push(server.resident_bytes()?);
        }
        at_once(servers, Server::stop)?;
        for ((variant, before), results) in self.variants.iter().zip(before).zip(&mut outcome.results) {
            let arrived = variant.arrived() - before;
            variant.check(arrived, self.size.burst * self.size.cycles)?;
            results.arrived = results.arrived + arrived;
        }
        outcome.rounds.push(Round { capacity, rate });
        Ok(())
    }

    /// Asks every server once.
    fn turn(
        &self,
        servers: &[Server],
        (round, cycle, rate): (usize, usize, f64),
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let before = cpu(servers)?;
        let due = arrivals(self.size.burst, rate, seed_of(round, cycle));
        let first = self.size.warm_up + cycle * self.size.burst;
        let mut latencies = vec![Vec::new(); servers.len()];
        for index in order(servers.len(), cycle) {
            latencies[index] = self.volley(&servers[index], first, due.clone()).fire()?;
            std::thread::sleep(PAUSE);
        }
        if cycle + 1 == self.size.cycles {
            std::thread::sleep(self.size.drain);
        }
        let used = cpu(servers)?.into_iter().zip(before).map(|(after, before)| after.saturating_sub(before));
        for ((results, latencies), cpu) in outcome.results.iter_mut().zip(latencies).zip(used) {
            let cpu = cpu.as_nanos() / u128::try_from(latencies.len().max(1)).unwrap_or(1);
            let cpu = u64::try_from(cpu).unwrap_or(u64::MAX);
            let cycle = round * self.size.cycles + cycle;
            results.bursts.push(Burst { round, cycle, latencies, cpu });
        }
        Ok(())
    }

    /// What a server without telemetry answers in a second on this machine as busy as it is now.
    fn capacity(&self) -> Result<f64, Failure> {
        let server = self.seed.server(self.program, &self.folder.join("probe"), &super::variant::off())?;
        self.volley(&server, 0, vec![Duration::ZERO; self.size.warm_up]).fire()?;
        let probe = self.volley(&server, self.size.warm_up, vec![Duration::ZERO; self.size.probe]);
        let capacity = load::capacity(&probe)?;
        server.stop()?;
        Ok(capacity)
    }

    fn servers(&self) -> Result<Vec<Server>, Failure> {
        at_once(self.variants, |variant| {
            let folder = self.folder.join(variant.name.replace(' ', "-"));
            self.seed.server(self.program, &folder, &variant.variables())
        })
    }

    fn volley(&self, server: &Server, first: usize, due: Vec<Duration>) -> Volley {
        let numbers = first..first + due.len();
        let requests = numbers.map(|number| self.scenario.request(self.seed, number)).collect();
        Volley { address: server.dashboard, requests, due, connections: load::CONNECTIONS }
    }
}

/// Does the same with each at the same time.
fn at_once<I: Send, T: Send>(
    items: impl IntoIterator<Item = I>,
    work: impl Fn(I) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = items.into_iter().map(|item| scope.spawn(move || work(item))).collect();
        let panicked = |_| Err(Failure::new("a thread panicked"));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    })
}

fn cpu(servers: &[Server]) -> Result<Vec<Duration>, Failure> {
    servers.iter().map(Server::cpu).collect()
}

/// In which order servers have their turn: by chance, and in the next cycle the other way round, so that none comes
/// more often than others after a certain one, after a rest, or late.
fn order(servers: usize, cycle: usize) -> Vec<usize> {
    let mut chance = SplitMix(u64::try_from(cycle / 2).unwrap_or(0));
    let mut order: Vec<_> = (0..servers).collect();
    for last in (1..servers).rev() {
        order.swap(last, chance.below(last + 1));
    }
    if cycle % 2 == 1 {
        order.reverse();
    }
    order
}

/// Every variant meets the same arrivals in one turn, and other ones in the next.
fn seed_of(round: usize, cycle: usize) -> u64 {
    u64::try_from(round * 1_000 + cycle).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_by_chance_and_then_the_other_way_round() {
        let orders: Vec<_> = (0..4).map(|cycle| order(5, cycle)).collect();
        for [there, back] in [[0, 1], [2, 3]] {
            assert!(orders[there].iter().eq(orders[back].iter().rev()), "{orders:?}");
        }
        let mut sorted = orders[0].clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4]);
        assert_ne!(orders[0], orders[2]);
    }
}
