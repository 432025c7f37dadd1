//! The one place where the collector reads the machine's clock.

/// Nanoseconds since 1970-01-01 UTC.
///
/// Telemetry is about the real world: this is the machine's time even when the rest of Muster runs on the practice clock.
#[expect(clippy::disallowed_methods, reason = "telemetry time is real time, not the practice clock")]
pub(crate) fn unix_nanos() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
