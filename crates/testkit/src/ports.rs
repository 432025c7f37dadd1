use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below those ports that the system gives to connections that go out: a port stays free, and is never connected to
/// itself, while its server is away.
const FIRST: u16 = 16_384;
const COUNT: u16 = 16_384;
/// Processes that begin together, whose numbers are neighbours, are as far apart.
const STEP: u32 = 61;

/// How many this process has looked at.
static LOOKED_AT: AtomicU32 = AtomicU32::new(0);

/// Ports on which nobody listens, and that no other call is given.
pub(crate) fn free<const N: usize>() -> [u16; N] {
    std::array::from_fn(|_| next())
}

fn next() -> u16 {
    let start = std::process::id().wrapping_mul(STEP);
    let places = (0..COUNT).map(|_| start.wrapping_add(LOOKED_AT.fetch_add(1, Ordering::Relaxed)));
    let mut ports = places.map(|place| FIRST + u16::try_from(place % u32::from(COUNT)).unwrap_or_default());
    let free = ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.expect("a free port")
}
