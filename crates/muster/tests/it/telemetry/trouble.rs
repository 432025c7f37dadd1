//! What goes wrong around a running program, one thing after the other.

use super::sink::{Manner, Sink};
use super::tables::rename;
use crate::guild::Guild;
use crate::program::{Home, Program, UP, eventually};
use crate::stage::Stage;
use reqwest::Method;
use serde_json::{Value, json};
use std::fs;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Discord refuses, limits, answers nonsense and hangs up. The clock runs: what is tried again waits a little.
pub(super) async fn with_discord(stage: &Stage) {
    stage.guild.post("clock", json!({ "resume": true })).await;
    let game = stage.ada.create(&stage.wish("Autumn", 300).await).await;
    let card = stage.card("Autumn", "Open").await;
    stage.guild.patch("people/Freya", json!({ "dms_open": false })).await;
    stage.guild.faults(json!({ "rate_limited": 1 })).await;
    stage.guild.press("Freya", &card, "Join").await;
    stage.guild.advance(1).await;
    let redirected = async || {
        let told = stage.ada.deliveries(&game).await;
        told.iter().any(|it| it["kind"] == "joined" && it["state"] == "sent").then_some(())
    };
    eventually("what can't be a DM", redirected).await;
    stage.guild.faults(json!({ "html_errors": 1 })).await;
    stage.hana.join(&game).await;
    stage.card("Autumn", "Hana").await;
    answer_nobody(stage, &card).await;
    stage.guild.faults(json!({ "outage": true })).await;
    stage.guild.post("gateway", json!({ "action": "close", "code": 4000 })).await;
    for event in ["discord.gateway.closed", "discord.gateway.disconnected"] {
        stage.program.says(event).await;
    }
    stage.guild.faults(json!({})).await;
    is_connected(&stage.guild).await;
}

async fn is_connected(guild: &Guild) {
    let connected = async || (guild.get("bot").await["connected_sessions"] == 1).then_some(());
    eventually("the bot is back", connected).await;
}

/// Whoever pressed dismisses the answer before it comes.
async fn answer_nobody(stage: &Stage, card: &Value) {
    stage.guild.faults(json!({ "latency_milliseconds": 500 })).await;
    let press = json!({ "as": "Dana", "message": card["id"], "button": "Join", "wait_ms": 100 });
    stage.guild.post("press", press).await;
    let loading = eventually("the answer that is awaited", async || {
        stage.guild.oracle().await.iter().find(|message| message["loading"] == true).cloned()
    })
    .await;
    stage.guild.delete(&format!("messages/{}", loading["id"].as_str().unwrap())).await;
    stage.program.says("interaction.unanswered").await;
    stage.guild.faults(json!({})).await;
}

/// The channel of all cards is deleted.
pub(super) async fn with_a_channel(stage: &Stage) {
    let game = stage.ada.create(&stage.wish("Lost", 300).await).await;
    stage.card("Lost", "Open").await;
    stage.guild.delete("channels/games").await;
    stage.hana.join(&game).await;
    stage.program.says("bot.card_refused").await;
}

/// Whoever takes the telemetry is away for a moment.
pub(super) async fn with_the_receiver(stage: &Stage, sink: &Sink) {
    sink.be(Manner::Away);
    stage.ada.get("/games").await;
    stage.program.says("telemetry.export.interrupted").await;
    sink.be(Manner::Taking);
    stage.program.says("telemetry.export.resumed").await;
}

/// Tables go missing, and come back.
pub(super) async fn with_the_database(stage: &Stage, home: &Home, sink: &Sink) {
    let without = async |table: &str, event: &str| {
        rename(home, table, "gone").await;
        match table {
            "games" => assert_eq!(stage.ada.get("/api/v1/games").await.status, 500),
            "guilds" => drop(stage.guild.patch("channels/general", json!({ "name": "tavern" })).await),
            // Old rows are swept away every hour.
            "inbox" => stage.guild.advance(61).await,
            _ => {}
        }
        stage.program.says(event).await;
        rename(home, "gone", table).await;
    };
    stage.guild.advance(61).await;
    stage.program.says("sweep.done").await;
    without("schedule", "scheduler.turn_failed").await;
    without("outbox", "relay.turn_failed").await;
    without("deliveries", "bot.ledger_unread").await;
    without("guilds", "bot.guild_not_taken").await;
    without("inbox", "sweep.failed").await;
    without("games", "games.list.exception").await;
    let failed = |span: &Value| span["attributes"]["http.response.status_code"] == 500;
    sink.until("the answer 500", |told| told.spans.iter().any(failed).then_some(())).await;
}

/// Strangers talk nonsense to doors that are not theirs, and there are too many of them.
pub(super) async fn with_strangers(stage: &Stage, internal: &str) {
    let unsigned = stage.program.http.request(Method::POST, format!("http://{internal}/internal/v1/hints"));
    assert_eq!(unsigned.body("{}").send().await.unwrap().status(), 401);
    for (door, event) in
        [("otlp-http", "collector.connection.error"), ("practice", "practice.connection_ended")]
    {
        let mut stranger = TcpStream::connect(stage.program.authority(door)).await.unwrap();
        stranger.write_all(b"\0\0nonsense\r\n\r\n").await.unwrap();
        stage.program.says(event).await;
    }
    stage.program.limit_files("8");
    let late = TcpStream::connect(stage.program.authority("dashboard")).await.unwrap();
    stage.program.says("http.accept.failed").await;
    stage.program.limit_files("1024");
    drop(late);
}

/// The practice Discord can't write its state down: something is in the way.
pub(super) async fn with_the_disk(stage: &Stage, home: &Home) {
    let file = home.data().join("practice.json");
    let there = async || file.is_file().then_some(());
    eventually("the state of the practice Discord", there).await;
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    fs::write(file.join("in the way"), "").unwrap();
    stage.guild.post("clock", json!({ "resume": true })).await;
    stage.program.says("practice.state_not_saved").await;
    fs::remove_dir_all(&file).unwrap();
    stage.guild.post("clock", json!({ "resume": true })).await;
    eventually("the state once more", there).await;
}

/// The program dies in the middle of a delivery and while Discord is out of order. The next one says so, finds half of
/// its tables gone, loses its connection for good and is asked to stop while people are still talking.
pub(super) async fn at_the_end(stage: Stage, home: &Home) -> String {
    stage.guild.faults(json!({ "latency_milliseconds": 2_000 })).await;
    let game = stage.ada.create(&stage.wish("Nightfall", 300).await).await;
    let is_under_way = async || {
        let told = stage.ada.deliveries(&game).await;
        told.iter().any(|delivery| delivery["state"] == "sending").then_some(())
    };
    eventually("a delivery that has begun", is_under_way).await;
    stage.guild.faults(json!({ "outage": true })).await;
    let saved =
        async || home.read("practice.json").windows(13).any(|it| it == b"\"outage\":true").then_some(());
    eventually("the outage in the state", saved).await;
    let practice = stage.program.authority("practice").to_owned();
    let said = stage.program.kill();

    // At another port it would be another Discord, with sessions of its own.
    let mut arguments = UP;
    let place = arguments.iter().position(|word| *word == "--practice").unwrap() + 1;
    arguments[place] = &practice;
    let program = home.start(&arguments).await;
    for event in ["process.recovered", "bot.gateway_not_found", "process.not_ready"] {
        program.says(event).await;
    }
    let guild = Guild::at(program.http.clone(), program.address("practice"));
    find_half_of_it_gone(&program, &guild, home).await;
    is_connected(&guild).await;
    guild.post("gateway", json!({ "action": "close", "code": 4004 })).await;
    program.says("bot.gateway_refused").await;
    let talkers = [talk(&program, "dashboard").await, talk(&program, "otlp-http").await];
    let end = program.stop().await;
    drop(talkers);
    format!("{said}\n{end}")
}

/// Discord is back, but the database lacks what the bot needs to go on where its predecessor was.
async fn find_half_of_it_gone(program: &Program, guild: &Guild, home: &Home) {
    rename(home, "shards", "gone").await;
    guild.faults(json!({})).await;
    program.says("bot.shard_not_claimed").await;
    guild.faults(json!({ "html_errors": 60 })).await;
    rename(home, "guilds", "also_gone").await;
    rename(home, "gone", "shards").await;
    program.says("bot.guilds_not_recalled").await;
    program.says("bot.application_unknown").await;
    rename(home, "also_gone", "guilds").await;
    // Its session is forgotten; whoever begins one gives every guild its commands, once it is written down.
    program.says("bot.commands_not_registered").await;
    guild.faults(json!({})).await;
}

/// What somebody calls himself who begins to say something and doesn't end.
const TALKER: &str = "talker";

/// Begins to say something, and doesn't end.
async fn talk(program: &Program, door: &str) -> TcpStream {
    let mut talker = TcpStream::connect(program.authority(door)).await.unwrap();
    let path = if door == "dashboard" { "/api/v1/auth/practice" } else { "/v1/traces" };
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: here\r\nuser-agent: {TALKER}\r\ncontent-type: application/json\r\n\
         content-length: 99\r\n\r\n{{"
    );
    talker.write_all(head.as_bytes()).await.unwrap();
    talker
}
