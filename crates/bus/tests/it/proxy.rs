//! A network before the broker that fails when it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use telemetry::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// They pass.
    Open,
    /// They vanish, and nobody is told.
    Hole,
    /// Whoever connects is cut off at once.
    Shut,
}

/// A TCP proxy; ends when it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    cuts: watch::Sender<u64>,
    injected: broadcast::Sender<Vec<u8>>,
    refused: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Switches {
    way: watch::Receiver<Way>,
    cuts: watch::Receiver<u64>,
    injected: Arc<broadcast::Sender<Vec<u8>>>,
    refused: Arc<AtomicUsize>,
}

impl Proxy {
    /// Before the broker of that address.
    pub(crate) async fn before(url: &str) -> Self {
        let uri: lapin::uri::AMQPUri = url.parse().unwrap();
        let target = (uri.authority.host.clone(), uri.authority.port);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, cuts, injected) =
            (watch::Sender::new(Way::Open), watch::Sender::new(0), broadcast::Sender::new(16));
        let refused = Arc::new(AtomicUsize::new(0));
        let switches = Switches {
            way: way.subscribe(),
            cuts: cuts.subscribe(),
            injected: Arc::new(injected.clone()),
            refused: Arc::clone(&refused),
        };
        let accepting = telemetry::spawn(accept(listener, target, switches));
        Self { address, way, cuts, injected, refused, accepting }
    }

    /// The same address by way of the proxy.
    pub(crate) fn url(&self, url: &str) -> Secret<String> {
        let mut uri: lapin::uri::AMQPUri = url.parse().unwrap();
        (uri.authority.host, uri.authority.port) = ("127.0.0.1".to_owned(), self.address.port());
        Secret::new(uri.to_string())
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// How often somebody was cut off at once.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// Ends all connections.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets the broker say something that it didn't.
    pub(crate) fn inject(&self, method: (u8, u8), arguments: &[u8]) {
        let payload = [&[0, method.0, 0, method.1], arguments].concat();
        let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
        self.injected.send([&[1, 0, 0], &size[..], &payload, &[0xCE]].concat()).unwrap();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, target: (String, u16), switches: Switches) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        if *switches.way.borrow() == Way::Shut {
            switches.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let (target, mut switches) = (target.clone(), switches.clone());
        switches.cuts.mark_unchanged();
        connections.spawn(async move {
            let Ok(server) = TcpStream::connect(target).await else { return };
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            let injected = switches.injected.subscribe();
            tokio::select! {
                _ = switches.cuts.changed() => {}
                () = pump(from_client, to_server, switches.way.clone()) => {}
                () = pump_frames((from_server, injected), to_client, switches.way.clone()) => {}
            }
        });
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if way.wait_for(|way| *way != Way::Hole).await.is_err()
            || to.write_all(&bytes[..count]).await.is_err()
        {
            return;
        }
    }
}

/// Whole frames, so that others fit between them.
async fn pump_frames(
    (mut from, mut injected): (OwnedReadHalf, broadcast::Receiver<Vec<u8>>),
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
) {
    let (mut bytes, mut waiting) = (vec![0; 64 << 10], Vec::new());
    loop {
        let frames = tokio::select! {
            Ok(frame) = injected.recv() => frame,
            read = from.read(&mut bytes) => {
                let Ok(count @ 1..) = read else { return };
                waiting.extend_from_slice(&bytes[..count]);
                let whole = whole_frames(&waiting);
                waiting.drain(..whole).collect()
            }
        };
        if way.wait_for(|way| *way != Way::Hole).await.is_err() || to.write_all(&frames).await.is_err() {
            return;
        }
    }
}

/// How many bytes the frames have that are there to their end.
fn whole_frames(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some(&[_, _, _, a, b, c, d]) = bytes.get(end..end + 7) {
        let next = end + 8 + u32::from_be_bytes([a, b, c, d]) as usize;
        if next > bytes.len() {
            break;
        }
        end = next;
    }
    end
}
