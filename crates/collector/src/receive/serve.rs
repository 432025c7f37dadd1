//! The accept loop of both doors: bounded connections, bounded waiting, an orderly end.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    patience::Patient,
    tls::{ServerTls, TlsError},
};

/// A door keeps at most so many connections open; more wait in the listener's backlog.
const MAX_CONNECTIONS: usize = 256;
/// A client must have sent its request's header after this long.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// A client takes an answer, or the next part of it, within this long.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// A gRPC client that is silent for so long is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Requests that are under way may end within this long when the collector stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
/// After a failed accept (too many open files) the loop rests for this long.
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// A connection may run so many gRPC calls at once.
const MAX_STREAMS: u32 = 64;

/// What is spoken on a listener.
#[derive(Clone, Copy)]
pub(crate) enum Protocol {
    Http1,
    Grpc,
}

impl Protocol {
    /// Its name in TLS' application-layer protocol negotiation.
    pub(crate) const fn alpn(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Grpc => b"h2",
        }
    }
}

/// A listener, what is spoken on it, and how it is encrypted, if it is.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) protocol: Protocol,
    pub(crate) tls: Option<TlsAcceptor>,
}

impl Door {
    /// A door that speaks TLS if there are certificates.
    pub(crate) fn new(
        listener: TcpListener,
        protocol: Protocol,
        tls: Option<&ServerTls>,
    ) -> Result<Self, TlsError> {
        let tls = tls.map(|tls| tls.acceptor(protocol)).transpose()?;
        Ok(Self { listener, protocol, tls })
    }
}

/// Serves until `stop`, then lets requests under way end.
pub(crate) async fn serve(door: Door, router: Router, stop: CancellationToken) {
    let Door { listener, protocol, tls } = door;
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let connections = TaskTracker::new();
    let end = CancellationToken::new();
    while let Some((stream, place)) = stop.run_until_cancelled(accept(&listener, &places)).await {
        let connection = greet(stream, tls.clone(), (protocol, router.clone()), graceful.watcher());
        let end = end.clone();
        connections.spawn(async move {
            end.run_until_cancelled(connection).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!(name: "collector.drain.timeout", "senders were still talking when the collector stopped");
        end.cancel();
    }
    connections.wait().await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed: an error cannot occur, and would only mean one connection more.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(_) => tokio::time::sleep(ACCEPT_REST).await,
        }
    }
}

/// Agrees on TLS, if that is spoken here, before anything else.
async fn greet(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    (protocol, router): (Protocol, Router),
    watcher: Watcher,
) {
    let Some(tls) = tls else { return converse(stream, protocol, router, watcher).await };
    match tokio::time::timeout(HEADER_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, protocol, router, watcher).await,
        Ok(Err(error)) => {
            tracing::debug!(name: "collector.connection.error", error = %error, "a sender was not let in");
        }
        Err(_) => {
            tracing::debug!(name: "collector.connection.error", error = "timeout", "a sender was not let in");
        }
    }
}

/// Serves one connection until it ends. Its errors are the sender's: a reset, a broken frame.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    protocol: Protocol,
    router: Router,
    watcher: Watcher,
) {
    let greeting = matches!(protocol, Protocol::Grpc).then_some(HEADER_TIMEOUT);
    let io = TokioIo::new(Patient::new(stream, greeting, WRITE_TIMEOUT));
    let service = TowerToHyperService::new(router);
    let ended = match protocol {
        Protocol::Http1 => {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
            watcher.watch(http.serve_connection(io, service)).await
        }
        Protocol::Grpc => {
            let mut http = http2::Builder::new(TokioExecutor::new());
            http.timer(TokioTimer::new()).max_concurrent_streams(MAX_STREAMS);
            http.keep_alive_interval(KEEP_ALIVE);
            watcher.watch(http.serve_connection(io, service)).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(name: "collector.connection.error", error = %error, "a sender's connection broke");
    }
}
