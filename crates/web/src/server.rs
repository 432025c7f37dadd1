//! The accept loop: bounded connections, a limit on the time for headers, a graceful end.
//!
//! `axum::serve` has no limit on how long a client may take for its headers, so this is our own loop on hyper.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::App;

/// For the headers of a request; hyper counts the pause between two requests of a connection too.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Of header lines with the request line.
const HEADER_BYTES: usize = 64 * 1024;
/// At a time; further clients wait in the listener's queue.
const CONNECTIONS: usize = 1024;
/// After the system had no file descriptor for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the listener stopped.
#[derive(Debug, thiserror::Error)]
#[error("the listener stopped: {0}")]
pub struct ServeError(#[from] std::io::Error);

/// Serves the dashboard on `listener` until `stop` is cancelled; then requests in flight have 8 s to end.
///
/// # Errors
/// When the listener is not one.
pub async fn serve(listener: TcpListener, app: App, stop: CancellationToken) -> Result<(), ServeError> {
    listener.local_addr()?;
    let router = crate::router(app, stop.clone());
    accept(listener, router, stop).await;
    Ok(())
}

/// Serves any routes as the dashboard's are served.
///
/// # Errors
/// When the listener is not one.
pub async fn serve_routes(
    listener: TcpListener,
    routes: Router,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    listener.local_addr()?;
    accept(listener, routes, stop).await;
    Ok(())
}

/// Accepts connections until `stop` is cancelled, then lets requests in flight end.
pub(crate) async fn accept(listener: TcpListener, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    while let Some((stream, peer, place)) = stop.run_until_cancelled(next(&listener, &places)).await {
        let connection = graceful.watch(connection(stream, peer, router.clone()));
        connections.spawn(hold(connection, place));
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(actions::ENDS_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            name: "http.drain.cut", target: "web", { connections = connections.len() },
            "Some requests did not end in time and are cut off."
        );
    }
    connections.shutdown().await;
}

/// The next connection, once there is a place for it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so there is always a permit in the end.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(
                    name: "http.accept.failed", target: "web", { error = %error },
                    "A connection was lost."
                );
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Keeps a connection's place until it ends. How it ends is the client's business.
async fn hold<E>(connection: impl Future<Output = Result<(), E>>, place: Option<OwnedSemaphorePermit>) {
    let _ended = connection.await;
    drop(place);
}

type Connection<S> = http1::Connection<TokioIo<TcpStream>, S>;

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
) -> Connection<
    impl hyper::service::Service<
        hyper::Request<Incoming>,
        Response = axum::response::Response,
        Error = Infallible,
        Future: Send,
    >,
> {
    // Only latency is at stake: a connection without it works too.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}
