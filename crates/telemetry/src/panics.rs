//! Panics, told where they happen.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::PanicHookInfo;

use tracing::subscriber::NoSubscriber;

/// From here on a panic of this process is one event, `process.panicked`, of the service in whose thread it
/// happens; where there is none it is a line on stderr. Both say where it was, and what, if that is a text of the
/// sources: one that was put together may hold anything.
pub fn tell_panics() {
    std::panic::set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let (file, line) = panic.location().map_or(("", 0), |place| (place.file(), place.line()));
    let said = panic.payload().downcast_ref::<&'static str>().copied();
    // Only where the operator asked for it (RUST_BACKTRACE).
    let trace = Some(Backtrace::capture()).filter(|trace| trace.status() == BacktraceStatus::Captured);
    if tracing::dispatcher::get_default(tracing::Dispatch::is::<NoSubscriber>) {
        let said = said.map_or_else(String::new, |said| format!(": {said}"));
        let trace = trace.map_or_else(String::new, |trace| format!("\n{trace}"));
        // There is nowhere left to report that stderr is gone.
        let _ = writeln!(std::io::stderr(), "A thread panicked at {file}:{line}{said}{trace}");
        return;
    }
    tracing::error!(
        name: "process.panicked", target: "telemetry",
        {
            "code.file.path" = file,
            "code.line.number" = line,
            "exception.message" = said,
            "exception.stacktrace" = trace.map(|trace| trace.to_string()),
        },
        "Something broke one of its own assumptions."
    );
}
