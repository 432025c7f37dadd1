//! Every process of a deployment is replaced, one after the other, while people use it and moments come due. Nobody
//! is refused, and everybody hears of everything once.

use super::apart::{Apart, Service};
use super::balancer::Balancer;
use super::servers::Servers;
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
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

/// How often somebody makes a game.
const MAKE_EVERY: Duration = Duration::from_millis(1200);
/// How often somebody looks at something.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// How often somebody asks the bot.
const ASK_EVERY: Duration = Duration::from_millis(300);
/// Who plays in every game.
const PLAYERS: [&str; 2] = ["Dana", "Emre"];
/// From the making of a game to the moment at which its players are reminded; by then they have joined.
const REMIND_AFTER: SignedDuration = SignedDuration::from_secs(8);
const REMINDER_MINUTES: i64 = 5;
/// The odd games start soon instead.
const START_AFTER: SignedDuration = SignedDuration::from_secs(8);
/// Until the notice of a join is due, and a second.
const NOTICED_AFTER_MINUTES: i64 = 2;

/// A game that was made under way.
struct Game {
    id: String,
    start: Timestamp,
    reminded: bool,
}

/// What people do all the time.
struct Crowd {
    balancer: Balancer,
    guild: Guild,
    host: Person,
    players: Vec<Person>,
    games: Mutex<Vec<Game>>,
    answered: AtomicUsize,
    /// Nobody begins anything any more.
    enough: CancellationToken,
}

impl Crowd {
    async fn gather(apart: &Apart) -> Self {
        let http = browser();
        let mut players = Vec::new();
        for name in PLAYERS {
            players.push(Person::with_token(http.clone(), "", &apart.home.token(name).await));
        }
        let host = Person::with_token(http, "", &apart.home.token("Ada").await);
        Self {
            balancer: Balancer::new(),
            guild: apart.guild(),
            host,
            players,
            games: Mutex::default(),
            answered: AtomicUsize::new(0),
            enough: CancellationToken::new(),
        }
    }

    /// Makes games and has people join them, until there is enough. No answer may be anything but a yes.
    async fn make(&self) {
        let mut turns = interval(MAKE_EVERY);
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
        let command = json!({ "as": "Hana", "channel": "games", "command": "game mine" });
        while self.enough.run_until_cancelled(turns.tick()).await.is_some() {
            let outcome = self.guild.post("command", command.clone()).await;
            assert!(outcome["error"].is_null() && outcome["reply"].is_object(), "{outcome:#}");
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
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
}

/// How often each nonce is seen in what the bot has said.
async fn heard(guild: &Guild) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    let answers = |message: &&Value| !message["interaction"].is_null();
    for message in guild.oracle().await.iter().filter(|it| it["by_bot"] == true && !answers(it)) {
        let nonce = message["nonce"].as_str().expect("every message of ours has a nonce");
        *seen.entry(nonce.to_owned()).or_default() += 1;
    }
    seen
}

/// Each process is asked to end, waited for, started again, and waited for until it is ready.
async fn roll(apart: &mut Apart, balancer: &Balancer) {
    for place in 0..apart.services.len() {
        let Service { name, program } = apart.services.remove(place);
        program.stop().await;
        let anew = apart.serve(name).await.ready().await;
        if name == "api" {
            balancer.watch(&anew.program);
        }
        apart.services.insert(place, anew);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_is_replaced_and_nobody_notices() {
    let Some(servers) = Servers::of_our_own("rolling").await else { return };
    let mut apart = Apart::prepare(&servers).await.start(2, 2).await;
    let crowd = Arc::new(Crowd::gather(&apart).await);
    for service in std::mem::take(&mut apart.services) {
        let service = service.ready().await;
        if service.name == "api" {
            crowd.balancer.watch(&service.program);
        }
        apart.services.push(service);
    }
    eventually("two APIs to spread over", async || crowd.balancer.next()).await;
    let path = format!("/api/v1/guilds/{}", cast::GUILD_ID);
    let knows = async || (crowd.balancer.lead(&crowd.host).get(&path).await.status == 200).then_some(());
    eventually("the guild", knows).await;

    let [making, looking, asking] = std::array::from_fn(|_| Arc::clone(&crowd));
    let making = telemetry::spawn(async move { making.make().await });
    let looking = telemetry::spawn(async move { looking.look().await });
    let asking = telemetry::spawn(async move { asking.ask().await });
    roll(&mut apart, &crowd.balancer).await;
    crowd.enough.cancel();
    for (task, what) in [(making, "game"), (looking, "look"), (asking, "command")] {
        task.await.unwrap_or_else(|_| panic!("no {what} was refused"));
    }

    crowd.guild.advance(NOTICED_AFTER_MINUTES).await;
    let database = PgPool::connect(&servers.database).await.unwrap();
    settled(&database).await;
    let (expected, heard) = (crowd.expected(&database).await, heard(&crowd.guild).await);
    for (nonce, key) in &expected {
        assert_eq!(heard.get(nonce), Some(&1), "{key}");
    }
    assert_eq!(heard.len(), expected.len(), "nothing else was said");
    started(&crowd).await;
    println!(
        "{} requests were answered and {} notices heard while {} processes were replaced",
        crowd.answered.load(Ordering::Relaxed),
        expected.len(),
        apart.services.len()
    );
    apart.stop().await;
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

/// The games whose time has come have begun, each once.
async fn started(crowd: &Crowd) {
    let ids: Vec<_> = crowd
        .games
        .lock()
        .unwrap()
        .iter()
        .filter(|game| !game.reminded)
        .map(|game| game.id.clone())
        .collect();
    for id in ids {
        let game: Value = crowd.balancer.lead(&crowd.host).get(&format!("/api/v1/games/{id}")).await.is(200);
        assert_eq!(game["status"], "in_progress", "{game:#}");
    }
}
