//! A network before a server, that can fail in the ways in which networks do.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What the network does with what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Brings it.
    Up,
    /// Keeps it, in both directions, and says nothing.
    Stalled,
    /// Ends every connection.
    Cut,
}

/// Stands before a server until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    network: watch::Sender<Network>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A working network before a server.
    ///
    /// # Panics
    /// When the machine has no port to give.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let (network, state) = watch::channel(Network::Up);
        let accepting = telemetry::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, server, state.clone()));
            }
        });
        Self { port, network, accepting }
    }

    /// Where the server is found by way of this network, at 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Changes what the network does, for every connection.
    pub fn becomes(&self, network: Network) {
        self.network.send_replace(network);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, mut state: watch::Receiver<Network>) {
    let Ok(mut upstream) = TcpStream::connect(server).await else { return };
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        let now = *state.borrow_and_update();
        match now {
            Network::Cut => return,
            Network::Stalled if state.changed().await.is_err() => return,
            Network::Stalled => continue,
            Network::Up => {}
        }
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            read = client.read(&mut up) => {
                let Ok(bytes @ 1..) = read else { return };
                if upstream.write_all(&up[..bytes]).await.is_err() { return }
            }
            read = upstream.read(&mut down) => {
                let Ok(bytes @ 1..) = read else { return };
                if client.write_all(&down[..bytes]).await.is_err() { return }
            }
        }
    }
}
