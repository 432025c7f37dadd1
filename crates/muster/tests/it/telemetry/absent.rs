//! When nobody takes the telemetry: nobody who uses the program notices.

use super::sink::{Manner, Sink};
use crate::guild::Guild;
use crate::program::{Home, Program};
use practice::cast;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

/// From SIGTERM to the end: five seconds for the last telemetry, and a moment for the rest.
const ENDS_WITHIN: Duration = Duration::from_secs(7);
/// A request of one person on an idle machine; two cores that compile beside it are no idle machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Requests after which everything has the size that it keeps.
const WARM_UP: usize = 200;
/// Requests with some ten spans and a record each: three times what the queues hold.
const REQUESTS: usize = 3_000;
/// How much the process may grow meanwhile.
const GROWS_MIB: u64 = 32;
/// The runtimes start threads for what blocks as they need them.
const SPARE_THREADS: u64 = 4;

/// Somebody makes a game, somebody joins with a button, the card follows.
async fn works(program: &Program, home: &Home) {
    let ada = program.person(&home.token("Ada").await);
    program.knows_guild(&ada).await;
    let guild = Guild::at(program.http.clone(), program.address("practice"));
    let start = guild.now().await + jiff::SignedDuration::from_hours(3);
    let wish = json!({ "guild": cast::GUILD_ID.to_string(), "title": "Lancer", "start": start, "seats": 2 });
    let game = tokio::time::timeout(ANSWERS_WITHIN, ada.create(&wish)).await.expect("it answers in time");
    let card = crate::program::eventually("the card", async || guild.card("Lancer").await).await;
    guild.press("Dana", &card, "Join").await;
    let path = format!("/api/v1/games/{game}");
    let joined = async || (ada.get(&path).await.is(200)["confirmed"] == 1).then_some(());
    crate::program::eventually("Dana on the roster", joined).await;
}

/// How many lines of that name each service has said.
fn lines(spoken: &str, name: &str) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for line in spoken.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()) {
        if line["name"] == name {
            *counted.entry(line["service"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    counted
}

#[tokio::test]
async fn nobody_has_ever_listened() {
    // Bound and given back: nobody is there.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let home = Home::watched().set("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{nobody}"));
    let program = home.up().await;
    works(&program, &home).await;
    program.says("telemetry.export.interrupted").await;
    let spoken = program.stop_within(ENDS_WITHIN).await;
    let begun = lines(&spoken, "telemetry.export.interrupted");
    assert!(begun.values().all(|times| *times == 1), "one line when it begins: {begun:?}");
    assert!(lines(&spoken, "telemetry.export.resumed").is_empty());
    assert!(!lines(&spoken, "telemetry.flush_failed").is_empty(), "the end says that something was lost");
}

/// What the process holds in memory, in MiB, and how many threads it has.
fn held(program: &Program) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let number = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    (number("VmRSS:") / 1024, number("Threads:"))
}

#[tokio::test]
async fn what_nobody_takes_fills_neither_memory_nor_threads() {
    let silence = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silence.local_addr().unwrap();
    let home = Home::watched().set("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"));
    let program = home.up().await;
    works(&program, &home).await;
    let ada = program.person(&home.token("Ada").await);
    let ask = async |times: usize| {
        for _ in 0..times {
            assert_eq!(ada.get("/api/v1/games").await.status, 200);
        }
    };
    ask(WARM_UP).await;
    let (memory, threads) = held(&program);
    ask(REQUESTS).await;
    let (more_memory, more_threads) = held(&program);
    assert!(more_memory <= memory + GROWS_MIB, "{memory} MiB have become {more_memory}");
    assert!(more_threads <= threads + SPARE_THREADS, "{threads} threads have become {more_threads}");
    program.stop_within(ENDS_WITHIN).await;
}

#[tokio::test]
async fn somebody_listens_and_never_answers() {
    let silence = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silence.local_addr().unwrap();
    let home = Home::watched().set("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"));
    let program = home.up().await;
    works(&program, &home).await;
    program.stop_within(ENDS_WITHIN).await;
}

#[tokio::test]
async fn the_listener_goes_away_in_the_middle_and_comes_back() {
    let sink = Sink::listen().await;
    let home = sink.home();
    let program = home.up().await;
    sink.be(Manner::Away);
    works(&program, &home).await;
    program.says("telemetry.export.interrupted").await;
    sink.be(Manner::Taking);
    program.says("telemetry.export.resumed").await;
    let spoken = program.stop_within(ENDS_WITHIN).await;
    for name in ["telemetry.export.interrupted", "telemetry.export.resumed"] {
        assert!(lines(&spoken, name).values().all(|times| *times == 1), "{name}: {:?}", lines(&spoken, name));
    }
    let exported = sink.exported();
    let spans = exported.named("games.create").count();
    assert_eq!(spans, 1, "what was told meanwhile has waited");
}

#[tokio::test]
async fn the_listener_falls_silent_before_the_end() {
    let sink = Sink::listen().await;
    let home = sink.home();
    let program = home.up().await;
    works(&program, &home).await;
    sink.be(Manner::Mute);
    program.stop_within(ENDS_WITHIN).await;
}

#[tokio::test]
async fn one_thread_for_everything_is_enough() {
    let sink = Sink::listen().await;
    let home =
        sink.home().set("TOKIO_WORKER_THREADS", "1").set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    let program = home.up().await;
    works(&program, &home).await;
    sink.until("the span of the game", |exported| exported.named("games.create").next().map(drop)).await;
    sink.be(Manner::Mute);
    program.stop_within(ENDS_WITHIN).await;
}
