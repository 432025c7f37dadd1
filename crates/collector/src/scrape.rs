//! Numbers that infrastructure does not send by itself: the collector asks for them once a minute.
//!
//! Names, units, types and attributes are those of OpenTelemetry's contrib receivers (`postgresqlreceiver` with its
//! semantic-convention attributes, `redisreceiver`, `rabbitmqreceiver`), so that dashboards fit both. What is read goes
//! through the same pipeline as what arrives. A target that does not answer is `up` = 0 and one log line.

mod postgres;
mod rabbitmq;
mod redis;
mod sheet;
mod target;

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use target::{Target, TargetError};

pub(crate) use self::sheet::Sheet;
use crate::{now, pipeline::Pipeline};

/// What is asked, and how often.
#[derive(Debug)]
pub struct ScrapeConfig {
    /// Whom to ask.
    pub targets: Vec<Target>,
    /// How often.
    pub interval: Duration,
    /// Whoever takes longer to answer has not answered.
    pub timeout: Duration,
}

impl Default for ScrapeConfig {
    /// Nobody; once a minute, for at most 15 seconds.
    fn default() -> Self {
        Self { targets: Vec::new(), interval: Duration::from_mins(1), timeout: Duration::from_secs(15) }
    }
}

impl ScrapeConfig {
    /// What is asked, for people: no secrets.
    pub(crate) fn said(&self) -> Vec<String> {
        let every = self.interval.as_secs();
        self.targets.iter().map(|target| format!("{target:?}, every {every} s")).collect()
    }
}

/// Why a target told nothing; without what is secret in its address.
#[derive(Debug, thiserror::Error)]
enum ScrapeError {
    #[error("it did not answer within {0:?}")]
    TimedOut(Duration),
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    Network(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("it answers: {0}")]
    Refused(String),
}

/// Starts a task for each target. They end with `stop`.
pub(crate) fn start(
    config: ScrapeConfig,
    pipeline: &Pipeline,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let ScrapeConfig { targets, interval, timeout } = config;
    for target in targets {
        let (pipeline, stop) = (pipeline.clone(), stop.clone());
        tasks.spawn(async move {
            stop.run_until_cancelled(follow(target, (interval, timeout), pipeline)).await;
        });
    }
}

async fn follow(target: Target, (interval, timeout): (Duration, Duration), pipeline: Pipeline) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut was_up, mut start_ns) = (true, 0);
    loop {
        ticks.tick().await;
        let (sheet, failure) = look(&target, start_ns, timeout).await;
        start_ns = sheet.start_ns;
        tell(&target, failure.as_ref(), &mut was_up);
        // A full queue refuses this as it refuses senders; the next minute asks again.
        let _ = pipeline.offer(sheet.into_export(), target.receiver());
    }
}

/// One line when a target goes down, one when it comes back.
fn tell(target: &Target, failure: Option<&ScrapeError>, was_up: &mut bool) {
    match failure {
        Some(error) if *was_up => {
            tracing::warn!(name: "collector.scrape.down", target_kind = target.kind(), address = %target.address(), error = %error, "a target cannot be asked for its metrics");
        }
        None if !*was_up => {
            tracing::info!(name: "collector.scrape.up", target_kind = target.kind(), address = %target.address(), "a target answers again");
        }
        _ => (),
    }
    *was_up = failure.is_none();
}

/// Asks once. What was read before a failure is kept, and a server of which only a part says nothing is up. `start_ns`
/// is when it started, as far as is known.
async fn look(target: &Target, start_ns: u64, timeout: Duration) -> (Sheet, Option<ScrapeError>) {
    let mut sheet = Sheet::new(target.kind(), target.address(), now::unix_nanos());
    sheet.start_ns = start_ns;
    let asked = tokio::time::timeout(timeout, ask(target, &mut sheet)).await;
    let failure = asked.unwrap_or(Err(ScrapeError::TimedOut(timeout))).err().filter(|_| !sheet.is_answered);
    sheet.gauge(("up", ""), i64::from(failure.is_none()), &[]);
    (sheet, failure)
}

async fn ask(target: &Target, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    match target {
        Target::Postgres(server) => postgres::read(server, sheet).await,
        Target::Redis(server) => redis::read(server, sheet).await,
        Target::Rabbitmq(server) => rabbitmq::read(server, sheet).await,
    }
}
