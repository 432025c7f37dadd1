//! What leaves for Discord: everything that the program sends there passes a gate that writes down its headers.

use super::sink::Sink;
use crate::guild::Guild;
use crate::program::{browser, eventually};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use clock::{Chance, Clock, PracticeClock};
use jiff::SignedDuration;
use practice::{Practice, PracticeConfig, cast};
use reqwest::Client;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Headers by which traces travel, of all the propagators that there are.
const TRACE_HEADERS: [&str; 8] = [
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "uber-trace-id",
    "x-amzn-trace-id",
    "x-cloud-trace-context",
];
/// Larger than any body that is sent to Discord.
const BODY_BYTES: usize = 1 << 20;

/// Hands requests on, and keeps what they were.
#[derive(Clone)]
struct Gate {
    to: SocketAddr,
    http: Client,
    passed: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Gate {
    async fn open(to: SocketAddr, server: &mut JoinSet<()>) -> (Self, SocketAddr) {
        let gate = Self { to, http: browser(), passed: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(pass).with_state(gate.clone());
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        (gate, address)
    }

    fn passed(&self) -> Vec<(String, HeaderMap)> {
        self.passed.lock().unwrap().clone()
    }
}

async fn pass(State(gate): State<Gate>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    gate.passed.lock().unwrap().push((format!("{} {path}", head.method), head.headers.clone()));
    let to: Uri = format!("http://{}{path}", gate.to).parse().unwrap();
    let mut headers = head.headers;
    headers.remove("host");
    let body = to_bytes(body, BODY_BYTES).await.unwrap();
    let sent = gate.http.request(head.method, to.to_string()).headers(headers).body(body).send();
    let answer = sent.await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, Body::from(answer.bytes().await.unwrap())).into_response()
}

async fn practise(stop: &CancellationToken) -> Practice {
    let config = PracticeConfig {
        listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        clock: Clock::Practice(PracticeClock::running()),
        chance: Chance::seeded(7),
        data: None,
        strict_limits: true,
        token: None,
    };
    Practice::start(config, stop.clone()).await.unwrap()
}

#[tokio::test]
async fn nothing_is_injected_into_calls_to_discord() {
    let (stop, mut server) = (CancellationToken::new(), JoinSet::new());
    let practice = practise(&stop).await;
    let (gate, address) = Gate::open(practice.address(), &mut server).await;
    let sink = Sink::listen().await;
    let home = sink.home().set("DISCORD_BOT_TOKEN", practice.token());
    let home = home.set("MUSTER_DISCORD_API", &format!("http://{address}/api/v10"));
    let program = home.up().await;
    let ada = program.person(&home.token("Ada").await);
    program.knows_guild(&ada).await;
    let guild = Guild::at(browser(), &format!("http://{}", practice.address()));

    let start = guild.now().await + SignedDuration::from_hours(3);
    let wish = json!({ "guild": cast::GUILD_ID.to_string(), "title": "Lancer", "start": start, "seats": 1 });
    ada.create(&wish).await;
    let card = eventually("the card", async || guild.card("Lancer").await).await;
    guild.press("Dana", &card, "Join").await;
    guild.command("Dana", "game list").await;
    program.stop().await;

    let passed = gate.passed();
    let kinds =
        ["GET /api/v10/gateway", "PUT ", "POST /api/v10/channels", "POST /api/v10/interactions", "PATCH "];
    for kind in kinds {
        assert!(passed.iter().any(|(what, _)| what.starts_with(kind)), "no {kind} among {passed:#?}");
    }
    for (what, headers) in &passed {
        let traced: Vec<_> = TRACE_HEADERS.iter().filter(|name| headers.contains_key(**name)).collect();
        assert!(traced.is_empty(), "{what} carries {traced:?}");
    }
    let exported = sink.exported();
    let called = exported.spans.iter().filter(|span| span["attributes"]["url.template"].is_string()).count();
    assert!(called >= passed.len() - 1, "calls are in traces all the same: {called} of {}", passed.len());
    for trace in exported.traces() {
        let leaked = passed.iter().any(|(_, headers)| format!("{headers:?}").contains(&trace.id));
        assert!(!leaked, "no header has a trace's id");
    }
    stop.cancel();
    practice.wait().await;
}
