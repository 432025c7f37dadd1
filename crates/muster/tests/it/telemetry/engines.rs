//! The canary on PostgreSQL, Redis and RabbitMQ: what opens them is told to nobody, also where they refuse it.
//!
//! Needs the three servers (`cargo xtask test` starts them); without them it says so and passes.

use super::budget;
use super::canary::{looked_at, places};
use super::marks::Mark;
use super::sink::Sink;
use crate::processes::servers;
use crate::program::browser;
use crate::stage::Stage;
use practice::cast;
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::Executor as _;
use sqlx::postgres::PgPoolOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const DATABASE_PASSWORD: &str = "c4nary-database-password-19d3";
const REDIS_PASSWORD: &str = "c4nary-redis-password-2b7e";
const AMQP_PASSWORD: &str = "c4nary-amqp-password-3f58";
const TITLE: &str = "C4nary Title Basalt";
/// Which keyspace of Redis is ours.
const KEYSPACE: u32 = 6;
/// Messages that are looked at.
const MESSAGES: usize = 100;

/// The servers, and a door of our own into each of them.
struct Doors {
    name: String,
    database: String,
    redis: String,
    amqp: String,
    management: String,
    http: Client,
}

impl Doors {
    /// None where no servers are named.
    async fn open() -> Option<Self> {
        let [postgres, redis, amqp, management] = &servers::named("the canary on servers")?;
        let name = format!("muster_canary_{}", std::process::id());
        let mut doors = Self {
            database: database(postgres, &name).await,
            redis: redis_user(redis, &name).await,
            amqp: String::new(),
            management: management.clone(),
            http: browser(),
            name,
        };
        doors.amqp = doors.virtual_host(amqp).await;
        Some(doors)
    }

    /// A virtual host and a user who may do everything in it and nothing else.
    async fn virtual_host(&self, amqp: &str) -> String {
        let name = &self.name;
        let all = json!({ "configure": ".*", "write": ".*", "read": ".*" });
        self.put(&format!("vhosts/{name}"), json!({})).await;
        self.put(&format!("users/{name}"), json!({ "password": AMQP_PASSWORD, "tags": "" })).await;
        self.put(&format!("permissions/{name}/{name}"), all).await;
        with_password(amqp, (name, AMQP_PASSWORD), name)
    }

    async fn put(&self, path: &str, body: Value) {
        let answer =
            self.http.put(format!("{}/api/{path}", self.management)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let asked = self.http.post(format!("{}/api/{path}", self.management)).json(&body);
        let answer = asked.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap_or_default()
    }

    /// A queue of ours that is given every message, too.
    async fn listen_in(&self) {
        let name = &self.name;
        self.put(&format!("queues/{name}/copy"), json!({ "durable": true })).await;
        self.post(&format!("bindings/{name}/e/muster.events/q/copy"), json!({ "routing_key": "#" })).await;
    }

    /// What has come to it.
    async fn heard(&self) -> Vec<Value> {
        let wanted = json!({ "count": MESSAGES, "ackmode": "ack_requeue_false", "encoding": "auto" });
        let messages = self.post(&format!("queues/{}/copy/get", self.name), wanted).await;
        messages.as_array().unwrap().clone()
    }
}

/// The address for another user, in the part of the server that is called `place`.
fn with_password(address: &str, (user, password): (&str, &str), place: &str) -> String {
    let mut url = url::Url::parse(address).unwrap();
    url.set_username(user).unwrap();
    url.set_password(Some(password)).unwrap();
    url.set_path(place);
    url.into()
}

async fn database(server: &str, name: &str) -> String {
    let pool = PgPoolOptions::new().max_connections(1).connect(server).await.unwrap();
    for statement in [
        format!("CREATE ROLE {name} LOGIN PASSWORD '{DATABASE_PASSWORD}'"),
        format!("CREATE DATABASE {name} OWNER {name}"),
    ] {
        pool.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    }
    pool.close().await;
    with_password(server, (name, DATABASE_PASSWORD), name)
}

async fn redis_user(server: &str, name: &str) -> String {
    let url = url::Url::parse(server).unwrap();
    let place = (url.host_str().unwrap(), url.port().unwrap_or(6379));
    let mut connection = TcpStream::connect(place).await.unwrap();
    let command = format!("ACL SETUSER {name} on >{REDIS_PASSWORD} ~* &* +@all\r\n");
    connection.write_all(command.as_bytes()).await.unwrap();
    let mut answer = [0; 5];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"+OK\r\n");
    with_password(server, (name, REDIS_PASSWORD), &KEYSPACE.to_string())
}

fn passwords() -> [Mark; 3] {
    [
        ("the password of PostgreSQL", DATABASE_PASSWORD),
        ("the password of Redis", REDIS_PASSWORD),
        ("the password of RabbitMQ", AMQP_PASSWORD),
    ]
    .map(|(what, secret)| Mark::new(what, secret))
}

#[tokio::test]
async fn nothing_secret_goes_with_messages_and_no_password_anywhere() {
    let Some(doors) = Doors::open().await else { return };
    let sink = Sink::listen().await;
    let home = sink
        .home()
        .set("OTEL_LOG_LEVEL", "debug")
        .set("DATABASE_URL", &doors.database)
        .set("REDIS_URL", &doors.redis)
        .set("AMQP_URL", &doors.amqp);
    let stage = Stage::set(&home).await;
    doors.listen_in().await;
    let mut wish = stage.wish(TITLE, 62).await;
    wish["description"] = json!("c4nary-description-on-a-broker");
    let game = stage.ada.create(&wish).await;
    let card = stage.card(TITLE, "Open").await;
    stage.guild.press("Dana", &card, "Join").await;
    stage.emre.join(&game).await;
    stage.guild.advance(62).await;
    stage.card(TITLE, "In progress").await;
    let pages = looked_at(&stage.program).await;
    let spoken = stage.program.stop().await;

    let messages = doors.heard().await;
    assert!(messages.len() >= 4, "made, joined twice, started: {messages:#?}");
    let beside = messages.iter().map(beside_the_body).collect::<Vec<_>>().join("\n");
    let whole = json!(messages).to_string();
    let exported = sink.exported();
    let secrets = [stage.ada.secret(), stage.dana.secret(), stage.emre.secret()];
    let secrets = secrets.map(|secret| Mark::new("a session or token", secret));
    let everywhere = places(&exported, &spoken, &whole, &pages);
    for mark in passwords().iter().chain(&secrets) {
        assert_eq!(mark.found_in(&everywhere), [""; 0], "{} is told", mark.what);
    }
    let texts = [TITLE, "c4nary-description-on-a-broker"].map(|text| Mark::new("a text", text));
    let headers = places(&exported, &spoken, &beside, &pages);
    for mark in &texts {
        assert_eq!(mark.found_in(&headers), [""; 0], "{} travels beside an event", mark.what);
    }
    assert_eq!(crate::contract::names_somebody(&json!([beside]).to_string()), None);
    budget::check(&exported);
}

/// What a broker sees of a message without reading it: its routing key, properties and headers.
fn beside_the_body(message: &Value) -> String {
    let properties = &message["properties"];
    assert!(properties["headers"]["traceparent"].is_string(), "it travels in its trace: {message:#}");
    json!([message["routing_key"], properties]).to_string()
}

/// A server of PostgreSQL that has heard of nobody.
async fn refuse_everybody(listener: TcpListener) {
    let field = |kind: char, text: &str| format!("{kind}{text}\0");
    let text = [
        field('S', "FATAL"),
        field('V', "FATAL"),
        field('C', "28P01"),
        field('M', "password authentication failed for user \"muster\""),
    ]
    .concat()
        + "\0";
    let length = u32::try_from(text.len() + 4).unwrap();
    let refusal = [b"E".as_slice(), &length.to_be_bytes(), text.as_bytes()].concat();
    while let Ok((mut connection, _)) = listener.accept().await {
        let mut asked = [0; 1024];
        let read = connection.read(&mut asked).await.unwrap_or_default();
        // First of all whoever comes asks for TLS, in eight bytes.
        if read == 8 {
            connection.write_all(b"N").await.unwrap();
            let _ = connection.read(&mut asked).await;
        }
        let _ = connection.write_all(&refusal).await;
    }
}

#[tokio::test]
async fn a_password_that_postgresql_refuses_is_not_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(refuse_everybody(listener));
    let sink = Sink::listen().await;
    let url = format!("postgres://muster:{DATABASE_PASSWORD}@{address}/muster");
    let home = sink.home().set("OTEL_LOG_LEVEL", "debug").set("DATABASE_URL", &url);
    let arguments = ["up", "--listen", "127.0.0.1:0", "--practice", "127.0.0.1:0"];
    let doors = ["--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0"];
    let ran = home.run(&[&arguments[..], &doors].concat()).await;
    assert_eq!(ran.code(), Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("password authentication failed"), "it says why: {}", ran.stderr);

    let exported = sink.exported();
    assert!(exported.events("telemetry.configured").next().is_some(), "what it had told by then is sent");
    let everything = places(&exported, &ran.stdout, &ran.stderr, &[]);
    assert_eq!(passwords()[0].found_in(&everything), [""; 0]);
}

#[tokio::test]
async fn passwords_that_redis_and_rabbitmq_refuse_are_not_told() {
    let Some(doors) = Doors::open().await else { return };
    let sink = Sink::listen().await;
    let wrong = |address: &str, password: &str| {
        let mut url = url::Url::parse(address).unwrap();
        url.set_password(Some(&format!("{password}-wrong"))).unwrap();
        String::from(url)
    };
    let home = sink
        .home()
        .set("OTEL_LOG_LEVEL", "debug")
        .set("REDIS_URL", &wrong(&doors.redis, REDIS_PASSWORD))
        .set("AMQP_URL", &wrong(&doors.amqp, AMQP_PASSWORD));
    let program = home.up().await;
    for event in ["bus.refused", "cache.away"] {
        program.says(event).await;
    }
    let ada = program.person(&home.token("Ada").await);
    program.knows_guild(&ada).await;
    let start = jiff::Timestamp::from_second(4_000_000_000).unwrap();
    ada.post(
        "/api/v1/games",
        &json!({ "guild": cast::GUILD_ID.to_string(), "title": TITLE, "start": start }),
    )
    .await;
    let pages = looked_at(&program).await;
    let spoken = program.stop().await;

    let exported = sink.exported();
    let everything = places(&exported, &spoken, "", &pages);
    for mark in passwords() {
        assert_eq!(mark.found_in(&everything), [""; 0], "{} is told", mark.what);
    }
}
