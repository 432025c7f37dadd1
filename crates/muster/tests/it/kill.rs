//! Ten times the process is cut off in the middle of its work, and nobody notices.

use crate::guild::Guild;
use crate::program::{Home, Program, browser, eventually, until};
use clock::{Chance, Clock, PracticeClock};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use practice::{Practice, PracticeConfig, cast};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const GAMES: usize = 25;
/// Everybody in the guild is told of every game: the host and seven players.
const REMINDERS: usize = GAMES * 8;
const KILLS: usize = 10;
/// How long before the start people are reminded; long enough that no reminder is too late to be sent.
const REMINDER_MINUTES: i64 = 5;
/// From the making of the first game to the moment at which all reminders fall due.
const AHEAD: SignedDuration = SignedDuration::from_secs(18);
/// A kill comes at most this long after its cue, by turns: at once it hits what is being sent, later what waits.
const HESITATION_MILLISECONDS: [u64; 2] = [50, 800];

/// A Discord that outlives the program, with its real limits.
struct World {
    practice: Practice,
    guild: Guild,
    stop: CancellationToken,
}

impl World {
    async fn open() -> Self {
        let stop = CancellationToken::new();
        let config = PracticeConfig {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            clock: Clock::Practice(PracticeClock::running()),
            chance: Chance::from_os().unwrap(),
            data: None,
            strict_limits: true,
            token: None,
        };
        let practice = Practice::start(config, stop.clone()).await.unwrap();
        let guild = Guild::at(browser(), &format!("http://{}", practice.address()));
        Self { practice, guild, stop }
    }

    /// A program whose Discord this is.
    fn home(&self) -> Home {
        let api = format!("http://{}/api/v10", self.practice.address());
        Home::new().set("DISCORD_BOT_TOKEN", self.practice.token()).set("MUSTER_DISCORD_API", &api)
    }

    /// How often each nonce is seen in what the bot has said.
    async fn nonces(&self) -> BTreeMap<String, usize> {
        let mut seen = BTreeMap::new();
        for message in self.guild.oracle().await.iter().filter(|message| message["by_bot"] == true) {
            let nonce = message["nonce"].as_str().expect("every message of ours has a nonce");
            *seen.entry(nonce.to_owned()).or_default() += 1;
        }
        seen
    }

    async fn close(self) {
        self.stop.cancel();
        self.practice.wait().await;
    }
}

/// A game that everybody is on.
struct Game {
    id: String,
    start: Timestamp,
}

impl Game {
    /// The nonces of its reminders, each by the key of its delivery.
    fn reminders(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let moment = (self.start - SignedDuration::from_mins(REMINDER_MINUTES)).as_second();
        cast::people().iter().map(move |person| {
            let key = format!("reminder:{}:{REMINDER_MINUTES}:{moment}:{}", self.id, person.id);
            (discord::nonce(&key), key)
        })
    }
}

/// Makes the games and fills them.
async fn plan(program: &Program, tokens: &[String]) -> Vec<Game> {
    let people: Vec<_> = tokens.iter().map(|token| program.person(token)).collect();
    let (host, players) = people.split_first().unwrap();
    program.knows_guild(host).await;
    let start = Clock::System.now() + AHEAD + SignedDuration::from_mins(REMINDER_MINUTES);
    let mut games = Vec::new();
    for number in 1..=GAMES {
        let wish = json!({
            "guild": cast::GUILD_ID.to_string(),
            "title": format!("Table {number}"),
            "start": start,
            "reminders": [REMINDER_MINUTES],
        });
        let id = host.create(&wish).await;
        join_all(players.iter().map(|player| player.join(&id))).await;
        games.push(Game { id, start });
    }
    assert!(
        Clock::System.now() < start - SignedDuration::from_mins(REMINDER_MINUTES),
        "AHEAD is too short here"
    );
    games
}

/// How many reminders are out.
async fn out(world: &World, games: &[Game]) -> usize {
    let seen = world.nonces().await;
    games.iter().flat_map(Game::reminders).filter(|(nonce, _)| seen.contains_key(nonce)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_reminders_and_ten_kills() {
    let seed = u64::from_le_bytes(Chance::from_os().unwrap().bytes());
    println!("the kills come by the seed {seed}");
    let chance = Chance::seeded(seed);
    let world = World::open().await;
    let home = world.home();
    let mut tokens = Vec::new();
    for person in cast::people() {
        tokens.push(home.token(person.name).await);
    }
    let mut program = home.up().await;
    let games = plan(&program, &tokens).await;

    for kill in 0..KILLS {
        // Spread over the whole of the work: some before the first reminder is out, most between a claim and an answer.
        let cue = REMINDERS * kill / (KILLS + 2);
        eventually("the next cue", async || (out(&world, &games).await >= cue).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(chance.below(HESITATION_MILLISECONDS[kill % 2]))).await;
        program.kill();
        println!("killed with {} of {REMINDERS} reminders out", out(&world, &games).await);
        program = home.up().await;
    }
    let interrupted = until_settled(&program, &tokens[0], &games).await;
    assert!(interrupted > 0, "no kill has hit a delivery that had begun");
    program.stop().await;

    let told = world.nonces().await;
    for (nonce, key) in games.iter().flat_map(Game::reminders) {
        assert_eq!(told.get(&nonce), Some(&1), "{key}, seed {seed}");
    }
    let twice: Vec<_> = told.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "said twice: {twice:?}, seed {seed}");
    world.close().await;
}

/// Waits until the ledger has heard of every reminder and every card: its last answers may come after the messages.
/// Gives the number of those that were begun more than once.
async fn until_settled(program: &Program, token: &str, games: &[Game]) -> usize {
    let host = program.person(token);
    let mut interrupted = 0;
    for game in games {
        let is_one = |delivery: &Value| delivery["kind"] == "reminder" || delivery["kind"] == "announcement";
        let told = until("everything is sent", async || {
            let mut deliveries = host.deliveries(&game.id).await;
            deliveries.retain(is_one);
            let all_sent = deliveries.iter().all(|delivery| delivery["state"] == "sent");
            let done = deliveries.len() == cast::people().len() + 1 && all_sent;
            if done { Ok(deliveries) } else { Err(format!("{deliveries:#?}")) }
        })
        .await;
        interrupted += told.iter().filter(|delivery| delivery["attempts"].as_u64() > Some(1)).count();
    }
    println!("{interrupted} deliveries were begun more than once");
    interrupted
}
