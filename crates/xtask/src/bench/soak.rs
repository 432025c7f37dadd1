//! `cargo xtask bench soak`: what becomes of a program that works for an hour.

use super::figures::Figures;
use super::load::{Volley, arrivals};
use super::overhead::{Scenario, Seed};
use super::server::Server;
use super::table::{Bar, Wanted, conclude};
use super::{connection::request, machine};
use crate::failure::Failure;
use crate::workspace;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Games that are there before; joining gives each of eight people a place in each of them once.
const GAMES: usize = 400;
/// Requests are sent in portions of so long; after each the memory is looked at.
const PORTION: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 4;
/// What is asked for, in turns: most look, some join, a few edit, and now and then there is a new game.
const MIX: [Scenario; 20] = [
    Scenario::List,
    Scenario::Query,
    Scenario::Join,
    Scenario::List,
    Scenario::Query,
    Scenario::List,
    Scenario::Query,
    Scenario::Publish,
    Scenario::List,
    Scenario::Query,
    Scenario::List,
    Scenario::Query,
    Scenario::Join,
    Scenario::List,
    Scenario::Query,
    Scenario::List,
    Scenario::Query,
    Scenario::Create,
    Scenario::List,
    Scenario::Query,
];
/// Asked for after each portion, as an operator who keeps them open.
const PAGES: [&str; 4] = ["/observatory", "/observatory/traces", "/observatory/games", "/observatory/health"];

const WANTED: [Wanted; 2] = [
    Wanted {
        name: "most memory in MB",
        what: "the most memory, all four services, collector and practice Discord together",
        unit: "MB",
        digits: 1,
        bar: Bar::AtMost(150.0),
    },
    Wanted {
        name: "growth of memory",
        what: "its memory in the last quarter of the time ÷ in the second",
        unit: "",
        digits: 2,
        bar: Bar::AtMost(1.1),
    },
];

/// What becomes of `muster up` under a small load for an hour: its memory, and whether every request is answered.
///
/// The practice Discord answers, telemetry is on and kept, pages are looked at. Exits with 1 when a bar is missed.
#[derive(clap::Args)]
pub(crate) struct Soak {
    /// Measure this binary instead of building one.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// For so long.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// Requests in a second.
    #[arg(long, default_value_t = 10)]
    rate: u32,
    /// Where the raw data goes [default: a folder below target/]
    #[arg(long)]
    output: Option<PathBuf>,
}

impl Soak {
    /// Builds, works, prints a table.
    ///
    /// # Errors
    /// When it can't be built or started, or a request fails.
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let program = self.binary.clone().map_or_else(super::build, Ok)?;
        let folder = workspace::scratch("bench-soak")?;
        let seed = Seed::make(&program, &folder.join("seed"), GAMES)?;
        let server = seed.awake_server(&program, &folder.join("data"), &[])?;
        println!("before: {}", machine::describe()?);
        let megabytes = self.work(&seed, &server)?;
        server.stop()?;
        println!("after: {}", machine::describe()?);
        let figures = told(&megabytes);
        conclude(("soak", self.output.as_deref().unwrap_or(&folder)), &WANTED, &figures)
    }

    /// Sends and looks until the time is over; gives the memory after each portion, in millions of bytes.
    fn work(&self, seed: &Seed, server: &Server) -> Result<Vec<f64>, Failure> {
        let (began, mut sent, mut portion, mut megabytes) = (Instant::now(), 0, 0, Vec::new());
        while began.elapsed() < Duration::from_mins(self.minutes) {
            let count = usize::try_from(u64::from(self.rate) * PORTION.as_secs()).unwrap_or(usize::MAX);
            let numbers = sent..sent + count;
            let requests = numbers.map(|number| MIX[number % MIX.len()].request(seed, number / MIX.len()));
            let due = arrivals(count, f64::from(self.rate), portion);
            let requests = requests.collect();
            Volley { address: server.dashboard, requests, due, connections: CONNECTIONS }.fire()?;
            for page in PAGES {
                server.ask(&request(&format!("GET {page}"), &[("cookie", &seed.cookie)], ""))?;
            }
            megabytes
                .push(f64::from(u32::try_from(server.resident_bytes()? / 1_000).unwrap_or(u32::MAX)) / 1e3);
            (sent, portion) = (sent + count, portion + 1);
        }
        println!("{sent} requests and {} pages, all answered", megabytes.len() * PAGES.len());
        Ok(megabytes)
    }
}

/// The most, and what the last quarter is of the second: in the first quarter caches fill.
fn told(megabytes: &[f64]) -> Figures {
    let mut figures = Figures::default();
    for at in megabytes {
        figures.sample("memory in MB", *at);
    }
    let median = |looks: &[f64]| {
        let mut looks = looks.to_vec();
        looks.sort_by(f64::total_cmp);
        looks.get(looks.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let quarter = megabytes.len() / 4;
    figures.tell("most memory in MB", megabytes.iter().copied().fold(0.0, f64::max));
    let growth = median(&megabytes[3 * quarter..]) / median(&megabytes[quarter..2 * quarter]);
    figures.tell("growth of memory", growth);
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_is_seen_whatever_its_beginning_was() {
        let growth = |looks: &[f64]| told(looks).get("growth of memory").unwrap();
        let flat = [10.0, 20.0, 30.0, 30.0, 30.0, 30.0, 30.0, 30.0];
        assert!((growth(&flat) - 1.0).abs() < 1e-9);
        let leaks: Vec<_> = (0..100).map(|look| 30.0 + f64::from(look)).collect();
        assert!(growth(&leaks) > 1.6);
        assert_eq!(told(&leaks).get("most memory in MB"), Some(129.0));
    }
}
