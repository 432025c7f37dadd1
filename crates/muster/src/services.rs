//! The four services of `muster up`: which loops each of them runs.

use crate::failure::Failure;
use crate::listeners::Bound;
use crate::service::Service;
use crate::settings::Settings;
use crate::wiring::{self, Rooms, Telemetries};
use actions::{Ctx, relay};
use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use bot::BotConfig;
use collector::Frame;
use domain::UserId;
use domain::due::Duty;
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;
use telemetry::Secret;
use tokio_util::sync::CancellationToken;
use url::Url;
use web::{App, Live, PracticePerson, PracticeSignIn, SignedIn, WebConfig};

/// How often old events and answers are swept away.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// How often the database is asked whether it is there.
const DATABASE_EVERY: Duration = Duration::from_secs(5);

/// What the services are started with.
pub(crate) struct Plan<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) rooms: &'a Rooms,
    pub(crate) telemetries: &'a Telemetries,
    pub(crate) practice: Option<SocketAddr>,
    pub(crate) stop: &'a CancellationToken,
}

impl Plan<'_> {
    /// Starts all four; what runs stands in `running` also when a later one can't be started.
    pub(crate) fn start(
        &self,
        running: &mut Vec<Service>,
        (dashboard, token): (Bound, Secret<String>),
        observatory: Router,
    ) -> Result<(), Failure> {
        running.push(self.bot(dashboard.address, token)?);
        running.push(self.daemon(Duty::Notify)?);
        running.push(self.daemon(Duty::Transition)?);
        running.push(self.api(dashboard, observatory)?);
        Ok(())
    }

    fn api(&self, dashboard: Bound, observatory: Router) -> Result<Service, Failure> {
        let ctx = self.rooms.ctx(&self.telemetries.api);
        let stop = self.stop.clone();
        let live = Live::new();
        let app = App {
            ctx: ctx.clone(),
            config: self.web_config(dashboard.address)?,
            live: live.clone(),
            extra: framed(observatory, self.practice_url()),
        };
        let work = async move {
            let follow = relay::follow(ctx.clone(), stop.clone(), move |event| live.tell(event));
            let beside =
                beside(&ctx, &stop, [boxed(follow), boxed(watch_database(ctx.clone(), stop.clone()))]);
            let listener = dashboard.into_tokio().map_err(|error| error.to_string())?;
            let served = web::serve(listener, app, stop.clone()).await;
            finish(ctx, beside).await;
            served.map_err(|error| error.to_string())
        };
        Service::start(&self.telemetries.api, work)
    }

    fn bot(&self, dashboard: SocketAddr, token: Secret<String>) -> Result<Service, Failure> {
        let ctx = self.rooms.ctx(&self.telemetries.bot);
        let stop = self.stop.clone();
        let address = self.public_url(dashboard)?.as_str().trim_end_matches('/').to_owned();
        let config = BotConfig { token, dashboard: Some(address), shards: NonZeroU32::MIN };
        Service::start(&self.telemetries.bot, async move {
            let beside = beside(&ctx, &stop, []);
            let ended = bot::run(ctx.clone(), config, stop).await;
            finish(ctx, beside).await;
            ended.map_err(|error| error.to_string())
        })
    }

    fn daemon(&self, duty: Duty) -> Result<Service, Failure> {
        let telemetry = match duty {
            Duty::Notify => &self.telemetries.notification,
            Duty::Transition => &self.telemetries.status_transition,
        };
        let ctx = self.rooms.ctx(telemetry);
        let stop = self.stop.clone();
        Service::start(telemetry, async move {
            let sweeping = (duty == Duty::Transition).then(|| boxed(sweep(ctx.clone(), stop.clone())));
            let beside = beside(&ctx, &stop, sweeping);
            scheduler::run(ctx.clone(), duty, stop).await;
            finish(ctx, beside).await;
            Ok(())
        })
    }

    fn web_config(&self, dashboard: SocketAddr) -> Result<WebConfig, Failure> {
        let people = practice::cast::people().iter().map(|person| PracticePerson {
            id: UserId::new(person.id),
            name: person.global_name.to_owned(),
            about: about(person),
        });
        Ok(WebConfig {
            public_url: self.public_url(dashboard)?,
            practice_url: self.practice_url(),
            practice: self.practice.map(|_| PracticeSignIn { people: people.collect() }),
            version: crate::VERSION.to_owned(),
        })
    }

    fn practice_url(&self) -> Option<String> {
        self.practice.map(|address| format!("http://{address}"))
    }

    fn public_url(&self, dashboard: SocketAddr) -> Result<Url, Failure> {
        match &self.settings.public_url {
            Some(url) => Ok(url.clone()),
            None => wiring::http_url("MUSTER_LISTEN", &format!("http://{dashboard}")),
        }
    }
}

/// The Observatory in the dashboard's frame. Its pages travel compressed, so they carry no form's token.
fn framed(observatory: Router, practice_url: Option<String>) -> Router {
    observatory.layer(map_request(move |mut request: Request| {
        let viewer = request.extensions().get().map(|it: &SignedIn| (it.name.clone(), String::new()));
        let frame = Frame { viewer, practice_url: practice_url.clone(), ..Frame::default() };
        request.extensions_mut().insert(frame);
        std::future::ready(request)
    }))
}

/// Who somebody is in the practice guild, in a few words.
fn about(person: &practice::cast::Person) -> String {
    if person.is_owner {
        return "Owner".to_owned();
    }
    let roles = practice::cast::roles().iter().filter(|role| person.roles.contains(&role.id));
    let names: Vec<_> = roles.map(|role| role.name).collect();
    if names.is_empty() { "Member".to_owned() } else { names.join(", ") }
}

type Work = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn boxed(work: impl Future<Output = ()> + Send + 'static) -> Work {
    Box::pin(work)
}

/// Starts what runs beside a service's main loop: its relay, and more.
fn beside(
    ctx: &Ctx,
    stop: &CancellationToken,
    more: impl IntoIterator<Item = Work>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let relay = boxed(relay::run(ctx.clone(), stop.clone()));
    std::iter::once(relay).chain(more).map(telemetry::spawn).collect()
}

/// Waits for what ran beside, and for what goes on after answers were given.
async fn finish(ctx: Ctx, beside: Vec<tokio::task::JoinHandle<()>>) {
    for task in beside {
        // A panic there has been logged; the service itself has ended well.
        let _ = task.await;
    }
    ctx.background.close();
    ctx.background.wait().await;
}

/// Forgets, every hour, what nobody asks for any more.
async fn sweep(ctx: Ctx, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await.is_some() {
        match actions::sweep(&ctx).await {
            Ok(rows) => tracing::info!(name: "sweep.done", { rows }, "Old rows were swept away."),
            Err(error) => tracing::warn!(
                name: "sweep.failed",
                { error.r#type = %error.error_type() },
                "Old rows could not be swept away; the next hour tries again."
            ),
        }
    }
}

/// Says whether the database is there and its schema complete.
async fn watch_database(ctx: Ctx, stop: CancellationToken) {
    let gate = ctx.readiness.gate("database");
    loop {
        match ctx.quiet.migration_state().await {
            Ok(state) if state.pending() == 0 => gate.open(),
            Ok(state) => gate.close(format!("{} migrations are pending.", state.pending())),
            Err(_) => gate.close("The database can't be reached."),
        }
        if stop.run_until_cancelled(tokio::time::sleep(DATABASE_EVERY)).await.is_none() {
            return;
        }
    }
}
