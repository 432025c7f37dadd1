//! One collector: its doors, its pipeline, its store, and the Observatory over them.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, middleware};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    account,
    counters::{Counters, Health},
    forward::{Forward, ForwardError},
    now,
    observatory::{self, About, Observatory, Setup},
    options::Options,
    pipeline::{self, Further, Pipeline},
    prometheus::Current,
    receive::{
        self,
        body::Budget,
        guard::{BearerToken, require_token},
        serve::{Door, Protocol, serve},
        status::Status,
        tls::TlsError,
    },
    scrape,
    store::{self, Caps, OpenError},
};

/// What a collector needs to start.
#[derive(Debug)]
pub struct CollectorConfig {
    /// The `SQLite` file; made if it is not there.
    pub data: PathBuf,
    /// Where OTLP over HTTP arrives (usually port 4318).
    pub http: TcpListener,
    /// Where OTLP over gRPC arrives (usually port 4317).
    pub grpc: TcpListener,
    /// What senders must present. Without it only loopback addresses are served.
    pub bearer_token: Option<SecretString>,
    /// The store deletes its oldest time slices to stay below so many bytes; at least 8 MiB.
    pub max_bytes: u64,
    /// The store deletes telemetry that arrived so long ago.
    pub max_age: Duration,
    /// What is switched on beside receiving and showing.
    pub options: Options,
}

/// Why a collector did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address that other machines reach, and nothing that tells who sends.
    #[error(
        "{0} can be reached by other machines: OTLP is only received there with a bearer token or certificates of senders"
    )]
    Exposed(SocketAddr),
    /// A listener does not know its address.
    #[error("a listener is not usable: {0}")]
    Listener(#[from] io::Error),
    /// The store did not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// TLS cannot be spoken.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// What is to go on cannot.
    #[error(transparent)]
    Forward(#[from] ForwardError),
}

impl CollectorConfig {
    /// The cap on the store unless configured otherwise: 512 MiB.
    pub const DEFAULT_MAX_BYTES: u64 = 512 << 20;
    /// The cap on age unless configured otherwise: 7 days.
    pub const DEFAULT_MAX_AGE: Duration = Duration::from_hours(7 * 24);
}

/// A running collector.
#[derive(Debug)]
pub struct Collector {
    pipeline: Pipeline,
    observatory: Observatory,
    tasks: TaskTracker,
}

impl Collector {
    /// Opens the store and both doors. Cancel `stop` and call [`Collector::wait`] to end it in order.
    pub async fn start(config: CollectorConfig, stop: CancellationToken) -> Result<Self, StartError> {
        let addresses = [config.http.local_addr()?, config.grpc.local_addr()?];
        let Options { forward, scrape, debug, known, tls } = config.options;
        let knows_senders = tls.as_ref().is_some_and(|tls| tls.senders.is_some());
        if config.bearer_token.is_none() && !knows_senders {
            refuse_exposed(addresses)?;
        }
        let http_door = Door::new(config.http, Protocol::Http1, tls.as_ref())?;
        let grpc_door = Door::new(config.grpc, Protocol::Grpc, tls.as_ref())?;
        let counters = Arc::new(Counters::default());
        let caps = Caps { bytes: config.max_bytes, age: config.max_age };
        let (writer, reader) =
            store::open(&config.data, caps, Arc::clone(&counters), now::unix_nanos()).await?;
        let (pipeline, queue) = Pipeline::new(Arc::clone(&counters));

        let tasks = TaskTracker::new();
        let about = About { known, scraped: scrape.said() };
        let interval = scrape.interval;
        scrape::start(scrape, &pipeline, &tasks, &stop);
        let forward =
            forward.as_ref().map(|config| Forward::start(config, &tasks, stop.clone())).transpose()?;
        let further = Further { debug, forward, ..Further::default() };
        let (current, forward) = (further.current.clone(), further.forward.as_ref().map(Forward::watch));
        let news = further.news.clone();
        tasks.spawn(pipeline::run(queue, writer, further, Arc::clone(&counters)));
        let [http, grpc] = addresses;
        let setup = Setup { caps, http, grpc, needs_token: config.bearer_token.is_some(), knows_senders };
        let observatory = Observatory {
            reader,
            counters,
            gauge: pipeline.gauge(),
            forward,
            setup,
            about: Arc::new(about),
            news,
            stop: stop.clone(),
        };

        let token = config.bearer_token.as_ref().map(BearerToken::new);
        let status = status(current, observatory.clone());
        let account =
            account::keep(status.health.clone(), status.address.clone(), interval, pipeline.clone());
        let stopped = stop.clone();
        tasks.spawn(async move { stopped.run_until_cancelled(account).await });
        let [http, grpc] = routers(&pipeline, status, token);
        tasks.spawn(serve(http_door, http, stop.clone()));
        tasks.spawn(serve(grpc_door, grpc, stop));
        tasks.close();
        Ok(Self { pipeline, observatory, tasks })
    }

    /// Pages, assets and JSON under `/observatory`. They are readable by whoever reaches the router: guard it.
    ///
    /// Pages that follow what happens hold a connection; `stop` ends it.
    pub fn observatory_router(&self, stop: CancellationToken) -> Router {
        observatory::router(Observatory { stop, ..self.observatory.clone() })
    }

    /// Where OTLP over HTTP arrives.
    pub fn http_address(&self) -> SocketAddr {
        self.observatory.setup.http
    }

    /// Where OTLP over gRPC arrives.
    pub fn grpc_address(&self) -> SocketAddr {
        self.observatory.setup.grpc
    }

    /// The state at this moment: is the pipeline turning, how full is what.
    pub fn health(&self) -> Health {
        self.observatory.health(now::unix_nanos())
    }

    /// Returns when everything that was taken before is stored and can be read.
    pub async fn flush(&self) {
        self.pipeline.flush().await;
    }

    /// Waits for the end that the token of [`Collector::start`] orders: requests under way end, what was taken is
    /// stored, the file is closed.
    pub async fn wait(self) {
        drop(self.pipeline);
        self.tasks.wait().await;
        self.observatory.reader.close().await;
    }
}

fn status(current: Current, observatory: Observatory) -> Status {
    let address = observatory.setup.http.to_string();
    Status { current, health: Arc::new(move |now_ns| observatory.health(now_ns)), address }
}

/// What is served at the door for HTTP and at the one for gRPC; they share the memory that requests may take.
fn routers(pipeline: &Pipeline, status: Status, token: Option<BearerToken>) -> [Router; 2] {
    let budget = Budget::new();
    let http = receive::http::router(pipeline.clone(), budget.clone());
    let http = http.merge(receive::status::router(status));
    [guarded(http, token.clone()), guarded(receive::grpc::router(pipeline.clone(), budget), token)]
}

fn refuse_exposed(addresses: [SocketAddr; 2]) -> Result<(), StartError> {
    let exposed = addresses.into_iter().find(|address| !address.ip().is_loopback());
    exposed.map_or(Ok(()), |address| Err(StartError::Exposed(address)))
}

fn guarded(router: Router, token: Option<BearerToken>) -> Router {
    match token {
        Some(token) => router.layer(middleware::from_fn_with_state(token, require_token)),
        None => router,
    }
}
