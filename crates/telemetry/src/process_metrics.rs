//! What the operating system says of this process, after the semantic conventions for process metrics.

use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// Ticks per second in `/proc`, which Linux fixes for programs whatever the kernel's own rate is.
const TICKS_PER_SECOND: f64 = 100.0;
const KIBIBYTE: i64 = 1_024;

/// Observes the process whenever metrics are collected.
pub(crate) fn observe(meter: &Meter) {
    let started = Instant::now();
    let _uptime = meter
        .f64_observable_gauge("process.uptime")
        .with_unit("s")
        .with_callback(move |observer| observer.observe(started.elapsed().as_secs_f64(), &[]))
        .build();
    let _cpu = meter
        .f64_observable_counter("process.cpu.time")
        .with_unit("s")
        .with_callback(|observer| {
            let Some((user, system)) = read("stat").as_deref().and_then(cpu_seconds) else { return };
            observer.observe(user, &[KeyValue::new("cpu.mode", "user")]);
            observer.observe(system, &[KeyValue::new("cpu.mode", "system")]);
        })
        .build();
    status_counter(meter, ("process.memory.usage", "By"), ("VmRSS:", KIBIBYTE));
    status_counter(meter, ("process.memory.virtual", "By"), ("VmSize:", KIBIBYTE));
    status_counter(meter, ("process.thread.count", "{thread}"), ("Threads:", 1));
    let _files = meter
        .i64_observable_up_down_counter("process.open_file_descriptor.count")
        .with_unit("{file_descriptor}")
        .with_callback(|observer| {
            let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
            observer.observe(i64::try_from(open).unwrap_or(i64::MAX), &[]);
        })
        .build();
}

/// A line of `/proc/self/status`, times a factor.
fn status_counter(
    meter: &Meter,
    (name, unit): (&'static str, &'static str),
    (line, factor): (&'static str, i64),
) {
    let _counter = meter
        .i64_observable_up_down_counter(name)
        .with_unit(unit)
        .with_callback(move |observer| {
            if let Some(value) = read("status").as_deref().and_then(|status| status_line(status, line)) {
                observer.observe(value * factor, &[]);
            }
        })
        .build();
}

fn read(file: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/self/{file}")).ok()
}

fn status_line(status: &str, name: &str) -> Option<i64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// User and system time from `/proc/self/stat` (fields 14 and 15 of proc(5), the name in brackets may hold
/// blanks).
fn cpu_seconds(stat: &str) -> Option<(f64, f64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user / TICKS_PER_SECOND, system / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read_whatever_the_process_is_called() {
        let stat = "7 (mus) ter) S 1 7 7 0 -1 4194560 900 0 0 0 250 75 0 0 20 0 9 0";

        assert_eq!(cpu_seconds(stat), Some((2.5, 0.75)));
        assert_eq!(status_line("Name:\tx\nVmRSS:\t  512 kB\n", "VmRSS:"), Some(512));
    }
}
