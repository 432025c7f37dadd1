//! A dashboard with everything that it needs, and people who use it.

use actions::{Ctx, Readiness, guilds};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bus::Bus;
use cache::Cache;
use clock::{Chance, Clock, PracticeClock};
use discord::{GuildSnapshot, Rest, RestConfig};
use domain::{ChannelId, GuildId, GuildRole, RoleId, UserId};
use http_body_util::BodyExt;
use jiff::Timestamp;
use practice::{Practice, PracticeConfig, cast};
use serde_json::Value;
use store::{Store, StoreConfig};
use telemetry::{Captured, Secret, ServiceName, Telemetry};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use web::{App, Live, PracticePerson, PracticeSignIn, WebConfig};

/// When every story begins.
pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

/// The dashboard.
pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) ctx: Ctx,
    pub(crate) clock: PracticeClock,
    pub(crate) captured: Captured,
    pub(crate) live: Live,
    pub(crate) stop: CancellationToken,
    practice: Practice,
    data: TempDir,
}

impl House {
    pub(crate) async fn open() -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let clock = PracticeClock::stopped_at(now);
        let (telemetry, captured) = Telemetry::captured(ServiceName::Api);
        let stop = CancellationToken::new();
        let practice = practice(&clock, &stop).await;
        let data = tempfile::tempdir().unwrap();
        let ctx = ctx(&practice, &clock, &telemetry, data.path()).await;
        guilds::sync(&ctx, snapshot()).await.unwrap();
        let live = Live::new();
        let app = App { ctx: ctx.clone(), config: config(), live: live.clone(), extra: Router::new() };
        let router = web::router(app, stop.clone());
        captured.clear();
        Self { router, ctx, clock, captured, live, stop, practice, data }
    }

    /// The same dashboard, to be served by a listener.
    pub(crate) fn app(&self) -> App {
        App { ctx: self.ctx.clone(), config: config(), live: self.live.clone(), extra: Router::new() }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Somebody who is signed in by the API.
    pub(crate) async fn person(&self, name: &str) -> Person<'_> {
        let id = cast::find_person(name).unwrap().id;
        let body = format!("{{\"person\": \"{id}\"}}");
        let request = Request::post("/api/v1/auth/practice")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .unwrap();
        let answer = self.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        Person { house: self, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    pub(crate) async fn close(self) {
        self.ctx.background.close();
        self.ctx.background.wait().await;
        self.stop.cancel();
        self.practice.wait().await;
        self.ctx.store.close().await;
        self.data.close().unwrap();
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text))
    }

    /// A problem on one line, without what differs from run to run.
    pub(crate) fn problem(&self) -> String {
        let body = self.json();
        let text = |key: &str| body[key].as_str().unwrap_or("-").to_owned();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let errors: Vec<_> = errors
            .iter()
            .map(|error| {
                let place = error["pointer"].as_str().or(error["parameter"].as_str()).unwrap_or("-");
                format!(" | {place}: {}", error["detail"].as_str().unwrap_or("-"))
            })
            .collect();
        format!("{} {}: {}{}", self.status.as_u16(), text("type"), text("detail"), errors.concat())
    }

    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

/// Somebody who uses the dashboard.
pub(crate) struct Person<'a> {
    house: &'a House,
    pub(crate) cookie: String,
}

impl Person<'_> {
    pub(crate) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.house.send(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    /// A page, as a browser asks for it.
    pub(crate) async fn look(&self, path: &str) -> Answer {
        let request = self.request("GET", path).header(header::ACCEPT, "text/html,*/*;q=0.8");
        self.house.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header(header::CONTENT_TYPE, "application/json");
        self.house.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.house.send(self.request("POST", path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form from a page of ours, with the token that the page has.
    pub(crate) async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.look(page).await.text;
        let csrf = between(&shown, "name=\"csrf\" value=\"", "\"").to_owned();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let body = form.append_pair("csrf", &csrf).extend_pairs(fields).finish();
        let request = self
            .request("POST", path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html")
            .header("sec-fetch-site", "same-origin");
        self.house.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Makes a game tomorrow at noon; gives its id.
    pub(crate) async fn game(&self, title: &str, seats: u32) -> String {
        let body = serde_json::json!({
            "guild": cast::GUILD_ID.to_string(), "title": title, "start": "2026-06-02T12:00:00Z", "seats": seats,
        });
        let answer = self.json("POST", "/api/v1/games", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

/// What stands between two texts.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split_once(after).unwrap().0
}

async fn practice(clock: &PracticeClock, stop: &CancellationToken) -> Practice {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = PracticeConfig {
        listener,
        clock: Clock::Practice(clock.clone()),
        chance: Chance::seeded(1),
        data: None,
        strict_limits: false,
    };
    Practice::start(config, stop.clone()).await.unwrap()
}

async fn ctx(
    practice: &Practice,
    clock: &PracticeClock,
    telemetry: &Telemetry,
    data: &std::path::Path,
) -> Ctx {
    let config = StoreConfig::Sqlite(data.join("muster.db"));
    let store = Store::open(&config, telemetry).await.unwrap();
    store.migrate().await.unwrap();
    let clock = Clock::Practice(clock.clone());
    let api = format!("http://{}/api/v10", practice.address());
    let config = RestConfig { api, token: Secret::new(practice.token().to_owned()) };
    let discord = Rest::new(&config, telemetry.clone(), Chance::seeded(3)).unwrap();
    Ctx {
        quiet: store.for_service(&Telemetry::off(ServiceName::Api)),
        store,
        bus: Bus::in_process(),
        cache: Cache::memory(),
        discord,
        telemetry: telemetry.clone(),
        clock,
        chance: Chance::seeded(2),
        readiness: Readiness::default(),
        background: TaskTracker::new(),
    }
}

/// The practice guild as the gateway tells of it.
fn snapshot() -> GuildSnapshot {
    let guild = cast::guild();
    let role = |role: &cast::Role| GuildRole {
        id: RoleId::new(role.id),
        name: role.name.to_owned(),
        permissions: role.permissions,
    };
    let channel = |channel: &cast::Channel| discord::Channel {
        id: ChannelId::new(channel.id),
        name: channel.name.to_owned(),
        kind: if channel.kind == cast::ChannelKind::Category { 4 } else { 0 },
        position: 0,
    };
    GuildSnapshot {
        id: GuildId::new(guild.id),
        name: guild.name.to_owned(),
        owner: UserId::new(guild.owner_id),
        roles: cast::roles().iter().map(role).collect(),
        channels: cast::channels().iter().map(channel).collect(),
        locale: None,
    }
}

fn config() -> WebConfig {
    let person = |person: &cast::Person| PracticePerson {
        id: UserId::new(person.id),
        name: person.global_name.to_owned(),
        about: if person.is_owner { "owner".to_owned() } else { "member".to_owned() },
    };
    WebConfig {
        public_url: "http://127.0.0.1:8080".parse().unwrap(),
        practice_url: Some("http://127.0.0.1:8081".to_owned()),
        practice: Some(PracticeSignIn { people: cast::people().iter().map(person).collect() }),
        version: "0.1.0-test".to_owned(),
    }
}
