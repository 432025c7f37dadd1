//! Addresses where no good receiver is.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use url::Url;

use crate::receiver::runtime;

/// Whoever is not let in by then never is.
const KNOCK: Duration = Duration::from_millis(100);

/// Something at an address that is no good receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Nobody is there.
    Refused,
    /// Somebody is there and takes no connection: nothing comes back to who knocks.
    BlackHole,
    /// Somebody reads and never answers.
    Mute,
    /// Somebody hangs up.
    HangsUp,
    /// Somebody answers with bytes that mean nothing.
    Garbage,
    /// Somebody speaks no TLS, and is expected to.
    NoTls,
}

/// All of them.
pub(crate) const FAULTS: [Fault; 6] =
    [Fault::Refused, Fault::BlackHole, Fault::Mute, Fault::HangsUp, Fault::Garbage, Fault::NoTls];

/// A fault in place, until it is dropped.
pub(crate) struct Place {
    address: SocketAddr,
    scheme: &'static str,
    stop: Arc<AtomicBool>,
    /// Of a black hole.
    hole: Option<Hole>,
}

/// Who listens and never accepts, and who fills the queue of those that want to be taken.
struct Hole {
    _listener: tokio::net::TcpListener,
    _waiting: Vec<TcpStream>,
    runtime: Runtime,
}

impl Fault {
    /// Until what it gives is dropped.
    pub(crate) fn take_place(self) -> Place {
        if matches!(self, Self::BlackHole) {
            return Place::black_hole();
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let stop = Arc::new(AtomicBool::new(false));
        let scheme = if matches!(self, Self::NoTls) { "https" } else { "http" };
        if !matches!(self, Self::Refused) {
            let stopped = Arc::clone(&stop);
            std::thread::spawn(move || self.serve(&listener, &stopped));
        }
        Place { address, scheme, stop, hole: None }
    }

    fn serve(self, listener: &TcpListener, stopped: &AtomicBool) {
        let mut held = Vec::new();
        for connection in listener.incoming() {
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            let Ok(mut connection) = connection else { continue };
            match self {
                Self::HangsUp | Self::Refused => drop(connection),
                Self::BlackHole => {}
                Self::Mute => {
                    std::thread::spawn(move || std::io::copy(&mut connection, &mut std::io::sink()));
                }
                Self::Garbage | Self::NoTls => {
                    let _ = connection.read(&mut [0; 1_024]);
                    let _ = connection.write_all(&[0xff; 512]);
                    held.push(connection);
                }
            }
        }
    }
}

impl Place {
    /// While its queue is full, Linux drops what begins a connection (listen(2)), as a firewall does.
    fn black_hole() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("there are sockets");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port is free");
        let runtime = runtime();
        let entered = runtime.enter();
        let listener = socket.listen(1).expect("it is bound");
        drop(entered);
        let address = listener.local_addr().expect("it is bound");
        let mut waiting = Vec::new();
        while let Ok(connection) = TcpStream::connect_timeout(&address, KNOCK) {
            waiting.push(connection);
            assert!(waiting.len() < 100, "it takes everybody");
        }
        let hole = Some(Hole { _listener: listener, _waiting: waiting, runtime });
        Self { address, scheme: "http", stop: Arc::default(), hole }
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("{}://{}", self.scheme, self.address)).expect("an address is a URL")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(hole) = self.hole.take() {
            return hole.runtime.shutdown_background();
        }
        self.stop.store(true, Ordering::Relaxed);
        // The last connection wakes it.
        let _ = std::net::TcpStream::connect(self.address);
    }
}
