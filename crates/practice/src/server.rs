//! Starting, serving and stopping.

use crate::app::{App, Parts, Shared, bot_token};
use crate::faults::Faults;
use crate::limits::Limits;
use crate::state::{self, Journal, Loaded, World};
use crate::{cast, gateway, page, rest, script_api};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use clock::{Chance, Clock};
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A client has this long to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// What is under way when the server is stopped may take so long to end.
const GRACE: Duration = Duration::from_secs(1);
/// Connections served at once.
const CONNECTIONS_LIMIT: usize = 2_048;
/// Changes are gathered this long before the state file is written.
const SAVE_DELAY: Duration = Duration::from_millis(400);
/// Between two writes of the state lies so many times what the last one took.
const PAUSE_PER_WRITE: u32 = 10;
/// A broken accept (out of file descriptors) is tried again after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the practice Discord is started with.
#[derive(Debug)]
pub struct PracticeConfig {
    /// Bound before, so that the address is known and never lost to somebody else.
    pub listener: TcpListener,
    /// The time that people and messages live in.
    pub clock: Clock,
    /// Where tokens and session ids come from.
    pub chance: Chance,
    /// The state file (JSON), written within a second after a change and at shutdown, with a journal beside it that
    /// has every message before its sender is answered; without one, everything is forgotten at the end.
    pub data: Option<PathBuf>,
    /// Whether rate limits are enforced.
    pub strict_limits: bool,
    /// The bot's token, where other programs have to know it before; none: one is made once and kept.
    pub token: Option<String>,
}

/// Why the practice Discord can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listener has no address, or the journal can't be begun.
    #[error("the practice Discord can't start: {0}")]
    Io(#[from] std::io::Error),
    /// The state file can't be used.
    #[error(transparent)]
    State(#[from] state::LoadError),
}

/// A running practice Discord.
#[derive(Debug)]
pub struct Practice {
    app: Shared,
    token: String,
    data: Option<PathBuf>,
}

impl Practice {
    /// Starts serving; returns as soon as clients can connect. `stop` ends it.
    ///
    /// # Errors
    /// When the listener has no address or the state file can't be read.
    pub async fn start(config: PracticeConfig, stop: CancellationToken) -> Result<Self, StartError> {
        let address = config.listener.local_addr()?;
        let (mut world, journal) = open(config.data.clone(), config.chance.clone()).await?;
        if let Some(token) = config.token {
            world.token = token;
        }
        let token = world.token.clone();
        let parts = Parts { clock: config.clock, chance: config.chance, address, stop, journal };
        let app = Arc::new(App::new(world, Limits::new(config.strict_limits), parts));
        spawn(&app, accept(Arc::clone(&app), config.listener));
        if let Some(path) = config.data.clone() {
            write(&app, path.clone()).await;
            spawn(&app, keep(Arc::clone(&app), path));
        }
        tracing::info!(name: "practice.started", %address, guild = cast::guild().name, "The practice Discord is open.");
        Ok(Self { app, token, data: config.data })
    }

    /// Switches faults on and off, as the page and scripts can.
    pub fn set_faults(&self, faults: Faults) {
        self.app.change(|world, _| world.faults = faults);
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.app.address
    }

    /// The bot's token, without `Bot `.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The bot's application id, which is also its user id.
    pub fn application_id(&self) -> u64 {
        cast::APPLICATION_ID
    }

    /// Waits until it was stopped, every connection is closed and the state is written.
    pub async fn wait(self) {
        self.app.stop.cancelled().await;
        self.app.tasks.close();
        self.app.tasks.wait().await;
        if let Some(path) = self.data {
            write(&self.app, path).await;
        }
    }
}

/// The world as it was left, with a journal to go on in; a new one that is forgotten, without a state file.
async fn open(data: Option<PathBuf>, chance: Chance) -> Result<(World, Option<Journal>), StartError> {
    let Some(path) = data else { return Ok((World::new(bot_token(&chance)), None)) };
    let opened = tokio::task::spawn_blocking(move || {
        let Loaded { world, journal } = state::load(&path, || bot_token(&chance))?;
        Ok::<_, StartError>((world, Some(Journal::begin(&path, journal)?)))
    });
    opened.await.map_err(std::io::Error::other)?
}

/// Every task belongs to the tracker that `Practice::wait` waits for.
fn spawn(app: &Shared, task: impl Future<Output = ()> + Send + 'static) {
    app.tasks.spawn(task);
}

fn router(app: &Shared) -> Router {
    Router::new()
        .merge(gateway::router())
        .merge(page::router())
        .nest("/api", rest::router(app))
        .nest("/practice/v1", script_api::router())
        .with_state(Arc::clone(app))
}

async fn accept(app: Shared, listener: TcpListener) {
    let router = router(&app);
    let places = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = app.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let (serving, router) = (Arc::clone(&app), router.clone());
                spawn(&app, async move {
                    serve(serving, router, stream).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn serve(app: Shared, router: Router, stream: TcpStream) {
    // Small answers are the rule here, and each is waited for.
    stream.set_nodelay(true).ok();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move { answer(router, request).await }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = app.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // A connection on which nothing was asked yet wouldn't end by itself.
            tokio::time::timeout(GRACE, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(name: "practice.connection_ended", %error, "A connection ended early.");
    }
}

/// An error here makes hyper drop the connection, which is how an answer gets lost.
async fn answer(router: Router, request: Request<Incoming>) -> Result<Response, std::io::Error> {
    let response = match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.extensions().get::<rest::LostAnswer>().is_some() {
        return Err(std::io::Error::other("the answer is lost on purpose"));
    }
    Ok(response)
}

/// Writes the state while the server runs; `Practice::wait` writes it for the last time.
async fn keep(app: Shared, path: PathBuf) {
    let mut changes = app.changes();
    let mut pause = SAVE_DELAY;
    loop {
        let rest = async {
            // The sender lives in `app`, so this only ever reports a change.
            changes.changed().await.ok();
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            () = rest => {}
            () = app.stop.cancelled() => return,
        }
        changes.mark_unchanged();
        let begun = Instant::now();
        write(&app, path.clone()).await;
        // A large state is written less often; the journal has what matters meanwhile.
        pause = SAVE_DELAY.max(begun.elapsed() * PAUSE_PER_WRITE);
    }
}

async fn write(app: &Shared, path: PathBuf) {
    let shown = path.display().to_string();
    let written = match app.snapshot() {
        Some(Ok((text, journal))) => tokio::task::spawn_blocking(move || {
            state::save(&path, &text)?;
            state::forget_before(&path, journal);
            Ok(())
        })
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error))),
        Some(Err(error)) => Err(error),
        None => Ok(()),
    };
    if let Err(error) = written {
        tracing::warn!(name: "practice.state_not_saved", path = shown, %error, "The practice state could not be saved.");
    }
}
