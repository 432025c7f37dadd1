//! Everybody and everything that a story needs.

use crate::api::Person;
use crate::guild::{Guild, sketch};
use crate::observatory::{Observatory, Trace};
use crate::program::{Home, Program, eventually};
use jiff::SignedDuration;
use practice::cast;
use serde_json::{Value, json};

/// The last spans of a change's way over the bus.
const TAKEN: [&str; 3] = ["publish muster.events", "process muster.bot", "ack muster.bot"];
/// A daemon's call to the API and its answer.
const HINTED: [&str; 2] = ["POST /internal/v1/hints"; 2];

/// Everybody and everything that takes part. The clock stands still unless it is moved.
pub(crate) struct Stage {
    pub(crate) program: Program,
    pub(crate) guild: Guild,
    pub(crate) observatory: Observatory,
    pub(crate) ada: Person,
    pub(crate) dana: Person,
    pub(crate) emre: Person,
    pub(crate) hana: Person,
}

impl Stage {
    pub(crate) async fn set(home: &Home) -> Self {
        let program = home.up().await;
        let doors = ["dashboard", "practice", "observatory", "otlp-grpc", "otlp-http", "data"];
        assert_eq!(program.doors(), doors);
        let guild = Guild::at(program.http.clone(), program.address("practice"));
        let observatory = Observatory::of(&program);
        Self::with(program, (guild, observatory), home).await
    }

    /// Where the dashboard is one process's, and the guild and the Observatory may be others'.
    pub(crate) async fn with(
        program: Program,
        (guild, observatory): (Guild, Observatory),
        home: &Home,
    ) -> Self {
        let (http, dashboard) = (program.http.clone(), program.address("dashboard"));
        let ada = Person::by_form(http.clone(), dashboard, cast::find_person("Ada").unwrap().id).await;
        let dana = Person::by_json(http, dashboard, cast::find_person("Dana").unwrap().id).await;
        let emre = program.person(&home.token("Emre").await);
        let hana = program.person(&home.token("Hana").await);
        for (person, name) in [(&ada, "Ada"), (&dana, "Dana"), (&emre, "Emre"), (&hana, "Hana")] {
            assert_eq!(person.get("/api/v1/me").await.is(200)["name"], name);
        }
        guild.post("clock", json!({ "stop": true })).await;
        program.knows_guild(&ada).await;
        Self { program, guild, observatory, ada, dana, emre, hana }
    }

    /// The card of a game once it shows something.
    pub(crate) async fn card(&self, title: &str, shows: &str) -> Value {
        eventually(&format!("the card of {title} with {shows}"), async || {
            self.guild.card(title).await.filter(|card| sketch(card).contains(shows))
        })
        .await
    }

    /// The DMs of somebody: titles and what is said first.
    pub(crate) async fn dms(&self, name: &str) -> Vec<String> {
        let first = |dm: &Value| sketch(dm).lines().take(2).collect::<Vec<_>>().join(": ");
        self.guild.dms(name).await.iter().map(first).collect()
    }

    /// The whole trace of somebody's deed, from its root to the last of what it leads to.
    pub(crate) async fn deed(&self, who: &str, (root, game): (&str, &str), leads_to: &[&str]) -> Trace {
        let id = cast::find_person(who).unwrap().id.to_string();
        let last = [&TAKEN[..], leads_to].concat();
        let fits = |trace: &Trace| trace.is("user.id", &id) && !trace.is("http.request.method", "GET");
        self.observatory.whole((root, game), fits, &last).await
    }

    /// The whole trace of something that has come due.
    pub(crate) async fn moment(&self, game: &str, (key, value): (&str, &str), leads_to: &[&str]) -> Trace {
        let transition = key.starts_with("muster.transition");
        let root = if transition { "status_transition.apply" } else { "notification.dispatch" };
        let last = [&TAKEN[..], &HINTED, leads_to].concat();
        self.observatory.whole((root, game), |trace| trace.is(key, value), &last).await
    }

    /// A wish for a game that starts so many minutes from now.
    pub(crate) async fn wish(&self, title: &str, minutes: i64) -> Value {
        let start = self.guild.now().await + SignedDuration::from_mins(minutes);
        let guild = cast::GUILD_ID.to_string();
        json!({ "guild": guild, "title": title, "start": start, "seats": 2, "minutes": 30 })
    }

    pub(crate) async fn status(&self, game: &str) -> Value {
        self.ada.get(&format!("/api/v1/games/{game}")).await.is(200)["status"].clone()
    }
}
