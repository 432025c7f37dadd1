//! How busy the machine is with others' work, which stands beside every figure.

use crate::failure::{Doing, Failure};
use std::time::Duration;

/// Looked at for so long, while we do nothing.
const LOOK: Duration = Duration::from_secs(3);

/// One line: cores, how busy they are without us, load average.
///
/// # Errors
/// When the system doesn't tell.
pub(super) fn describe() -> Result<String, Failure> {
    let before = Ticks::now()?;
    std::thread::sleep(LOOK);
    let busy_percent = Ticks::now()?.busy_percent_since(&before);
    let load = std::fs::read_to_string("/proc/loadavg").doing("reading the load average")?;
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let cores = std::thread::available_parallelism().doing("counting cores")?;
    Ok(format!("{cores} cores, {busy_percent} % busy with other work, load average {load}"))
}

/// CPU time of all cores since the machine started.
#[derive(Debug, PartialEq, Eq)]
struct Ticks {
    idle: u64,
    all: u64,
}

impl Ticks {
    fn now() -> Result<Self, Failure> {
        let stat = std::fs::read_to_string("/proc/stat").doing("reading CPU time")?;
        Self::read(&stat).ok_or_else(|| Failure::new("the system tells no CPU time"))
    }

    /// The first line's fields: user, nice, system, idle, waiting for disks, and what else it does; the guests' time
    /// at the end is in the first two already (proc(5)).
    fn read(stat: &str) -> Option<Self> {
        let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        let ticks: Vec<u64> = fields.take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self { idle: ticks.get(3)? + ticks.get(4)?, all: ticks.iter().sum() })
    }

    fn busy_percent_since(&self, before: &Self) -> u64 {
        let all = self.all.saturating_sub(before.all).max(1);
        100 - 100 * self.idle.saturating_sub(before.idle).min(all) / all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_disks_is_not_busy() {
        let before = Ticks::read("cpu  10 0 10 60 20 0 0 0 5 5\ncpu0 1 2").unwrap();
        assert_eq!(before, Ticks { idle: 80, all: 100 });
        let after = Ticks::read("cpu  30 0 20 100 40 5 5 0 9 9\n").unwrap();
        assert_eq!(after.busy_percent_since(&before), 40);
        assert_eq!(before.busy_percent_since(&before), 100);
        assert_eq!(Ticks::read("intr 1 2 3"), None);
    }
}
