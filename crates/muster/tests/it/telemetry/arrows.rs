//! How a trace hangs together: one story an arrow, on the running program.

use super::exported::Exported;
use super::sink::Sink;
use crate::api::Answer;
use crate::observatory::Trace;
use crate::shape::said;
use crate::stage::Stage;
use bus::{Bus, Message, QueueSpec, RabbitConfig};
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};
use telemetry::{Secret, ServiceName, Telemetry, Verb};
use uuid::Uuid;

/// What somebody sends who would like to write our telemetry.
const FOREIGN_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const FOREIGN_SPAN: &str = "00f067aa0ba902b7";
const FOREIGN_STATE: &str = "intruder=tr4cestate";
const FOREIGN_BAGGAGE: &str = "b4ggage-key=b4ggage-value";

async fn open() -> (Sink, Stage) {
    let sink = Sink::listen().await;
    let stage = Stage::set(&sink.home()).await;
    (sink, stage)
}

impl Sink {
    /// The trace of that id, once a span of each of these names is in it, and the parent of each of its spans.
    async fn whole(&self, id: &str, names: &[&str]) -> Trace {
        self.until(&format!("{names:?} in the trace {id}"), |exported| {
            let trace = exported.trace(id);
            (names.iter().all(|name| trace.has(name)) && trace.is_closed()).then_some(trace)
        })
        .await
    }

    /// The id of the first trace whose root has that name.
    async fn root(&self, name: &str) -> String {
        self.until(&format!("a root {name}"), |exported| {
            let root = exported.named(name).find(|span| span["parent_span_id"].is_null())?;
            Some(said(root, "trace_id").to_owned())
        })
        .await
    }
}

/// The trace of a request, by what its answer says.
fn trace_of(answer: &Answer) -> String {
    answer.header("x-request-id").to_owned()
}

fn is_sql(span: &Value) -> bool {
    span["attributes"]["db.query.text"].is_string()
}

#[tokio::test]
async fn api_request_creates_trace() {
    let (sink, stage) = open().await;
    let answer = stage.ada.get("/api/v1/games").await;
    let trace = sink.whole(&trace_of(&answer), &["GET /api/v1/games", "games.list"]).await;
    let root = trace.root();
    assert_eq!((said(root, "service"), said(root, "kind")), ("api-service", "server"));
    assert_eq!((root["name"].as_str(), &root["links"]), (Some("GET /api/v1/games"), &Value::Array(vec![])));
    assert_eq!(root["attributes"]["http.response.status_code"], 200);
    assert_eq!(root["attributes"]["user.id"], cast::find_person("Ada").unwrap().id.to_string());
    stage.program.stop().await;
    let requests = sink.exported();
    let roots = requests.traces().iter().filter(|trace| trace.id == trace_of(&answer)).count();
    assert_eq!(roots, 1, "one trace a request");
}

#[tokio::test]
async fn database_queries_are_child_spans() {
    let (sink, stage) = open().await;
    let title = "Never in a statement";
    let made = stage.ada.post("/api/v1/games", &stage.wish(title, 62).await).await;
    let trace = sink.whole(&trace_of(&made), &["POST /api/v1/games", "games.create", "COMMIT"]).await;
    let queries: Vec<_> = trace.spans.iter().filter(|span| is_sql(span)).collect();
    for expected in ["SELECT sessions", "SELECT members", "INSERT games", "INSERT outbox", "COMMIT"] {
        assert!(queries.iter().any(|query| query["name"] == expected), "{expected} is missing");
    }
    let by_verbs = ["POST /api/v1/games", "games.create", "permissions.check"];
    for query in queries.iter().filter(|query| query["service"] == "api-service") {
        let parent = trace.parent(query).expect("a query belongs to something");
        assert!(by_verbs.contains(&said(parent, "name")), "{query:#} hangs from {parent:#}");
        assert_eq!(query["kind"], "client");
        assert!(!query.to_string().contains(title), "a statement shows no values: {query:#}");
    }
    let insert = queries.iter().find(|query| query["name"] == "INSERT games").unwrap();
    let text = said(&insert["attributes"], "db.query.text");
    assert!(text.starts_with("INSERT INTO games") && (text.contains('$') || text.contains('?')), "{text}");
    stage.program.stop().await;
}

#[tokio::test]
async fn rabbitmq_propagates_context() {
    let (sink, stage) = open().await;
    let made = stage.ada.post("/api/v1/games", &stage.wish("Winterhold", 62).await).await;
    let names =
        ["publish muster.events", "process muster.bot", "ack muster.bot", "delivery.send announcement"];
    let trace = sink.whole(&trace_of(&made), &names).await;
    is_one_trace_from_publish_to_process(&trace, "games.create");
    stage.program.stop().await;
}

/// The message was published by what wrote it, and processed by another service as a child of that, linked to it.
fn is_one_trace_from_publish_to_process(trace: &Trace, writer: &str) {
    let process = trace.only("process muster.bot");
    let publish = trace.parent(process).unwrap();
    assert_eq!((said(publish, "name"), said(publish, "kind")), ("publish muster.events", "producer"));
    assert_eq!(said(trace.parent(publish).unwrap(), "name"), writer);
    assert_eq!((said(process, "service"), said(process, "kind")), ("bot-service", "consumer"));
    let link = &process["links"][0];
    assert_eq!((&link["trace_id"], &link["span_id"]), (&publish["trace_id"], &publish["span_id"]));
    let (sent, taken) = (&publish["attributes"], &process["attributes"]);
    assert_eq!(sent["messaging.message.id"], taken["messaging.message.id"]);
    let settled = trace.only("ack muster.bot");
    assert_eq!(trace.parent(settled).unwrap()["span_id"], process["span_id"]);
}

/// A broker on which tests may make queues; `cargo xtask test` starts one and sets it.
const AMQP_URL: &str = "MUSTER_TEST_AMQP_URL";

/// A bus on that broker, with names of its own; says what is left out without one.
pub(super) fn broker(name: &str) -> Option<Bus> {
    #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it started")]
    let Some(url) = std::env::var(AMQP_URL).ok().filter(|url| !url.is_empty()) else {
        eprintln!("left out: RabbitMQ, since {AMQP_URL} is not set (cargo xtask test starts a broker)");
        return None;
    };
    let name_prefix = format!("{name}-{}.", std::process::id());
    let config = RabbitConfig { name_prefix, ..RabbitConfig::new(Secret::new(url)) };
    Some(Bus::rabbitmq(config).unwrap())
}

#[tokio::test]
async fn rabbitmq_propagates_context_over_a_broker() {
    let Some(bus) = broker("arrow") else { return };
    let (api, by_api) = Telemetry::captured(ServiceName::Api);
    let (bot, by_bot) = Telemetry::captured(ServiceName::Bot);
    let queue = QueueSpec::durable("muster.bot", &["#"]);
    bus.declare(queue);
    let mut consumer = bus.subscribe(queue).await;
    let trace = api.verb(Verb { name: "games.create" }).trace_context();
    let (id, body) = (Uuid::from_u128(9), b"{}".to_vec());
    let message = Message { id, routing_key: "game.created".to_owned(), body, game: Some(id), trace };
    bus.publish(&api, &[message]).await.remove(0).unwrap();
    let delivery = consumer.next().await.unwrap();
    delivery.process_span(&bot).run(delivery.ack(&bot)).await;
    let (sent, taken) = (by_api.spans(), by_bot.spans());
    let publish = sent.iter().find(|span| span.name == "publish muster.events").unwrap();
    let process = taken.iter().find(|span| span.name == "process muster.bot").unwrap();
    assert_eq!(
        (&process.trace_id, process.parent_span_id.as_ref()),
        (&publish.trace_id, Some(&publish.span_id))
    );
    assert_eq!(process.links, std::slice::from_ref(&publish.span_id));
    assert_eq!(process.attributes["messaging.system"], "rabbitmq");
    assert_eq!(publish.attributes["muster.game.id"], id.to_string());
    bus.close().await;
}

#[tokio::test]
async fn bot_command_creates_root_span() {
    let (sink, stage) = open().await;
    stage.guild.command("Dana", "game list").await;
    let id = sink.root("discord.interaction game list").await;
    let trace = sink.whole(&id, &["discord.interaction game list", "games.list"]).await;
    let root = trace.root();
    assert_eq!((said(root, "service"), said(root, "kind")), ("bot-service", "server"));
    let attributes = &root["attributes"];
    assert_eq!(attributes["discord.interaction.type"], "command");
    assert_eq!(attributes["discord.command.name"], "game list");
    assert_eq!(attributes["discord.guild.id"], cast::GUILD_ID.to_string());
    assert_eq!(attributes["discord.channel.id"], cast::GAMES_CHANNEL_ID.to_string());
    assert_eq!(attributes["user.id"], cast::find_person("Dana").unwrap().id.to_string());
    let verb = trace.only("games.list");
    assert_eq!(trace.parent(verb).unwrap()["span_id"], root["span_id"]);
    assert!(trace.spans.iter().any(is_sql), "its queries are in its trace");
    stage.program.stop().await;
}

/// A command that the bot offers has a root span of its own name: one that nobody has named would be `unknown`.
#[tokio::test]
async fn no_command_is_without_a_span_of_its_name() {
    let (sink, stage) = open().await;
    let commands = stage.guild.get("commands").await;
    let mut names = Vec::new();
    for command in commands.as_array().unwrap() {
        let parts = command["options"].as_array().into_iter().flatten().filter(|part| part["type"] == 1);
        names.extend(parts.map(|part| format!("{} {}", said(command, "name"), said(part, "name"))));
    }
    assert!(names.len() >= 3, "the bot has commands: {names:?}");
    for name in &names {
        let options = if name.ends_with(" show") { json!({ "game": "Winter" }) } else { json!({}) };
        stage.guild.command_with("Dana", name, options).await;
        sink.root(&format!("discord.interaction {name}")).await;
    }
    stage.program.stop().await;
    assert_eq!(sink.exported().named("discord.interaction unknown").count(), 0);
}

#[tokio::test]
async fn daemon_http_call_propagates_trace() {
    let (sink, stage) = open().await;
    stage.ada.create(&stage.wish("Winterhold", 62).await).await;
    stage.card("Winterhold", "Open").await;
    let hint = "POST /internal/v1/hints";
    for (minutes, root, daemon) in [
        (2, "notification.dispatch", "notification-daemon"),
        (60, "status_transition.apply", "status-transition-daemon"),
    ] {
        stage.guild.advance(minutes).await;
        let id = sink.root(root).await;
        let (called, answered) = sink
            .until(&format!("the hint of {daemon}"), |exported| {
                let of_it = |kind: &str| {
                    let mut spans = exported.named(hint).filter(|span| span["trace_id"] == id.as_str());
                    spans.find(|span| span["kind"] == kind).cloned()
                };
                of_it("client").zip(of_it("server"))
            })
            .await;
        assert_eq!((said(&called, "service"), said(&answered, "service")), (daemon, "api-service"));
        assert_eq!(answered["parent_span_id"], called["span_id"], "a sibling's signed call is a parent");
        assert_eq!(answered["attributes"]["http.response.status_code"], 204);
        assert!(sink.exported().trace(&id).has(root), "all of it is the daemon's trace");
    }
    stage.program.stop().await;
}

#[tokio::test]
async fn logs_include_trace_id() {
    let (sink, stage) = open().await;
    let answer = stage.ada.get("/api/v1/games").await;
    let id = trace_of(&answer);
    let spoken = stage.program.stop().await;
    let lines: Vec<Value> = spoken.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let requests: Vec<_> = lines.iter().filter(|line| line["name"] == "http.request").collect();
    assert!(requests.len() > 4, "everybody has said who they are: {requests:#?}");
    for line in &requests {
        assert_eq!(line["trace_id"], line["fields"]["request_id"], "{line:#}");
        assert!(line["span_id"].as_str().is_some_and(|id| id.len() == 16), "{line:#}");
    }
    assert_eq!(
        requests.iter().filter(|line| line["trace_id"] == id.as_str()).count(),
        1,
        "no line comes twice"
    );
    let exported = sink.exported();
    let records: Vec<_> = exported.events("http.request").collect();
    assert_eq!(records.len(), requests.len(), "a line on stdout is a record over OTLP, once");
    for record in records {
        assert_eq!(record["trace_id"], record["attributes"]["request_id"], "{record:#}");
    }
}

#[tokio::test]
async fn trace_id_matches_span() {
    let (sink, stage) = open().await;
    let game = stage.ada.create(&stage.wish("Winterhold", 62).await).await;
    let card = stage.card("Winterhold", "Open").await;
    stage.guild.press("Dana", &card, "Join").await;
    stage.guild.advance(62).await;
    stage.card("Winterhold", "In progress").await;
    assert_eq!(stage.ada.get(&format!("/api/v1/games/{game}")).await.status, 200);
    stage.program.stop().await;
    let exported = sink.exported();
    for name in ["http.request", "scheduler.cycle"] {
        assert!(exported.events(name).next().is_some(), "there is a {name}");
    }
    for log in exported.logs.iter().filter(|log| log["trace_id"].is_string()) {
        let span = exported.spans.iter().find(|span| span["span_id"] == log["span_id"]);
        let span = span.unwrap_or_else(|| panic!("no span for {log:#}"));
        assert_eq!((&span["trace_id"], &span["service"]), (&log["trace_id"], &log["service"]));
        let during = said(span, "start_unix_nano")..=said(span, "end_unix_nano");
        let at = log["time_unix_nano"].to_string();
        assert!(during.contains(&at.as_str()), "{log:#} was written in {span:#}");
    }
    every_parent_is_there(&exported);
}

fn every_parent_is_there(exported: &Exported) {
    for trace in exported.traces() {
        assert!(trace.is_closed(), "a parent is missing: {trace:#?}");
        assert_eq!(trace.root()["parent_span_id"], Value::Null);
    }
}

#[tokio::test]
async fn the_public_listener_adopts_no_parent() {
    let (sink, stage) = open().await;
    // Flags that ask for no recording, a state and baggage: none of it is ours to believe.
    let hostile = stage.ada.request(Method::GET, "/api/v1/games");
    let hostile = hostile
        .header("traceparent", format!("00-{FOREIGN_TRACE}-{FOREIGN_SPAN}-00"))
        .header("tracestate", FOREIGN_STATE)
        .header("baggage", FOREIGN_BAGGAGE);
    let answer = Answer::of(hostile).await;
    let trace = sink.whole(&trace_of(&answer), &["GET /api/v1/games", "games.list"]).await;
    let root = trace.root();
    assert_ne!(root["trace_id"], FOREIGN_TRACE);
    assert_eq!(root["parent_span_id"], Value::Null);
    let link = &root["links"][0];
    assert_eq!((said(link, "trace_id"), said(link, "span_id")), (FOREIGN_TRACE, FOREIGN_SPAN));
    assert!(trace.spans.iter().all(|span| span["trace_state"] == ""), "{trace:#?}");

    for broken in [
        "",
        "00",
        "00-0-0-00",
        &"a".repeat(8 * 1024),
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ] {
        let request = stage.ada.request(Method::GET, "/api/v1/games").header("traceparent", broken);
        let answer = Answer::of(request.header("baggage", "x".repeat(8 * 1024))).await;
        assert_eq!(answer.status, 200, "{broken}");
        let trace = sink.whole(&trace_of(&answer), &["GET /api/v1/games"]).await;
        assert_eq!(trace.root()["links"], Value::Array(vec![]), "{broken} leads nowhere");
    }
    let spoken = stage.program.stop().await;
    let exported = sink.exported();
    assert!(exported.spans.iter().all(|span| span["trace_id"] != FOREIGN_TRACE));
    let (_, baggage) = FOREIGN_BAGGAGE.split_once('=').unwrap();
    let (_, foreign_state) = FOREIGN_STATE.split_once('=').unwrap();
    for foreign in [baggage, foreign_state] {
        assert!(
            !spoken.contains(foreign) && !exported.contains(foreign.as_bytes()),
            "{foreign} goes nowhere"
        );
    }
}

#[tokio::test]
async fn what_comes_due_is_a_new_trace_that_is_linked_to_what_planned_it() {
    let (sink, stage) = open().await;
    let made = stage.ada.post("/api/v1/games", &stage.wish("Winterhold", 62).await).await;
    let planned = trace_of(&made);
    stage.card("Winterhold", "Open").await;
    stage.guild.advance(2).await;
    let reminded = sink.root("notification.dispatch").await;
    let names = ["publish muster.events", "process muster.bot", "ack muster.bot", "delivery.send reminder"];
    let reminded = sink.whole(&reminded, &names).await;
    stage.guild.advance(60).await;
    let started = sink.root("status_transition.apply").await;
    let started =
        sink.whole(&started, &["publish muster.events", "process muster.bot", "ack muster.bot"]).await;
    let planned = sink.exported().trace(&planned);
    for (due, writer) in [(&reminded, "notifications.dispatch"), (&started, "games.transition")] {
        assert_ne!(due.id, planned.id, "hours don't lie inside a trace");
        assert!(due.follows(&planned), "{:#}", due.root());
        is_one_trace_from_publish_to_process(due, writer);
    }
    stage.program.stop().await;
}
