//! Faults between us and a server.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// Everything passes.
    Well,
    /// Connections are taken, and nothing passes.
    Stalled,
    /// Connections are closed, and none is taken.
    Cut,
}

/// What happens to connections, each of which has a number.
#[derive(Clone, Copy, Debug)]
struct Weather {
    network: Network,
    /// Those with a lower number are closed.
    closed_before: u64,
    /// Those with a lower number have lost their other end, which nobody tells them.
    half_open_before: u64,
}

/// A way to a server that can be disturbed.
pub(crate) struct Proxy {
    address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    taken: watch::Receiver<u64>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fair = Weather { network: Network::Well, closed_before: 0, half_open_before: 0 };
        let weather = Arc::new(watch::Sender::new(fair));
        let (number, taken) = watch::channel(0);
        let mut tasks = JoinSet::new();
        let (server, seen) = (server.to_owned(), weather.subscribe());
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                number.send_modify(|number| *number += 1);
                open.spawn(carry(client, server.clone(), (seen.clone(), *number.borrow())));
            }
        });
        Self { address, weather, taken, _tasks: tasks }
    }

    /// The address of the server by way of this proxy.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    pub(crate) fn becomes(&self, network: Network) {
        self.weather.send_modify(|weather| weather.network = network);
    }

    /// The connections that are open are closed; new ones are well.
    pub(crate) fn closes_what_is_open(&self) {
        let next = self.taken() + 1;
        self.weather.send_modify(|weather| weather.closed_before = next);
    }

    /// The connections that are open lead nowhere any more; new ones are well.
    pub(crate) fn loses_the_other_end(&self) {
        let next = self.taken() + 1;
        self.weather.send_modify(|weather| weather.half_open_before = next);
    }

    /// How many connections were taken so far.
    pub(crate) fn taken(&self) -> u64 {
        *self.taken.borrow()
    }
}

async fn carry(client: TcpStream, server: String, (mut weather, number): (watch::Receiver<Weather>, u64)) {
    let is_closed =
        move |weather: &Weather| weather.network == Network::Cut || weather.closed_before > number;
    if is_closed(&weather.borrow()) {
        return;
    }
    let upstream = TcpStream::connect(server).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    tokio::select! {
        () = pump(&mut from_client, &mut to_server, (weather.clone(), number)) => (),
        () = pump(&mut from_server, &mut to_client, (weather.clone(), number)) => (),
        _ = weather.wait_for(is_closed) => (),
    }
}

async fn pump(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    (mut weather, number): (watch::Receiver<Weather>, u64),
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        let Ok(now) = weather.wait_for(|weather| weather.network != Network::Stalled).await.map(|now| *now)
        else {
            return;
        };
        if now.half_open_before <= number && to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
