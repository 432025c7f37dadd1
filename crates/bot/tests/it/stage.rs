//! The whole bot-service in a house: bot, relay and daemons on threads of their own.

use actions::{Ctx, Readiness};
use bot::{BotConfig, BotError};
use domain::due::Duty;
use scheduler::{Daemon, Hints};
use std::num::NonZeroU32;
use std::ops::Deref;
use telemetry::ServiceName;
use testkit::{GUILD, House, actor};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) struct Stage {
    house: House,
    running: Option<Running>,
}

/// One more bot in the house.
pub(crate) struct Another {
    pub(crate) readiness: Readiness,
    bot: JoinHandle<Result<(), BotError>>,
    stop: CancellationToken,
}

impl Another {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.bot.await.unwrap().unwrap();
    }
}

struct Running {
    bot: JoinHandle<Result<(), BotError>>,
    daemons: Vec<JoinHandle<()>>,
    stop: CancellationToken,
    runtime: Runtime,
}

/// A daemon that hurries nobody.
fn daemon(ctx: Ctx, duty: Duty) -> Daemon {
    Daemon { ctx, duty, hints: Hints::none() }
}

impl Deref for Stage {
    type Target = House;

    fn deref(&self) -> &House {
        &self.house
    }
}

impl Stage {
    /// Everything set up and running, the guild known.
    pub(crate) async fn set() -> Self {
        let mut stage = Self::dark().await;
        stage.run();
        stage
            .until("the guild is known", async |house| {
                let known = actions::guilds::show(&house.ctx, &actor("ada"), GUILD).await.is_ok();
                known && house.ctx.readiness.is_ready()
            })
            .await;
        stage
    }

    /// Everything set up, nothing running.
    pub(crate) async fn dark() -> Self {
        Self { house: House::open(ServiceName::Bot).await, running: None }
    }

    /// Starts the bot, the relay and the daemons, on threads of their own and with connections of their own.
    pub(crate) fn run(&mut self) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let _entered = runtime.enter();
        let stop = CancellationToken::new();
        let ctx = self.ctx_elsewhere();
        let config = BotConfig { token: self.token(), dashboard: None, shards: NonZeroU32::MIN };
        let bot = telemetry::spawn(bot::run(ctx.clone(), config, stop.clone()));
        let daemons = vec![
            telemetry::spawn(actions::relay::run(ctx.clone(), stop.clone())),
            telemetry::spawn(scheduler::run(daemon(ctx.clone(), Duty::Notify), stop.clone())),
            telemetry::spawn(scheduler::run(daemon(ctx, Duty::Transition), stop.clone())),
        ];
        self.running = Some(Running { bot, daemons, stop, runtime });
    }

    /// Starts one more bot, which holds some of so many connections.
    pub(crate) fn another(&self, shards: u32) -> Another {
        let readiness = Readiness::default();
        let ctx = Ctx { readiness: readiness.clone(), ..self.ctx_elsewhere() };
        let shards = NonZeroU32::new(shards).unwrap();
        let config = BotConfig { token: self.token(), dashboard: None, shards };
        let stop = CancellationToken::new();
        let bot = telemetry::spawn(bot::run(ctx, config, stop.clone()));
        Another { readiness, bot, stop }
    }

    /// Stops the bot and the daemons in good order.
    pub(crate) async fn halt(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.stop.cancel();
        running.bot.await.unwrap().unwrap();
        for daemon in running.daemons {
            daemon.await.unwrap();
        }
        running.runtime.shutdown_background();
    }

    /// Cuts the bot and the daemons off where they are.
    pub(crate) async fn crash(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.runtime.shutdown_background();
        // Those that were cut off say so; then nothing of them runs any more.
        let _ = running.bot.await;
        for daemon in running.daemons {
            let _ = daemon.await;
        }
    }

    /// Ends everything; whoever was there to the end has left nothing lying about.
    pub(crate) async fn strike(mut self) {
        if self.running.is_some() {
            self.assert_tidy().await;
        }
        self.halt().await;
        self.house.close().await;
    }
}
