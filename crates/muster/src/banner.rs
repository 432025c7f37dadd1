//! What a person sees when everything runs: what to open.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

/// The addresses of a running process.
#[derive(Debug)]
pub(crate) struct Addresses<'a> {
    pub(crate) dashboard: SocketAddr,
    pub(crate) practice: Option<SocketAddr>,
    pub(crate) otlp_grpc: SocketAddr,
    pub(crate) otlp_http: SocketAddr,
    pub(crate) data: &'a Path,
}

/// Prints them, one a line: the first word says what it is, the last one where. Scripts read it.
pub(crate) fn print(addresses: &Addresses<'_>) {
    let mut lines = vec![
        "Muster is running. Ctrl-C stops it.".to_owned(),
        format!("  dashboard    http://{}", addresses.dashboard),
    ];
    if let Some(practice) = addresses.practice {
        lines.push(format!("  practice     http://{practice}"));
    }
    lines.extend([
        format!("  observatory  http://{}/observatory", addresses.dashboard),
        format!("  otlp-grpc    http://{}", addresses.otlp_grpc),
        format!("  otlp-http    http://{}", addresses.otlp_http),
        format!("  data         {}", addresses.data.display()),
    ]);
    say(&lines);
}

/// Prints lines at once.
pub(crate) fn say(lines: &[String]) {
    // A closed stdout is no reason to end.
    let _ = writeln!(std::io::stdout().lock(), "{}", lines.join("\n"));
}
