//! People who use a deployment all the time, and what they have to hear by that.

use super::apart::{Apart, Service};
use super::balancer::Balancer;
use crate::api::Person;
use crate::guild::Guild;
use crate::program::{browser, eventually, until};
use jiff::{SignedDuration, Timestamp};
use practice::cast;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

/// How often somebody looks at something.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// How often somebody asks the bot.
const ASK_EVERY: Duration = Duration::from_millis(300);
/// Who plays in every game.
const PLAYERS: [&str; 2] = ["Dana", "Emre"];
/// From the making of an even game to the moment at which its players are reminded; by then they have joined.
const REMIND_AFTER: SignedDuration = SignedDuration::from_secs(8);
/// Before the start; whatever happens meanwhile, that is not yet over.
const REMINDER_MINUTES: i64 = 60;
/// The odd games start soon instead.
const START_AFTER: SignedDuration = SignedDuration::from_secs(8);
/// Until the notice of every join is due.
const NOTICED_AFTER_MINUTES: i64 = 2;

/// A game that was made under way.
struct Game {
    id: String,
    start: Timestamp,
    reminded: bool,
}

/// What people do all the time.
pub(super) struct Crowd {
    pub(super) balancer: Balancer,
    guild: Guild,
    host: Person,
    players: Vec<Person>,
    games: Mutex<Vec<Game>>,
    answered: AtomicUsize,
    /// Nobody begins anything any more.
    enough: CancellationToken,
}

/// A crowd that is at it.
pub(super) struct Busy {
    crowd: Arc<Crowd>,
    tasks: Vec<(&'static str, JoinHandle<()>)>,
}

impl Crowd {
    /// Comes together before the APIs of a deployment, once every service is ready and the guild is known.
    pub(super) async fn gather(apart: &mut Apart) -> Arc<Self> {
        let http = browser();
        let mut players = Vec::new();
        for name in PLAYERS {
            players.push(Person::with_token(http.clone(), "", &apart.home.token(name).await));
        }
        let host = Person::with_token(http, "", &apart.home.token("Ada").await);
        let crowd = Self {
            balancer: Balancer::new(),
            guild: apart.guild(),
            host,
            players,
            games: Mutex::default(),
            answered: AtomicUsize::new(0),
            enough: CancellationToken::new(),
        };
        for service in std::mem::take(&mut apart.services) {
            let service = service.ready().await;
            crowd.welcome(&service);
            apart.services.push(service);
        }
        eventually("an API to ask", async || crowd.balancer.next()).await;
        let path = format!("/api/v1/guilds/{}", cast::GUILD_ID);
        let known = async || crowd.balancer.lead(&crowd.host).get(&path).await.status == 200;
        eventually("the guild", async || known().await.then_some(())).await;
        Arc::new(crowd)
    }

    /// Uses a process that has been added, if it is one to be used.
    pub(super) fn welcome(&self, service: &Service) {
        if service.name == "api" {
            self.balancer.watch(&service.program);
        }
    }

    /// Everybody begins; somebody makes a game so often.
    pub(super) fn begin(self: &Arc<Self>, every: Duration) -> Busy {
        let [making, looking, asking] = std::array::from_fn(|_| Arc::clone(self));
        let tasks = vec![
            ("game", telemetry::spawn(async move { making.make(every).await })),
            ("look", telemetry::spawn(async move { looking.look().await })),
            ("command", telemetry::spawn(async move { asking.ask().await })),
        ];
        Busy { crowd: Arc::clone(self), tasks }
    }

    /// How many games were made so far.
    pub(super) fn made(&self) -> usize {
        self.games.lock().unwrap().len()
    }

    /// How many requests were answered so far.
    pub(super) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// A game that nobody plays in, far ahead.
    pub(super) async fn make_pattern(&self) {
        let start = self.guild.now().await + SignedDuration::from_hours(24);
        let guild = cast::GUILD_ID.to_string();
        let wish = json!({ "guild": guild, "title": "Pattern", "start": start, "reminders": [] });
        let id = self.balancer.lead(&self.host).create(&wish).await;
        self.games.lock().unwrap().push(Game { id, start, reminded: false });
    }

    /// Makes games and has people join them, until there is enough. No answer may be anything but a yes.
    async fn make(&self, every: Duration) {
        let mut turns = interval(every);
        for number in 1.. {
            if self.enough.run_until_cancelled(turns.tick()).await.is_none() {
                return;
            }
            let reminded = number % 2 == 0;
            let (ahead, reminders) = if reminded {
                (REMIND_AFTER + SignedDuration::from_mins(REMINDER_MINUTES), vec![REMINDER_MINUTES])
            } else {
                (START_AFTER, Vec::new())
            };
            let start = self.guild.now().await + ahead;
            let wish = json!({
                "guild": cast::GUILD_ID.to_string(),
                "title": format!("Table {number}"),
                "start": start,
                "reminders": reminders,
            });
            let id = self.balancer.lead(&self.host).create(&wish).await;
            for player in &self.players {
                self.balancer.lead(player).join(&id).await;
            }
            self.answered.fetch_add(1 + self.players.len(), Ordering::Relaxed);
            self.games.lock().unwrap().push(Game { id, start, reminded });
        }
    }

    /// Looks at games, until there is enough.
    async fn look(&self) {
        let mut turns = interval(LOOK_EVERY);
        while self.enough.run_until_cancelled(turns.tick()).await.is_some() {
            let last = self.games.lock().unwrap().last().map(|game| game.id.clone());
            let path = last.map_or("/api/v1/me".to_owned(), |id| format!("/api/v1/games/{id}"));
            self.balancer.lead(&self.players[0]).get(&path).await.is(200);
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Asks the bot something, until there is enough: Discord gives it three seconds for each answer.
    async fn ask(&self) {
        let mut turns = interval(ASK_EVERY);
        let command = json!({ "as": "Hana", "channel": "games", "command": "game mine", "wait_ms": 20_000 });
        while self.enough.run_until_cancelled(turns.tick()).await.is_some() {
            let outcome = self.guild.post("command", command.clone()).await;
            assert!(outcome["error"].is_null() && outcome["reply"].is_object(), "{outcome:#}");
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sees that everybody has heard of everything once, and of nothing else; gives how much that was.
    pub(super) async fn has_heard_everything_once(&self, database: &PgPool) -> usize {
        self.guild.advance(NOTICED_AFTER_MINUTES).await;
        settled(database).await;
        let (expected, heard) = (self.expected(database).await, self.heard().await);
        for (nonce, key) in &expected {
            assert_eq!(heard.get(nonce), Some(&1), "{key}");
        }
        assert_eq!(heard.len(), expected.len(), "nothing else was said");
        self.games_have_begun().await;
        expected.len()
    }

    /// The nonces of everything that people have to hear, each by the key of its delivery.
    async fn expected(&self, database: &PgPool) -> BTreeMap<String, String> {
        let mut keys = Vec::new();
        for game in self.games.lock().unwrap().iter() {
            keys.push(format!("announcement:{}", game.id));
            let moment = (game.start - SignedDuration::from_mins(REMINDER_MINUTES)).as_second();
            let told = PLAYERS.iter().chain(&["Ada"]).filter(|_| game.reminded);
            keys.extend(told.map(|name| {
                let person = cast::find_person(name).unwrap().id;
                format!("reminder:{}:{REMINDER_MINUTES}:{moment}:{person}", game.id)
            }));
        }
        let places: Vec<(uuid::Uuid, uuid::Uuid)> =
            sqlx::query_as("SELECT game, id FROM participants").fetch_all(database).await.unwrap();
        keys.extend(places.iter().map(|(game, place)| format!("join_notice:{game}:{place}")));
        keys.into_iter().map(|key| (discord::nonce(&key), key)).collect()
    }

    /// How often each nonce is seen in what the bot has said by itself.
    pub(super) async fn heard(&self) -> BTreeMap<String, usize> {
        let mut seen = BTreeMap::new();
        let by_itself = |it: &&Value| it["by_bot"] == true && it["interaction"].is_null();
        for message in self.guild.oracle().await.iter().filter(by_itself) {
            let nonce = message["nonce"].as_str().expect("every message of ours has a nonce");
            *seen.entry(nonce.to_owned()).or_default() += 1;
        }
        seen
    }

    fn begun_by(&self, now: Timestamp) -> Vec<String> {
        let games = self.games.lock().unwrap();
        games.iter().filter(|game| game.start < now).map(|game| game.id.clone()).collect()
    }

    /// The games whose time has come have begun.
    async fn games_have_begun(&self) {
        let now = self.guild.now().await;
        for id in self.begun_by(now) {
            let game = self.balancer.lead(&self.host).get(&format!("/api/v1/games/{id}")).await.is(200);
            assert_eq!(game["status"], "in_progress", "{game:#}");
        }
    }
}

impl Busy {
    /// Everybody ends what they have begun; nobody has met with a refusal.
    pub(super) async fn end(self) {
        self.crowd.enough.cancel();
        for (what, task) in self.tasks {
            task.await.unwrap_or_else(|_| panic!("no {what} was refused"));
        }
    }
}

/// Waits until nothing is left to do, and sees that nothing was given up.
async fn settled(database: &PgPool) {
    const LEFT: &str = "SELECT
        (SELECT count(*) FROM outbox WHERE published_at IS NULL),
        (SELECT count(*) FROM outbox WHERE id NOT IN (SELECT event FROM inbox)),
        (SELECT count(*) FROM schedule WHERE state = 'pending' AND kind IN ('reminder', 'join_notice')),
        (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending'))";
    const GIVEN_UP: &str = "SELECT
        (SELECT count(*) FROM schedule WHERE state IN ('dead', 'skipped')),
        (SELECT count(*) FROM deliveries WHERE state <> 'sent')";
    until("nothing to do", async || {
        let left: (i64, i64, i64, i64) = sqlx::query_as(LEFT).fetch_one(database).await.unwrap();
        if left == (0, 0, 0, 0) {
            Ok(())
        } else {
            Err(format!("unpublished, untaken, due, unsent: {left:?}"))
        }
    })
    .await;
    let given_up: (i64, i64) = sqlx::query_as(GIVEN_UP).fetch_one(database).await.unwrap();
    assert_eq!(given_up, (0, 0), "moments and notices that were given up");
}
