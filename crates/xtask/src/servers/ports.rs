use crate::failure::Failure;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what the system gives to connections that go out, so that none of them takes a port between our look at
/// it and the server's start, and above the ports that have an owner.
const FIRST: u16 = 16_384;
const COUNT: u16 = 16_384;

/// How many we have looked at; another process starts elsewhere in the range.
static LOOKED_AT: AtomicU16 = AtomicU16::new(0);
const STEP: u32 = 61;

/// A port on which nobody of this machine listens.
///
/// # Errors
/// When all are taken.
pub(super) fn free() -> Result<u16, Failure> {
    let start = std::process::id().wrapping_mul(STEP);
    for _ in 0..COUNT {
        let place = start.wrapping_add(LOOKED_AT.fetch_add(1, Ordering::Relaxed).into()) % u32::from(COUNT);
        let port = FIRST + u16::try_from(place).unwrap_or_default();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Failure::new(format!("all ports from {FIRST} to {} are taken", FIRST + COUNT - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_or_while_somebody_listens() {
        let taken = free().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, taken)).unwrap();
        let more: std::collections::BTreeSet<_> = (0..50).map(|_| free().unwrap()).collect();
        assert_eq!(more.len(), 50);
        assert!(!more.contains(&listener.local_addr().unwrap().port()));
        assert!(more.iter().all(|port| (FIRST..FIRST + COUNT).contains(port)));
    }
}
