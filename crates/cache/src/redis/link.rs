//! The one connection to the server, and the breaker in front of it.
//!
//! Built on redis' multiplexed connection and not on its `ConnectionManager`: that one keeps a connection whose
//! answers don't come (a half-open one is noticed after the kernel's quarter of an hour), and makes everybody
//! wait while it dials again.

use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult};
use clock::Chance;
use telemetry::{CacheCall, CacheSystem, Secret, Span, Telemetry};
use tokio::time::{Instant, timeout};

use super::place::{self, Place, RedisConfigError};

/// How long an answer, or a connection, may take.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long nothing is asked after an answer that didn't come; doubled with each further one.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_DOUBLINGS_MAX: u32 = 3;
/// Requests that may wait to be written.
const QUEUE: usize = 1_024;

/// The name of a call for its span: `{name} {prefix}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) prefix: &'static str,
}

/// Redis is away, or said no: the caller goes on without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer;

#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    place: Place,
    chance: Chance,
    state: Mutex<State>,
    dialling: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// Counts connections, so that what comes late of an old one costs nothing of the new one.
    generation: u64,
    /// Whether this connection has ever answered.
    proved: bool,
    failures: u32,
    not_before: Option<Instant>,
    /// Until when an answer is no sign of health: a server that takes no writes still answers reads.
    on_probation_until: Option<Instant>,
    /// Why it is away, as the log says and people may see it; none while it is there.
    away: Option<Cow<'static, str>>,
}

impl Link {
    pub(crate) fn to(url: &Secret<String>, chance: Chance) -> Result<Self, RedisConfigError> {
        let (client, place) = place::client(url)?;
        let (state, dialling) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self { client, place, chance, state, dialling })
    }

    /// Asks the server, in a span, which the answer comes with; does nothing at all while the breaker is open.
    pub(crate) async fn ask<T, F>(
        &self,
        telemetry: &Telemetry,
        operation: Operation,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<(T, Span), NoAnswer>
    where
        F: Future<Output = RedisResult<T>>,
    {
        if self.is_open() {
            return Err(NoAnswer);
        }
        let Operation { name, prefix } = operation;
        let span = telemetry.cache(CacheCall { system: CacheSystem::Redis, operation: name, prefix });
        self.place.describe(&span);
        match span.run(self.attempt(ask)).await {
            Ok(answer) => Ok((answer, span)),
            Err(error) => {
                span.fail(error_type(&error), &error);
                Err(NoAnswer)
            }
        }
    }

    /// Asks the server in no span, and gives why it is away if it is; asks nothing while the breaker is open.
    pub(crate) async fn probe<T, F>(
        &self,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Cow<'static, str>>
    where
        F: Future<Output = RedisResult<T>>,
    {
        if self.is_open() {
            return Err(self.state().away.clone().unwrap_or_default());
        }
        self.attempt(ask).await.map_err(|error| reason(&error))
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    async fn attempt<T, F>(&self, ask: impl FnOnce(MultiplexedConnection) -> F) -> RedisResult<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let (connection, generation) = self.connection().await?;
        let answer = timeout(PATIENCE, ask(connection)).await.unwrap_or_else(|_| Err(timed_out()));
        match &answer {
            Err(error) if is_fatal(error) => self.lose(generation, error),
            _ => self.prove(generation),
        }
        answer
    }

    /// Whether nothing is to be asked: the pause is not over, or somebody is trying whether it may be.
    fn is_open(&self) -> bool {
        let state = self.state();
        let pauses = state.not_before.is_some_and(|at| at > Instant::now());
        let is_tried = state.failures > 0 && !state.proved && self.dialling.try_lock().is_err();
        state.connection.is_none() && (pauses || is_tried)
    }

    async fn connection(&self) -> RedisResult<(MultiplexedConnection, u64)> {
        if let Some(connected) = self.connected() {
            return Ok(connected);
        }
        let _dialling = self.dialling.lock().await;
        if let Some(connected) = self.connected() {
            return Ok(connected);
        }
        if self.state().not_before.is_some_and(|at| at > Instant::now()) {
            return Err(timed_out());
        }
        // Dialling is rare, and its future ten times as large as all others.
        Box::pin(self.dial()).await
    }

    fn connected(&self) -> Option<(MultiplexedConnection, u64)> {
        let state = self.state();
        Some((state.connection.clone()?, state.generation))
    }

    async fn dial(&self) -> RedisResult<(MultiplexedConnection, u64)> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_pipeline_buffer_size(QUEUE);
        let dialled = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let generation = self.state().generation;
        match dialled {
            Ok(connection) => {
                let mut state = self.state();
                (state.connection, state.proved) = (Some(connection.clone()), false);
                Ok((connection, generation))
            }
            Err(error) => {
                self.lose(generation, &error);
                Err(error)
            }
        }
    }

    /// A connection that served and was closed is replaced at once; after silence, after a refusal, and where
    /// there is none to be had, comes a pause.
    fn lose(&self, generation: u64, error: &RedisError) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        if !state.proved || error.is_timeout() || is_refusal(error) {
            let not_before = Instant::now() + self.pause(state.failures);
            state.failures += 1;
            state.not_before = Some(not_before);
            state.on_probation_until = is_refusal(error).then(|| not_before + PAUSE_FIRST);
        }
        (state.connection, state.proved) = (None, false);
        state.generation += 1;
        if state.away.replace(reason(error)).is_none() {
            drop(state);
            tracing::warn!(
                name: "cache.away",
                target: "cache",
                { server.address = %self.place, error.r#type = %error_type(error), exception.message = %error },
                "Redis is away, {}: values are loaded without it, and calls to Discord keep to a lower rate.",
                reason(error)
            );
        }
    }

    fn prove(&self, generation: u64) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        state.proved = true;
        if state.on_probation_until.is_some_and(|at| at > Instant::now()) {
            return;
        }
        (state.failures, state.not_before, state.on_probation_until) = (0, None, None);
        if state.away.take().is_some() {
            drop(state);
            tracing::info!(name: "cache.back", target: "cache", { server.address = %self.place }, "Redis is back.");
        }
    }

    /// Four to five fifths of what is due, so that not all processes come at once.
    fn pause(&self, failures: u32) -> Duration {
        let pause = PAUSE_FIRST * 2_u32.pow(failures.min(PAUSE_DOUBLINGS_MAX));
        let off = self.chance.below(super::millis(pause) / 5);
        pause.saturating_sub(Duration::from_millis(off))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn timed_out() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

/// Whether the connection is good for nothing any more, or leads to a server that isn't.
fn is_fatal(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error() || is_refusal(error)
}

/// Whether the server would refuse others, too: it is full, reading its data, a replica by now, or we may not.
fn is_refusal(error: &RedisError) -> bool {
    const CODES: [&str; 9] = [
        "OOM",
        "LOADING",
        "READONLY",
        "MASTERDOWN",
        "CLUSTERDOWN",
        "MISCONF",
        "NOREPLICAS",
        "BUSY",
        "NOAUTH",
    ];
    error.code().is_some_and(|code| CODES.contains(&code)) || is_forbidden(error)
}

/// What a script may not do is refused without a code of its own.
pub(crate) fn is_forbidden(error: &RedisError) -> bool {
    error.code() == Some("NOPERM") || error.to_string().contains("user executing the script")
}

/// The same for people, in words that hold nothing of what the server said but its code.
fn reason(error: &RedisError) -> Cow<'static, str> {
    match error.code() {
        _ if error.kind() == ErrorKind::AuthenticationFailed => "it refuses user or password".into(),
        _ if error.is_timeout() => "it does not answer".into(),
        _ if error.is_connection_refusal() => "nothing listens there".into(),
        _ if error.is_io_error() => "the connection ended".into(),
        Some(code) => format!("it answers {code}").into(),
        None => "it does not speak as Redis does".into(),
    }
}

/// One of few words, or the first word of the server's own.
fn error_type(error: &RedisError) -> Cow<'static, str> {
    match error.code() {
        _ if error.is_timeout() => "timeout".into(),
        _ if error.is_io_error() => "connection".into(),
        Some(code) => code.to_owned().into(),
        None if error.kind() == ErrorKind::AuthenticationFailed => "authentication".into(),
        None => "unreadable".into(),
    }
}
