//! `muster up`: everything in one process.

use crate::banner;
use crate::engines;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::lifecycle::{self, End, Signals};
use crate::listeners::{Bound, Listeners};
use crate::reload::Reload;
use crate::service::{self, Service};
use crate::services::Plan;
use crate::settings::Settings;
use crate::wiring::{self, Rooms, Telemetries};
use actions::Readiness;
use clock::{Chance, Clock};
use collector::Collector;
use practice::{Practice, PracticeConfig};
use std::process::ExitCode;
use std::time::Duration;
use store::Store;
use telemetry::Secret;
use tokio_util::sync::CancellationToken;
use url::Url;

/// For the last logs, traces and metrics of all services together.
const FLUSH: Duration = Duration::from_secs(5);
/// How long the start waits for every loop and connection before it says what to open.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// How often readiness is looked at meanwhile.
const READY_POLL: Duration = Duration::from_millis(20);

/// Binds the addresses, takes the data folder, builds the rooms, runs until asked to stop.
pub(crate) fn run(settings: Settings) -> Result<ExitCode, Failure> {
    // Whoever starts it twice is told of the folder, not of the port; and what can't start makes no folder.
    DataFolder::refuse_taken(&settings.data)?;
    if settings.practice_url.is_some() {
        let reason = "muster up has a practice Discord of its own; leave it out";
        return Err(Failure::setting("MUSTER_PRACTICE_URL", reason));
    }
    let listeners = Listeners::bind(&settings)?;
    let (clock, chance) = wiring::ambience(&settings)?;
    let telemetries = Telemetries::init(&settings, listeners.otlp_http.address, (&clock, &chance))?;
    // What is no service's own thread logs as the collector, which belongs to the whole process.
    telemetries.collector.observe_process();
    tracing::dispatcher::set_global_default(telemetries.collector.log_dispatch())
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    let ground = service::runtime("muster", &telemetries.collector, settings.workers)?;
    let folder = DataFolder::take(&settings.data)?;
    let process = Process { settings, folder, telemetries, clock, chance };
    let mut running = Vec::new();
    let end = ground.block_on(process.live(listeners, &mut running));
    for service in running {
        service.close();
    }
    ground.shutdown_timeout(FLUSH);
    end.map(|()| ExitCode::SUCCESS)
}

/// What the process has before any room is built.
struct Process {
    settings: Settings,
    folder: DataFolder,
    telemetries: Telemetries,
    clock: Clock,
    chance: Chance,
}

impl Process {
    /// However it ends, what has been told of it is sent.
    async fn live(self, listeners: Listeners, running: &mut Vec<Service>) -> Result<(), Failure> {
        let mut grounds = None;
        let ended = self.work(listeners, running, &mut grounds).await;
        self.close(grounds).await;
        ended
    }

    async fn work(
        &self,
        listeners: Listeners,
        running: &mut Vec<Service>,
        grounds: &mut Option<Grounds>,
    ) -> Result<(), Failure> {
        let mut signals = Signals::listen()?;
        let collector = listeners.otlp_http.address;
        let mut reload = Reload::listen(&self.settings, &self.telemetries.all(), collector)?;
        let addresses = listeners.addresses(&self.settings.data);
        let Listeners { dashboard, internal, practice, otlp_grpc, otlp_http } = listeners;
        // First of all: beside a damaged database nothing else is touched.
        let stop = CancellationToken::new();
        let readiness = Readiness::default();
        let Some(store) = self.store((&readiness, &stop), &mut signals).await? else { return Ok(()) };
        let grounds = grounds.insert(self.grounds((otlp_http, otlp_grpc), practice).await?);
        let (rooms, token) = self.rooms((store, readiness), grounds.practice.as_ref())?;
        self.recover(&rooms).await?;

        let plan = Plan {
            settings: &self.settings,
            rooms: &rooms,
            practice: Self::practice_page(grounds.practice.as_ref())?,
            key: self.settings.internal.key_or_random(&self.chance)?,
            stop: &stop,
        };
        let beside = engines::watch(&self.settings, &rooms, false, &stop);
        plan.start(
            (running, &self.telemetries),
            (dashboard, internal, token),
            reload.shown_in(grounds.collector.observatory_router(stop.clone())),
        )?;
        when_ready(&rooms.readiness).await;
        banner::print(&addresses);

        let end = reload.during(lifecycle::wait(running, &mut signals)).await;
        tracing::info!(name: "process.stopping", "Asked to stop: what has begun is finished.");
        let stopped = lifecycle::stop(running, &stop, &mut signals).await;
        for task in beside {
            // A panic there has been logged.
            let _ = task.await;
        }
        engines::leave(&rooms).await;
        match end {
            End::Asked => stopped,
            End::Died(name, why) => Err(Failure::ServiceDied(name, why)),
        }
    }

    /// Starts what the services stand on.
    async fn grounds(
        &self,
        (http, grpc): (Bound, Bound),
        practice: Option<Bound>,
    ) -> Result<Grounds, Failure> {
        let stop = CancellationToken::new();
        let config = self.settings.collector(self.folder.telemetry(), (http, grpc))?;
        let collector = Collector::start(config, stop.clone()).await?;
        let practice = match practice {
            Some(bound) => Some(self.practise(bound, &stop).await?),
            None => None,
        };
        Ok(Grounds { collector, practice, stop })
    }

    async fn practise(&self, bound: Bound, stop: &CancellationToken) -> Result<Practice, Failure> {
        let config = PracticeConfig {
            listener: bound.into_tokio()?,
            clock: self.clock.clone(),
            chance: self.chance.clone(),
            data: Some(self.folder.practice()),
            strict_limits: true,
            token: None,
        };
        Ok(Practice::start(config, stop.clone()).await?)
    }

    /// Builds the rooms, and says with which token the bot speaks to its Discord.
    fn rooms(
        &self,
        (store, readiness): (Store, Readiness),
        practice: Option<&Practice>,
    ) -> Result<(Rooms, Secret<String>), Failure> {
        let cache = engines::cache(&self.settings, &self.chance)?;
        let (api, token) = match (practice, &self.settings.bot_token) {
            (None, Some(token)) => (self.settings.discord_api.clone(), token.clone()),
            (Some(practice), _) => {
                let api = format!("http://{}/api/v10", practice.address());
                (wiring::http_url("MUSTER_PRACTICE", &api)?, Secret::new(practice.token().to_owned()))
            }
            (None, None) => return Err(Failure::setting("DISCORD_BOT_TOKEN", "there is none")),
        };
        let rooms = Rooms {
            store,
            bus: engines::bus(&self.settings, "muster")?,
            discord: wiring::discord(&api, token.clone(), (&self.telemetries.bot, &self.chance, &cache))?,
            cache,
            clock: self.clock.clone(),
            chance: self.chance.clone(),
            readiness,
        };
        // Before anybody publishes, so that nothing is without a queue.
        rooms.bus.declare(actions::relay::BOT_QUEUE);
        Ok((rooms, token))
    }

    /// Flushes what the services have still to tell, then ends what took it.
    async fn close(self, grounds: Option<Grounds>) {
        if grounds.is_none() && self.settings.telemetry.endpoint.is_none() {
            // It would go to a collector that has not begun to take anything.
            return;
        }
        let flushes = self.telemetries.all().map(|telemetry| telemetry.shutdown(FLUSH));
        for flushed in futures_util::future::join_all(flushes).await {
            if let Err(error) = flushed {
                tracing::warn!(name: "telemetry.flush_failed", { reason = %error }, "Some telemetry was lost.");
            }
        }
        let Some(grounds) = grounds else { return };
        grounds.stop.cancel();
        grounds.collector.flush().await;
        grounds.collector.wait().await;
        if let Some(practice) = grounds.practice {
            practice.wait().await;
        }
    }
}

/// What the services stand on and what outlives them: it takes the last deliveries and the last telemetry.
struct Grounds {
    collector: Collector,
    practice: Option<Practice>,
    stop: CancellationToken,
}

impl Process {
    /// Opens the database and brings it up to date; none when the process is stopped while it waits for a server.
    async fn store(
        &self,
        (readiness, stop): (&Readiness, &CancellationToken),
        signals: &mut Signals,
    ) -> Result<Option<Store>, Failure> {
        let config = engines::database(&self.settings, Some(&self.folder))?;
        let service = (&self.telemetries.api, &self.clock);
        let store = tokio::select! {
            opened = engines::store(&config, service, (readiness, stop)) => opened?,
            () = signals.asked_to_stop() => None,
        };
        if store.is_some() {
            engines::migrate(&self.settings, Some(&self.folder)).await?;
        }
        Ok(store)
    }

    /// The page of the practice Discord.
    fn practice_page(practice: Option<&Practice>) -> Result<Option<Url>, Failure> {
        let url = practice.map(|it| wiring::http_url("MUSTER_PRACTICE", &format!("http://{}", it.address())));
        url.transpose()
    }

    /// Takes over from a process that was cut off.
    async fn recover(&self, rooms: &Rooms) -> Result<(), Failure> {
        let ctx = rooms.ctx(&self.telemetries.api);
        let events = actions::relay::recover(&ctx).await?;
        // The folder is ours alone, so whoever held something in it is gone; a server has others, too.
        let claims = match self.settings.engines.database {
            None => actions::free_claims(&ctx).await?,
            Some(_) => 0,
        };
        if events + claims > 0 {
            tracing::info!(
                name: "process.recovered",
                { events, claims },
                "An earlier process was cut off; what it had begun goes on."
            );
        }
        Ok(())
    }
}

/// Waits until every loop turns and every connection stands, or for ten seconds: the addresses are worth
/// knowing then, too.
async fn when_ready(readiness: &Readiness) {
    let ready = async {
        while !readiness.is_ready() {
            tokio::time::sleep(READY_POLL).await;
        }
    };
    if tokio::time::timeout(READY_WITHIN, ready).await.is_err() {
        tracing::warn!(name: "process.not_ready", "Not everything is ready yet; /readyz says what is missing.");
    }
}
