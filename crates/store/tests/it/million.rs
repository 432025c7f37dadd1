//! A million games: what a list, a join and a claim cost does not grow with them.
//!
//! `MUSTER_TEST_MILLION=1 cargo nextest run -p store million --no-capture` fills two databases of each kind, with a
//! thousand games and with a million, in guilds of two hundred; asks both the same in turns; and compares.
//! `cargo xtask bench engines` reads the lines that begin with `figure` and `sample`.

use crate::database::{Database, Raw};
use crate::plans;
use crate::sample::{now, seconds};
use domain::due::{DueKind, DueMoment, Duty};
use domain::{
    ENVELOPE_VERSION, Event, EventBody, EventId, GameId, GuildId, Participant, ParticipantId, PositionClass,
    RosterChange, UserId, Who,
};
use jiff::Timestamp;
use std::time::Instant;
use store::games::{self, GameFilter};
use store::{GuildScope, Store, outbox, participants, schedule};
use telemetry::{ServiceName, Telemetry};
use uuid::Uuid;

/// Games of one guild.
const GUILD_GAMES: u64 = 200;
const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;
/// How often each is asked, after some that don't count.
const ROUNDS: usize = 60;
const WARM_UP_ROUNDS: usize = 10;
/// How much dearer a million may be.
const DEARER_AT_MOST: f64 = 1.5;

/// Whether somebody has the patience.
fn wanted() -> bool {
    #[expect(clippy::disallowed_methods, reason = "how a person asks for what takes long")]
    let wanted = std::env::var("MUSTER_TEST_MILLION").is_ok_and(|value| value == "1");
    if !wanted {
        eprintln!("left out: a million games, since MUSTER_TEST_MILLION is not 1");
    }
    wanted
}

/// Fills a database in a few statements.
async fn fill(db: &Database, games: u64) {
    let began = Instant::now();
    let text = match db.raw {
        Raw::Lite(_) => include_str!("million_in_a_file.sql"),
        Raw::Pg(_) => include_str!("million_on_a_server.sql"),
    };
    let terms = serde_json::to_string(&crate::sample::template(crate::sample::LANTERN).terms).unwrap();
    let text = text.replace("{games}", &games.to_string()).replace("{terms}", &terms.replace('\'', "''"));
    db.raw.execute(text).await.unwrap();
    if let Raw::Pg(_) = db.raw {
        // Not in one breath with the rest, which is one transaction; and on the disk before anything is measured.
        db.raw.execute("VACUUM ANALYZE").await.unwrap();
        db.raw.execute("CHECKPOINT").await.unwrap();
    }
    println!("{}: {games} games made in {:.1?}", db.system().as_str(), began.elapsed());
}

/// The id that the filling gave something by its number; `kind` tells tables apart.
fn numbered(kind: u128, number: u64) -> Uuid {
    Uuid::from_u128(kind << 112 | u128::from(number))
}

/// One of the two databases, and the numbers that were used up.
struct Subject {
    db: Database,
    store: Store,
    games: u64,
    next: u64,
}

impl Subject {
    async fn new(db: Database, games: u64) -> Self {
        fill(&db, games).await;
        let store = db.store.for_service(&Telemetry::off(ServiceName::Api));
        Self { db, store, games, next: 0 }
    }

    /// Another guild each time, all over the table.
    fn guild(&mut self) -> GuildId {
        self.next += 1;
        let guilds = self.games / GUILD_GAMES;
        GuildId::new(self.next * 7919 % guilds + 1)
    }

    /// The first page of a guild's games, as a member sees it, with who is on them.
    async fn list(&mut self) {
        let guild = self.guild();
        let filter = GameFilter {
            viewer: UserId::new(guild.get()),
            guild: Some(GuildScope::of_gateway(guild)),
            manages: false,
            statuses: Vec::new(),
            part: None,
            from: Some(now()),
            to: None,
            text: String::new(),
            limit: 20,
            after: None,
        };
        let mut tx = self.store.read().await.unwrap();
        let page = games::list(&mut tx, &filter).await.unwrap();
        assert_eq!((page.games.len(), page.total), (20, GUILD_GAMES));
        assert_eq!(games::rosters(&mut tx, &filter, &page.games).await.unwrap().len(), 20);
        games::names(&mut tx, &filter, &page.games).await.unwrap();
    }

    /// All that a join reads and writes.
    async fn join(&mut self) {
        let guild = self.guild();
        let scope = GuildScope::of_gateway(guild);
        let number = (guild.get() - 1) * GUILD_GAMES + self.next % GUILD_GAMES + 1;
        let (id, at) = (GameId::new(numbered(2, number)), now());
        let fresh = |kind| numbered(kind, 1 << 40 | self.next);
        let mut tx = self.store.begin().await.unwrap();
        let mut game = games::lock(&mut tx, scope, id).await.unwrap().unwrap();
        let roster = participants::of_game(&mut tx, scope, id).await.unwrap();
        let user = UserId::new(1 << 40 | self.next);
        let place = Participant {
            id: ParticipantId::new(fresh(3)),
            who: Who::User(user),
            class: PositionClass::SelfJoined,
            position: u32::try_from(roster.len()).unwrap(),
            joined_at: at,
        };
        participants::insert(&mut tx, scope, id, &place).await.unwrap();
        let moment = DueMoment { at: at + seconds(86_400), kind: DueKind::JoinNotice(user), deadline: None };
        schedule::add(&mut tx, scope, (fresh(4), id), &moment).await.unwrap();
        game.version += 1;
        games::save(&mut tx, scope, &game).await.unwrap();
        let event = Event {
            version: ENVELOPE_VERSION,
            id: EventId::new(fresh(6)),
            guild,
            game: Some(id),
            sequence: game.version,
            occurred_at: at,
            body: EventBody::ParticipantsChanged(RosterChange {
                joined: vec![user],
                ..RosterChange::default()
            }),
        };
        outbox::push(&mut tx, &event).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A look and a claim, of ten that are due among all that isn't yet.
    async fn claim(&mut self) {
        let at: Timestamp = now();
        let mut tx = self.store.begin().await.unwrap();
        schedule::next_due(&mut tx, Duty::Notify).await.unwrap();
        let rows = schedule::claim(&mut tx, Duty::Notify, (at, seconds(86_400 * 365)), 10).await.unwrap();
        assert_eq!(rows.len(), 10);
        tx.commit().await.unwrap();
    }
}

#[derive(Clone, Copy)]
enum Question {
    List,
    Join,
    Claim,
}

impl Question {
    const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Join => "join",
            Self::Claim => "claim",
        }
    }
}

impl Subject {
    /// Asks, and gives how long it took, in microseconds.
    async fn ask(&mut self, question: Question) -> f64 {
        let began = Instant::now();
        match question {
            Question::List => self.list().await,
            Question::Join => self.join().await,
            Question::Claim => self.claim().await,
        }
        began.elapsed().as_secs_f64() * 1e6
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Asks both in turns, so that neighbours disturb both alike.
async fn compare([few, many]: [&mut Subject; 2], question: Question) -> Result<(), String> {
    let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        let (first, second) = (few.ask(question).await, many.ask(question).await);
        if round >= WARM_UP_ROUNDS {
            of_few.push(first);
            of_many.push(second);
        }
    }
    for (games, times) in [(FEW, &of_few), (MANY, &of_many)] {
        for took in times {
            println!(
                "sample,{} {} at {games} games in µs,{took:.0}",
                few.db.system().as_str(),
                question.as_str()
            );
        }
    }
    let (of_few, of_many) = (median(of_few), median(of_many));
    let ratio = of_many / of_few;
    let line = format!(
        "{} {}: {of_few:.0} µs at {FEW} games, {of_many:.0} µs at {MANY}, ratio {ratio:.2}",
        few.db.system().as_str(),
        question.as_str()
    );
    println!("{line}");
    println!("figure,{} {} growth,{ratio:.3}", few.db.system().as_str(), question.as_str());
    if ratio <= DEARER_AT_MOST { Ok(()) } else { Err(line) }
}

async fn measure(few: Database, many: Database) {
    let (mut few, mut many) = (Subject::new(few, FEW).await, Subject::new(many, MANY).await);
    plans::expect_no_scans(&many.db).await;
    let mut dearer = Vec::new();
    for question in [Question::List, Question::Join, Question::Claim] {
        dearer.extend(compare([&mut few, &mut many], question).await.err());
    }
    assert_eq!(dearer, [""; 0]);
    for subject in [few, many] {
        subject.db.tell(async |_| ()).await;
    }
}

#[tokio::test]
async fn a_million_games_in_a_file() {
    if wanted() {
        measure(Database::in_a_file().await, Database::in_a_file().await).await;
    }
}

#[tokio::test]
async fn a_million_games_on_a_server() {
    if wanted()
        && let (Some(few), Some(many)) = (Database::on_a_server().await, Database::on_a_server().await)
    {
        measure(few, many).await;
    }
}
