//! The whole bot-service with what stands around it.

use actions::games::{self, CreateGame};
use actions::{Actor, Ctx, Door, Readiness};
use bot::{BotConfig, BotError};
use bus::Bus;
use cache::Cache;
use clock::{Chance, Clock, PracticeClock};
use discord::{Rest, RestConfig};
use domain::due::Duty;
use domain::{Game, GameDraft, GuildId, UserId};
use jiff::{SignedDuration, Timestamp};
use practice::{Practice, PracticeConfig, cast};
use serde_json::{Value, json};
use std::time::Duration;
use store::{Store, StoreConfig};
use telemetry::{Captured, Secret, ServiceName, Telemetry};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What should come in a moment is waited for this long; on a busy machine a moment is long.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the practice Discord is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) const GUILD: GuildId = GuildId::new(cast::GUILD_ID);

pub(crate) struct Stage {
    pub(crate) ctx: Ctx,
    pub(crate) captured: Captured,
    pub(crate) clock: PracticeClock,
    address: String,
    token: Secret<String>,
    http: reqwest::Client,
    practice: Practice,
    stop_practice: CancellationToken,
    running: Option<Running>,
    _folder: TempDir,
}

struct Running {
    bot: JoinHandle<Result<(), BotError>>,
    daemons: Vec<JoinHandle<()>>,
    stop: CancellationToken,
    runtime: Runtime,
}

pub(crate) fn start_time() -> Timestamp {
    "2026-11-22T19:00:00Z".parse().unwrap()
}

pub(crate) fn person(name: &str) -> UserId {
    UserId::new(cast::people().iter().find(|person| person.name == name).unwrap().id)
}

impl Stage {
    /// Everything set up and running, the guild known.
    pub(crate) async fn set() -> Self {
        let mut stage = Self::dark().await;
        stage.run();
        stage
            .until("the guild is known", async |stage| {
                let ada = Actor::on_the_web(person("ada"), Door::Api);
                actions::guilds::show(&stage.ctx, &ada, GUILD).await.is_ok() && stage.ctx.readiness.is_ready()
            })
            .await;
        stage
    }

    /// Everything set up, nothing running.
    pub(crate) async fn dark() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = PracticeClock::stopped_at(start_time());
        let stop_practice = CancellationToken::new();
        let practice = open_practice(&clock, &stop_practice).await;
        let (address, token) = (practice.address().to_string(), Secret::new(practice.token().to_owned()));
        let folder = tempfile::tempdir().unwrap();
        let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);
        let discord = client(&address, &token, telemetry.clone());
        let ctx = context(&folder, (telemetry, &clock), discord).await;
        let http = reqwest::Client::builder().build().unwrap();
        Self {
            ctx,
            captured,
            clock,
            address,
            token,
            http,
            practice,
            stop_practice,
            running: None,
            _folder: folder,
        }
    }

    /// Starts the bot, the relay and the daemons, on threads of their own and with connections of their own.
    pub(crate) fn run(&mut self) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let _entered = runtime.enter();
        let stop = CancellationToken::new();
        let mut ctx = self.ctx.clone();
        ctx.discord = client(&self.address, &self.token, ctx.telemetry.clone());
        let config = BotConfig { token: self.token.clone(), dashboard: None };
        let bot = telemetry::spawn(bot::run(ctx.clone(), config, stop.clone()));
        let daemons = vec![
            telemetry::spawn(actions::relay::run(ctx.clone(), stop.clone())),
            telemetry::spawn(scheduler::run(ctx.clone(), Duty::Notify, stop.clone())),
            telemetry::spawn(scheduler::run(ctx, Duty::Transition, stop.clone())),
        ];
        self.running = Some(Running { bot, daemons, stop, runtime });
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

    /// Ends everything; the practice Discord has to have been left in peace.
    pub(crate) async fn strike(mut self) {
        self.halt().await;
        self.stop_practice.cancel();
        self.practice.wait().await;
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, so: impl AsyncFn(&Self) -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while !so(self).await {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
        .await;
        assert!(waited.is_ok(), "it never came: {what}\n{:#}", Value::from(self.oracle().await));
    }

    /// A game of Bruno's in three hours, for two players, at a table.
    pub(crate) async fn game(&self, draft: impl FnOnce(&mut GameDraft)) -> Game {
        let mut wish = GameDraft {
            title: "Dragons".to_owned(),
            start: self.clock.now() + SignedDuration::from_hours(3),
            seats: Some(2),
            place: Some("The long table".to_owned()),
            ..GameDraft::default()
        };
        draft(&mut wish);
        let wish = CreateGame { guild: GUILD, template: None, draft: wish, idempotency: None };
        games::create(&self.ctx, &Actor::on_the_web(person("ada"), Door::Api), wish).await.unwrap().game
    }

    /// The game's card, once it is posted.
    pub(crate) async fn card(&self) -> Value {
        self.until("the card", async |stage| !stage.cards().await.is_empty()).await;
        self.cards().await.remove(0)
    }

    /// What has been posted in the guild's channels by the bot, oldest first, deleted messages left out.
    pub(crate) async fn cards(&self) -> Vec<Value> {
        let of_guild = |message: &Value| message["channel_name"].is_string() && message["only_for"].is_null();
        self.oracle().await.into_iter().filter(|m| of_guild(m) && m["deleted"].is_null()).collect()
    }

    /// The DMs that somebody has got.
    pub(crate) async fn dms(&self, name: &str) -> Vec<Value> {
        let all = self.oracle().await;
        all.into_iter().filter(|message| message["dm_with"] == name && message["by_bot"] == true).collect()
    }

    /// Presses a button of a message as somebody; gives the answer.
    pub(crate) async fn press(&self, name: &str, message: &Value, button: &str) -> String {
        let press = json!({ "as": name, "message": message["id"], "button": button, "wait_ms": 10_000 });
        answer(&self.post("press", press).await)
    }

    /// Runs a command in #games as somebody; gives the answer.
    pub(crate) async fn command(&self, name: &str, command: &str, options: Value) -> String {
        let run = json!({ "as": name, "channel": "games", "command": command, "options": options, "wait_ms": 10_000 });
        answer(&self.post("command", run).await)
    }

    pub(crate) async fn faults(&self, faults: Value) {
        self.send(self.http.put(self.url("faults")).json(&faults)).await;
    }

    pub(crate) async fn change_person(&self, name: &str, change: Value) {
        self.send(self.http.patch(self.url(&format!("people/{name}"))).json(&change)).await;
    }

    pub(crate) async fn change_channel(&self, name: &str, change: Value) {
        self.send(self.http.patch(self.url(&format!("channels/{name}"))).json(&change)).await;
    }

    pub(crate) async fn delete_message(&self, message: &Value) {
        let id = message["id"].as_str().unwrap();
        let response = self.http.delete(self.url(&format!("messages/{id}"))).send().await.unwrap();
        assert!(response.status().is_success());
    }

    /// Every message that was ever visible.
    pub(crate) async fn oracle(&self) -> Vec<Value> {
        self.send(self.http.get(self.url("oracle"))).await.as_array().unwrap().clone()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(self.http.post(self.url(path)).json(&body)).await
    }

    /// The address of the practice Discord's REST API.
    pub(crate) fn api(&self) -> String {
        format!("http://{}/api/v10", self.address)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/practice/v1/{path}", self.address)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let response = request.send().await.unwrap();
        let ok = response.status().is_success();
        let body: Value = response.json().await.unwrap();
        assert!(ok, "{body:#}");
        body
    }
}

async fn open_practice(clock: &PracticeClock, stop: &CancellationToken) -> Practice {
    let config = PracticeConfig {
        listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        clock: Clock::Practice(clock.clone()),
        chance: Chance::seeded(7),
        data: None,
        strict_limits: true,
    };
    Practice::start(config, stop.clone()).await.unwrap()
}

async fn context(folder: &TempDir, (telemetry, clock): (Telemetry, &PracticeClock), discord: Rest) -> Ctx {
    let file = StoreConfig::Sqlite(folder.path().join("muster.db"));
    let store = Store::open(&file, &telemetry).await.unwrap();
    store.migrate().await.unwrap();
    let bus = Bus::in_process();
    bus.declare(actions::relay::BOT_QUEUE);
    Ctx {
        quiet: store.for_service(&Telemetry::off(ServiceName::Bot)),
        store,
        bus,
        cache: Cache::memory(),
        discord,
        telemetry,
        clock: Clock::Practice(clock.clone()),
        chance: Chance::seeded(2),
        readiness: Readiness::default(),
        background: TaskTracker::new(),
    }
}

fn client(address: &str, token: &Secret<String>, telemetry: Telemetry) -> Rest {
    let config = RestConfig { api: format!("http://{address}/api/v10"), token: token.clone() };
    Rest::new(&config, telemetry, Chance::seeded(1)).unwrap()
}

fn answer(outcome: &Value) -> String {
    assert!(outcome["error"].is_null(), "{outcome:#}");
    sketch(&outcome["reply"])
}

/// A message in a few lines.
pub(crate) fn sketch(message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![text(&message["content"])];
    let embed = &message["embeds"][0];
    for part in [&embed["title"], &embed["description"]] {
        lines.push(text(part));
    }
    for field in embed["fields"].as_array().into_iter().flatten() {
        lines.push(format!("{}: {}", text(&field["name"]), text(&field["value"])));
    }
    lines.push(text(&embed["footer"]["text"]));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}
