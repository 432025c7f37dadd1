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
    /// Has lost the server, and lets the other side believe that it is there.
    HalfOpen,
    /// Ends every connection.
    Cut,
}

/// What the network does, and how often it has ended all connections that were open.
#[derive(Clone, Copy, Debug)]
struct Weather {
    network: Network,
    cuts: u64,
}

/// Stands before a server until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    weather: watch::Sender<Weather>,
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
        let (weather, seen) = watch::channel(Weather { network: Network::Up, cuts: 0 });
        let accepting = telemetry::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, server, seen.clone()));
            }
        });
        Self { port, weather, accepting }
    }

    /// Where the server is found by way of this network, at 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Changes what the network does, for every connection.
    pub fn becomes(&self, network: Network) {
        self.weather.send_modify(|weather| weather.network = network);
    }

    /// Ends the connections that are open; new ones are as the network is.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, mut weather: watch::Receiver<Weather>) {
    let opened_after = weather.borrow().cuts;
    let mut upstream = None;
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        let now = *weather.borrow_and_update();
        match now.network {
            Network::Cut => return,
            _ if now.cuts > opened_after => return,
            Network::Stalled => {}
            Network::HalfOpen => drop(upstream.take()),
            Network::Up => {
                if upstream.is_none() {
                    let Ok(connected) = TcpStream::connect(server).await else { return };
                    upstream = Some(connected);
                }
            }
        }
        let (Network::Up, Some(upstream)) = (now.network, &mut upstream) else {
            if weather.changed().await.is_err() || now.network == Network::HalfOpen {
                return;
            }
            continue;
        };
        tokio::select! {
            changed = weather.changed() => if changed.is_err() { return },
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
