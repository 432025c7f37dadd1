//! `muster api`, `bot`, `notification-daemon`, `status-transition-daemon`: one service in a process of its own, on
//! engines that it shares with the others. Any number of each may run.

use crate::banner;
use crate::engines;
use crate::failure::Failure;
use crate::lifecycle::{self, End, Signals};
use crate::listeners::Bound;
use crate::practice_clock::{self, PracticeTime};
use crate::reload::Reload;
use crate::service::{self, Service};
use crate::services::Plan;
use crate::settings::Settings;
use crate::wiring::{self, Rooms};
use actions::{Gate, Readiness};
use axum::Router;
use clock::{Chance, Clock};
use domain::due::Duty;
use std::process::ExitCode;
use std::time::Duration;
use telemetry::{Secret, ServiceName, Telemetry};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use web::Health;

/// For the last logs, traces and metrics.
const FLUSH: Duration = Duration::from_secs(5);

/// From being asked to stop until the API takes no connection any more.
const LINGER: Duration = Duration::from_secs(2);

/// Which service the process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Api,
    Bot,
    NotificationDaemon,
    StatusTransitionDaemon,
}

impl Role {
    /// What has to be said to work before the process is ready. Known from the beginning, so that nobody takes it for
    /// ready who asks between two of its steps.
    const fn awaits(self) -> &'static [&'static str] {
        match self {
            Self::Bot => &["process", "database", "bus", "cache", "discord gateway"],
            Self::Api | Self::NotificationDaemon | Self::StatusTransitionDaemon => {
                &["process", "database", "bus", "cache"]
            }
        }
    }

    const fn service(self) -> ServiceName {
        match self {
            Self::Api => ServiceName::Api,
            Self::Bot => ServiceName::Bot,
            Self::NotificationDaemon => ServiceName::NotificationDaemon,
            Self::StatusTransitionDaemon => ServiceName::StatusTransitionDaemon,
        }
    }

    /// The bot's token, for those who call Discord; a daemon has none, so that nobody can take it from there.
    fn token(self, settings: &Settings) -> Result<Secret<String>, Failure> {
        match self {
            Self::Api | Self::Bot => settings.needs_token(),
            Self::NotificationDaemon | Self::StatusTransitionDaemon => Ok(Secret::default()),
        }
    }
}

/// Runs the service until it is asked to stop.
pub(crate) fn run(settings: Settings, role: Role) -> Result<ExitCode, Failure> {
    settings.needs_engines()?;
    let token = role.token(&settings)?;
    let doors = Doors::bind(&settings, role)?;
    let chance = Chance::from_os()?;
    let config = wiring::telemetry_of(&settings, settings.otlp_http, (&Clock::System, &chance))?;
    let telemetry = Telemetry::init(role.service(), &config)?;
    telemetry.observe_process();
    tracing::dispatcher::set_global_default(telemetry.log_dispatch())
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    let ground = service::runtime("muster", &telemetry, settings.workers)?;
    let process = Process { settings, role, telemetry, chance, token, stop: CancellationToken::new() };
    let mut running = Vec::new();
    let end = ground.block_on(process.live(doors, &mut running));
    for service in running {
        service.close();
    }
    ground.shutdown_timeout(FLUSH);
    end.map(|()| ExitCode::SUCCESS)
}

/// What the process listens on.
struct Doors {
    health: Bound,
    /// The dashboard and the listener for siblings; the API's alone.
    api: Option<(Bound, Bound)>,
}

impl Doors {
    fn bind(settings: &Settings, role: Role) -> Result<Self, Failure> {
        let api = match role {
            Role::Api => Some((
                Bound::bind(settings.listen, "MUSTER_LISTEN")?,
                Bound::bind(settings.internal.listen, "MUSTER_INTERNAL_LISTEN")?,
            )),
            _ => None,
        };
        Ok(Self { health: Bound::bind(settings.health, "MUSTER_HEALTH_LISTEN")?, api })
    }
}

struct Process {
    settings: Settings,
    role: Role,
    telemetry: Telemetry,
    chance: Chance,
    token: Secret<String>,
    stop: CancellationToken,
}

/// What scripts and people read: where it listens.
fn lines(role: Role, doors: &Doors) -> Vec<String> {
    let name = role.service().as_str();
    let mut lines = vec![
        format!("Muster's {name} is running. Ctrl-C stops it."),
        format!("  health       http://{}", doors.health.address),
    ];
    if let Some((dashboard, internal)) = &doors.api {
        lines.push(format!("  dashboard    http://{}", dashboard.address));
        lines.push(format!("  internal     http://{}", internal.address));
    }
    lines.push(format!("  version      {}", crate::VERSION));
    lines
}

impl Process {
    /// However it ends, what has been told of it is sent.
    async fn live(self, doors: Doors, running: &mut Vec<Service>) -> Result<(), Failure> {
        let mut beside = Vec::new();
        let ended = self.work(doors, running, &mut beside).await;
        self.stop.cancel();
        for task in beside {
            // A panic there has been logged.
            let _ = task.await;
        }
        if let Err(error) = self.telemetry.shutdown(FLUSH).await {
            tracing::warn!(name: "telemetry.flush_failed", { reason = %error }, "Some telemetry was lost.");
        }
        ended
    }

    async fn work(
        &self,
        doors: Doors,
        running: &mut Vec<Service>,
        beside: &mut Vec<JoinHandle<()>>,
    ) -> Result<(), Failure> {
        let mut signals = Signals::listen()?;
        let readiness = Readiness::default();
        for name in self.role.awaits() {
            readiness.gate(name);
        }
        banner::say(&lines(self.role, &doors));
        let Doors { health, api } = doors;
        beside.push(self.answer(health, &readiness)?);
        let opening = async {
            let clock = practice_clock::of(&self.settings).await?;
            beside.extend(self.follow(&clock)?);
            self.rooms(&clock, readiness).await
        };
        let opened = tokio::select! {
            opened = opening => opened?,
            () = signals.asked_to_stop() => None,
        };
        match opened {
            Some(rooms) => self.serve(&rooms, api, (running, &mut signals)).await,
            None => Ok(()),
        }
    }

    /// Answers supervisors from the beginning: a process that waits for its database is alive and not ready.
    fn answer(&self, health: Bound, readiness: &Readiness) -> Result<JoinHandle<()>, Failure> {
        let listener = health.into_tokio()?;
        let health = Health {
            readiness: readiness.clone(),
            version: crate::VERSION.to_owned(),
            stop: self.stop.child_token(),
        };
        Ok(telemetry::spawn(async move {
            if let Err(error) = web::serve_health(listener, health).await {
                tracing::error!(name: "health.stopped", { reason = %error }, "Supervisors are not answered any more.");
            }
        }))
    }

    fn follow(&self, clock: &Clock) -> Result<Option<JoinHandle<()>>, Failure> {
        let (Some(url), Clock::Practice(clock)) = (&self.settings.practice_url, clock) else {
            return Ok(None);
        };
        let following = PracticeTime::new(url)?.follow(clock.clone(), self.stop.child_token());
        Ok(Some(telemetry::spawn(following)))
    }

    /// Builds the rooms on the engines; none when the process is stopped while it waits for them.
    async fn rooms(&self, clock: &Clock, readiness: Readiness) -> Result<Option<Rooms>, Failure> {
        let bus = engines::bus(&self.settings, self.role.service().as_str())?;
        bus.declare(actions::relay::BOT_QUEUE);
        let cache = engines::cache(&self.settings, &self.chance)?;
        let (api, token) = (&self.settings.discord_api, self.token.clone());
        let discord = wiring::discord(api, token, (&self.telemetry, &self.chance, &cache))?;
        let database = engines::database(&self.settings, None)?;
        let service = (&self.telemetry, clock);
        let Some(store) = engines::complete_store(&database, service, (&readiness, &self.stop)).await? else {
            return Ok(None);
        };
        let (clock, chance) = (clock.clone(), self.chance.clone());
        Ok(Some(Rooms { store, bus, cache, discord, clock, chance, readiness }))
    }

    async fn serve(
        &self,
        rooms: &Rooms,
        api: Option<(Bound, Bound)>,
        (running, signals): (&mut Vec<Service>, &mut Signals),
    ) -> Result<(), Failure> {
        let plan = Plan {
            settings: &self.settings,
            rooms,
            practice: self.settings.practice_url.clone(),
            key: self.settings.internal.shared_key()?,
            stop: &self.stop,
        };
        let process = rooms.readiness.gate("process");
        running.push(self.start(&plan, api)?);
        process.open();
        let beside = engines::watch(&self.settings, rooms, self.role == Role::Bot, &self.stop);
        let mut reload = Reload::listen(&self.settings, &[&self.telemetry], self.settings.otlp_http)?;
        let end = reload.during(lifecycle::wait(running, signals)).await;
        tracing::info!(name: "process.stopping", "Asked to stop: what has begun is finished.");
        if matches!(end, End::Asked) {
            self.take_leave(&process, signals).await;
        }
        let stopped = lifecycle::stop(running, &self.stop, signals).await;
        for task in beside {
            // A panic there has been logged.
            let _ = task.await;
        }
        engines::leave(rooms).await;
        match end {
            End::Asked => stopped,
            End::Died(name, why) => Err(Failure::ServiceDied(name, why)),
        }
    }

    /// Says that it is not ready any more. The API serves on for a moment: whoever spreads requests over several of it
    /// has to notice first.
    async fn take_leave(&self, process: &Gate, signals: &mut Signals) {
        process.close("It is stopping.");
        if self.role == Role::Api {
            lifecycle::linger(LINGER, signals).await;
        }
    }

    fn start(&self, plan: &Plan<'_>, api: Option<(Bound, Bound)>) -> Result<Service, Failure> {
        let telemetry = &self.telemetry;
        let siblings = self.settings.internal.url.clone();
        match (self.role, api) {
            (Role::Api, Some(doors)) => plan.api(telemetry, doors, Router::new()),
            (Role::Bot | Role::Api, _) => {
                let dashboard = plan.public_url(self.settings.listen)?;
                plan.bot(telemetry, (dashboard, self.token.clone()))
            }
            (Role::NotificationDaemon, _) => plan.daemon(telemetry, (Duty::Notify, siblings)),
            (Role::StatusTransitionDaemon, _) => plan.daemon(telemetry, (Duty::Transition, siblings)),
        }
    }
}
