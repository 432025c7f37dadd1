//! A database with some games, and processes that work on it.

use actions::relay::{self, BOT_QUEUE};
use actions::{Ctx, Readiness};
use bus::{Bus, Consumer, RabbitConfig};
use cache::Cache;
use clock::{Chance, Clock};
use discord::{Rest, RestConfig};
use domain::due::Duty;
use domain::{
    ChannelId, EventBody, Game, GameId, Guild, GuildId, RosterChange, Status, Template, TemplateId, UserId,
};
use jiff::SignedDuration;
use scheduler::{Daemon, Hints};
use std::time::Duration;
use store::{GuildScope, Store, StoreConfig};
use telemetry::{Secret, ServiceName, Telemetry};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// So many that no two things under way at a time are about the same.
const GAMES: u32 = 200;
pub(crate) const GUILD: GuildId = GuildId::new(100);
/// The guild's rows are reached through this.
pub(crate) const SCOPE: GuildScope = GuildScope::of_gateway(GUILD);
const HOST: UserId = UserId::new(1);
/// Nothing comes due by itself.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 365);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The servers, and what is in the database.
pub(crate) struct Stage {
    config: StoreConfig,
    amqp: Secret<String>,
    games: Vec<Game>,
}

impl Stage {
    /// Makes the schema, a guild and its games; the bot's queue is there.
    pub(crate) async fn set(postgres: String, amqp: String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = StoreConfig::Postgres(Secret::new(postgres));
        let games = (1..=GAMES).map(game).collect();
        let stage = Self { config, amqp: Secret::new(amqp), games };
        let store = stage.store(ServiceName::Api).await;
        store.migrate().await.expect("a schema");
        let mut tx = store.begin().await.expect("the database");
        store::guilds::upsert(&mut tx, &guild(), Clock::System.now()).await.expect("a guild");
        store::templates::insert(&mut tx, &template()).await.expect("a template");
        for game in &stage.games {
            store::games::insert(&mut tx, game).await.expect("a game");
        }
        tx.commit().await.expect("the database");
        store.close().await;
        stage
    }

    /// One of the games.
    pub(crate) fn game(&self, number: u32) -> GameId {
        self.games[number as usize % self.games.len()].id
    }

    /// Takes what the bot takes, on a connection of its own.
    pub(crate) async fn consumer(&self) -> Consumer {
        self.bus().await.subscribe(BOT_QUEUE).await
    }

    /// The rooms of a service in a process of its own, in which nothing runs yet.
    pub(crate) async fn ctx(&self, service: ServiceName) -> Ctx {
        let (telemetry, chance) = (Telemetry::off(service), Chance::from_os().expect("chance"));
        let store = self.store(service).await;
        // Nobody is there, and nobody is asked.
        let discord = RestConfig { api: "http://127.0.0.1:9/api/v10".into(), token: Secret::new("t".into()) };
        Ctx {
            quiet: store.clone(),
            store,
            bus: self.bus().await,
            cache: Cache::memory(),
            discord: Rest::new(&discord, telemetry.clone(), chance.clone()).expect("a client"),
            telemetry,
            clock: Clock::System,
            chance,
            readiness: Readiness::default(),
            background: TaskTracker::new(),
        }
    }

    async fn store(&self, service: ServiceName) -> Store {
        let store = Store::open(&self.config, &Telemetry::off(service)).await.expect("a database");
        store.due_by_server()
    }

    /// Connected.
    async fn bus(&self) -> Bus {
        let bus = Bus::rabbitmq(RabbitConfig::new(self.amqp.clone())).expect("an address");
        bus.declare(BOT_QUEUE);
        while !bus.takes_messages() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bus
    }
}

/// A service that works.
pub(crate) struct Service {
    pub(crate) ctx: Ctx,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Service {
    /// Its relay publishes what it writes, and it hears what others write.
    pub(crate) fn start(ctx: Ctx) -> Self {
        let stop = CancellationToken::new();
        let (store, heard_until) = (ctx.store.clone(), stop.clone());
        let tasks = vec![
            telemetry::spawn(relay::run(ctx.clone(), stop.clone())),
            telemetry::spawn(async move { store.listen(heard_until).await }),
        ];
        Self { ctx, stop, tasks }
    }

    /// Its daemon runs, too.
    pub(crate) fn with_daemon(mut self, duty: Duty) -> Self {
        let daemon = Daemon { ctx: self.ctx.clone(), duty, hints: Hints::none() };
        self.tasks.push(telemetry::spawn(scheduler::run(daemon, self.stop.clone())));
        self
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.expect("a task that ends in order");
        }
        self.ctx.bus.close().await;
        self.ctx.store.close().await;
    }
}

/// What a small change leaves in the outbox.
pub(crate) fn change() -> EventBody {
    EventBody::ParticipantsChanged(RosterChange { joined: vec![HOST], ..RosterChange::default() })
}

fn guild() -> Guild {
    Guild {
        id: GUILD,
        name: "The Lantern".to_owned(),
        owner: HOST,
        zone: "Europe/Berlin".to_owned(),
        manager_roles: Vec::new(),
        roles: Vec::new(),
        removed_at: None,
    }
}

fn template() -> Template {
    Template::first(TemplateId::new(Uuid::from_u128(1)), GUILD, ChannelId::new(1))
}

fn game(number: u32) -> Game {
    let (now, template) = (Clock::System.now(), template());
    Game {
        id: GameId::new(Uuid::from_u128(1 << 64 | u128::from(number))),
        guild: GUILD,
        template: template.id,
        host: HOST,
        title: format!("Game {number}"),
        description: String::new(),
        start: now + AHEAD,
        zone: "Europe/Berlin".to_owned(),
        terms: template.terms,
        status: Status::Scheduled,
        post_at: None,
        completed_at: None,
        version: 1,
        created_at: now,
    }
}
