//! How much telemetry the collector keeps, and for how long.

use super::file::FileSettings;
use crate::cli::Common;
use crate::failure::Failure;
use collector::{CollectorConfig, ForwardConfig};
use std::time::Duration;

/// The caps of the collector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    store_bytes: u64,
    store_seconds: u64,
    forward_bytes: u64,
}

/// What is capped.
struct Capped {
    variable: &'static str,
    /// What may stand behind the number, the largest first.
    units: &'static [(&'static str, u64)],
    default: u64,
    least: u64,
}

const BYTES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];
const SECONDS: [(&str, u64); 3] = [("d", 86_400), ("h", 3_600), ("m", 60)];

const STORE_BYTES: Capped = Capped {
    variable: "MUSTER_TELEMETRY_MAX_BYTES",
    units: &BYTES,
    default: CollectorConfig::DEFAULT_MAX_BYTES,
    // The collector raises smaller ones to this.
    least: 8 << 20,
};
const STORE_SECONDS: Capped = Capped {
    variable: "MUSTER_TELEMETRY_MAX_AGE",
    units: &SECONDS,
    default: CollectorConfig::DEFAULT_MAX_AGE.as_secs(),
    // Nobody looks at the age more often.
    least: 60,
};
const FORWARD_BYTES: Capped = Capped {
    variable: "MUSTER_FORWARD_MAX_BYTES",
    units: &BYTES,
    default: ForwardConfig::DEFAULT_MAX_BYTES,
    // The largest export that is taken has 16 MiB, and fits beside one that is being sent.
    least: 32 << 20,
};

impl Caps {
    pub(super) fn read(options: &Common, file: &FileSettings) -> Result<Self, Failure> {
        Ok(Self {
            store_bytes: STORE_BYTES
                .read(options.telemetry_max_bytes.as_ref().or(file.telemetry_max_bytes.as_ref()))?,
            store_seconds: STORE_SECONDS
                .read(options.telemetry_max_age.as_ref().or(file.telemetry_max_age.as_ref()))?,
            forward_bytes: FORWARD_BYTES
                .read(options.forward_max_bytes.as_ref().or(file.forward_max_bytes.as_ref()))?,
        })
    }

    /// Bytes of the collector's store.
    pub(super) fn of_store(self) -> u64 {
        self.store_bytes
    }

    /// How long the store keeps anything.
    pub(super) fn of_age(self) -> Duration {
        Duration::from_secs(self.store_seconds)
    }

    /// Bytes of the queue of what is passed on.
    pub(super) fn of_queue(self) -> u64 {
        self.forward_bytes
    }

    /// As a `muster.toml` would say it.
    pub(super) fn shown(self) -> [(&'static str, String); 3] {
        [
            ("telemetry-max-bytes", STORE_BYTES.show(self.store_bytes)),
            ("telemetry-max-age", STORE_SECONDS.show(self.store_seconds)),
            ("forward-max-bytes", FORWARD_BYTES.show(self.forward_bytes)),
        ]
    }
}

impl Capped {
    fn read(&self, text: Option<&String>) -> Result<u64, Failure> {
        let Some(text) = text else { return Ok(self.default) };
        self.parse(text).ok_or_else(|| {
            let (example, least) = (self.show(self.default), self.show(self.least));
            let reason = format!("{text:?} is no cap; write one such as {example}, at least {least}");
            Failure::setting(self.variable, reason)
        })
    }

    fn parse(&self, text: &str) -> Option<u64> {
        let text = text.trim();
        let unit = |(unit, size): &(&str, u64)| Some((text.strip_suffix(unit)?, *size));
        let (number, size) = self.units.iter().find_map(unit)?;
        let number: u64 = number.trim_end().parse().ok()?;
        number.checked_mul(size).filter(|cap| *cap >= self.least)
    }

    /// In the largest unit in which it is a whole number.
    fn show(&self, cap: u64) -> String {
        let whole = self.units.iter().find(|(_, size)| cap.is_multiple_of(*size));
        whole.map_or_else(|| cap.to_string(), |(unit, size)| format!("{}{unit}", cap / size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_is_read_as_people_write_it_and_shown_so_that_it_can_be_read_again() {
        for (capped, text, cap, shown) in [
            (&STORE_BYTES, "8388608", 8 << 20, "8MiB"),
            (&STORE_BYTES, "2 GiB", 2 << 30, "2GiB"),
            (&STORE_BYTES, " 10000KiB ", 10_000 << 10, "10000KiB"),
            (&STORE_BYTES, "9000001", 9_000_001, "9000001"),
            (&STORE_SECONDS, "36h", 129_600, "36h"),
            (&STORE_SECONDS, "48h", 172_800, "2d"),
            (&FORWARD_BYTES, "1024MiB", 1 << 30, "1GiB"),
        ] {
            assert_eq!(capped.parse(text), Some(cap), "{text}");
            assert_eq!(capped.show(cap), shown);
            assert_eq!(capped.parse(shown), Some(cap), "{shown}");
        }
    }

    #[test]
    fn what_is_no_cap_or_too_small_a_one_is_refused() {
        for (capped, text) in [
            (&STORE_BYTES, "plenty"),
            (&STORE_BYTES, "MiB"),
            (&STORE_BYTES, "512MB"),
            (&STORE_BYTES, "-512MiB"),
            (&STORE_BYTES, "1.5GiB"),
            (&STORE_BYTES, "7MiB"),
            (&STORE_BYTES, "99999999999GiB"),
            (&STORE_SECONDS, "7"),
            (&STORE_SECONDS, "0d"),
            (&FORWARD_BYTES, "16MiB"),
        ] {
            assert_eq!(capped.parse(text), None, "{text}");
        }
    }
}
