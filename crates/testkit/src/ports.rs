use std::net::{Ipv4Addr, TcpListener};

/// Ports on which nobody listens, below those that the system gives to connections that go out: a port stays free, and
/// is never connected to itself, while its server is away.
pub(crate) fn free<const COUNT: usize>() -> [u16; COUNT] {
    let elsewhere_in_each_process = usize::try_from(std::process::id() % 16_384).unwrap_or_default();
    let mut free = (16_384..32_768)
        .cycle()
        .skip(elsewhere_in_each_process)
        .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    std::array::from_fn(|_| free.next().expect("a free port"))
}
