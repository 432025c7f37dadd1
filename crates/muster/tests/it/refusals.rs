//! What is wrong is said in one clear line, and changes nothing.

use crate::api::Person;
use crate::guild::Guild;
use crate::observatory::Observatory;
use crate::program::{Home, Program, UP, eventually};
use jiff::SignedDuration;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};
use std::net::TcpListener;

/// A wish for a game that can be so.
async fn wish(guild: &Guild) -> Value {
    let start = guild.now().await + SignedDuration::from_hours(3);
    json!({ "guild": cast::GUILD_ID.to_string(), "title": "Lancer", "start": start, "seats": 1 })
}

fn with(wish: &Value, field: &str, value: Value) -> Value {
    let mut changed = wish.clone();
    changed[field] = value;
    changed
}

#[tokio::test]
async fn bad_requests_are_told_apart() {
    let home = Home::new();
    let program = home.up().await;
    let guild = Guild::at(program.http.clone(), program.address("practice"));
    let ada = program.person(&home.token("Ada").await);
    let hana = program.person(&home.token("Hana").await);
    let nobody = Person::nobody(program.http.clone(), program.address("dashboard"));
    program.knows_guild(&ada).await;
    let games = "/api/v1/games";
    let wish = wish(&guild).await;
    let game = ada.create(&wish).await;
    let path = format!("{games}/{game}");

    let cut_off = ada.post_text(games, "{\"title\": ").await;
    insta::assert_snapshot!(cut_off.problem(), @"400 /problems/malformed-json");
    let empty = ada.post(games, &with(&wish, "title", json!(" "))).await;
    insta::assert_snapshot!(empty.problem(), @"422 /problems/invalid-input at /title");
    let wrong_kind = ada.post(games, &with(&wish, "reminders", json!([15, "soon"]))).await;
    insta::assert_snapshot!(wrong_kind.problem(), @"422 /problems/invalid-input at /reminders/1");
    let several = with(&with(&wish, "seats", json!(0)), "start", json!("2001-01-01T00:00:00Z"));
    insta::assert_snapshot!(ada.post(games, &several).await.problem(), @"422 /problems/invalid-input at /seats at /start");
    let unknown = ada.post(games, &with(&wish, "colour", json!("red"))).await;
    insta::assert_snapshot!(unknown.problem(), @"422 /problems/invalid-input at /colour");

    insta::assert_snapshot!(nobody.post(games, &wish).await.problem(), @"401 /problems/not-signed-in");
    insta::assert_snapshot!(program.person("made up").get("/api/v1/me").await.problem(), @"401 /problems/not-signed-in");
    insta::assert_snapshot!(hana.post(games, &wish).await.problem(), @"403 /problems/forbidden");
    insta::assert_snapshot!(hana.delete(&path).await.problem(), @"403 /problems/forbidden");
    let elsewhere = with(&wish, "guild", json!("1"));
    insta::assert_snapshot!(ada.post(games, &elsewhere).await.problem(), @"404 /problems/not-found");
    let no_game = ada.get(&format!("{games}/01890a5d-ac96-774b-bcce-b302099a8057")).await;
    insta::assert_snapshot!(no_game.problem(), @"404 /problems/not-found");

    ada.delete(&path).await.is(200);
    let closed = hana.post(&format!("{path}/join"), &Value::Null).await;
    insta::assert_snapshot!(closed.problem(), @"409 /problems/game-closed");
    let keyed = |body: &Value| ada.request(Method::POST, games).header("idempotency-key", "once").json(body);
    crate::api::Answer::of(keyed(&wish)).await.is(201);
    let reused = crate::api::Answer::of(keyed(&with(&wish, "title", json!("Another")))).await;
    insta::assert_snapshot!(reused.problem(), @"409 /problems/idempotency-key-reused");
    program.stop().await;
}

#[tokio::test]
async fn what_the_bot_does_not_know_is_answered_politely() {
    let home = Home::new();
    let program = home.up().await;
    let guild = Guild::at(program.http.clone(), program.address("practice"));
    let ada = program.person(&home.token("Ada").await);
    program.knows_guild(&ada).await;

    let message = guild.as_bot(&format!("/channels/{}/messages", cast::GAMES_CHANNEL_ID), old_card()).await;
    insta::assert_snapshot!(guild.press("Dana", &message, "Sign up").await, @"I don't know this one. It may come from an older message; the game's page or `/game list` will help.");
    insta::assert_snapshot!(guild.press("Dana", &message, "Later").await, @"This button was made by another version of me. Use the newest card of the game, or `/game list`.");
    insta::assert_snapshot!(guild.press("Dana", &message, "Gone").await, @"There is no such thing here.");

    let commands = format!("/applications/{}/guilds/{}/commands", cast::APPLICATION_ID, cast::GUILD_ID);
    guild.as_bot(&commands, json!({ "name": "raid", "description": "From long ago" })).await;
    insta::assert_snapshot!(guild.command("Dana", "raid").await, @"I don't know this one. It may come from an older message; the game's page or `/game list` will help.");
    program.stop().await;
}

/// A message as an earlier version might have left it behind.
fn old_card() -> Value {
    let button = |label: &str, id: &str| json!({ "type": 2, "style": 1, "label": label, "custom_id": id });
    let row = json!({ "type": 1, "components": [
        button("Sign up", "signup-17"),
        button("Later", "m9:join:01890a5d-ac96-774b-bcce-b302099a8057"),
        button("Gone", "m1:join:01890a5d-ac96-774b-bcce-b302099a8057"),
    ]});
    json!({ "content": "Come and play", "components": [row], "allowed_mentions": { "parse": [] } })
}

#[tokio::test]
async fn a_wrong_setting_is_named_in_one_line() {
    let refused = async |variable: &str, value: &str| {
        let home = Home::new().set(variable, value);
        let refusal = home.run(&UP[..1]).await.refusal();
        assert!(!home.data().exists(), "nothing is made");
        refusal
    };
    insta::assert_snapshot!(refused("MUSTER_LISTEN", "everywhere").await, @r#"2 muster: MUSTER_LISTEN: "everywhere" is no address; write one such as 127.0.0.1:8080"#);
    insta::assert_snapshot!(refused("MUSTER_PRACTICE", "127.0.0.1").await, @r#"2 muster: MUSTER_PRACTICE: "127.0.0.1" is no address; write one such as 127.0.0.1:8080"#);
    insta::assert_snapshot!(refused("MUSTER_OTLP_GRPC", "127.0.0.1:70000").await, @r#"2 muster: MUSTER_OTLP_GRPC: "127.0.0.1:70000" is no address; write one such as 127.0.0.1:8080"#);
    insta::assert_snapshot!(refused("MUSTER_OTLP_HTTP", ":").await, @r#"2 muster: MUSTER_OTLP_HTTP: ":" is no address; write one such as 127.0.0.1:8080"#);
    insta::assert_snapshot!(refused("MUSTER_PUBLIC_URL", "ftp://me:secret@muster.example").await, @"2 muster: MUSTER_PUBLIC_URL: it must be an http:// or https:// address");
    insta::assert_snapshot!(refused("MUSTER_DISCORD_API", "discord").await, @"2 muster: MUSTER_DISCORD_API: it must be an http:// or https:// address");
    insta::assert_snapshot!(refused("MUSTER_LOG_FORMAT", "xml").await, @r#"2 muster: MUSTER_LOG_FORMAT: "xml" is no log format; write human or json"#);
    insta::assert_snapshot!(refused("MUSTER_LOG", "store=loud").await, @r#"2 muster: MUSTER_LOG: "store=loud" is no log filter: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5"#);
    insta::assert_snapshot!(refused("MUSTER_TELEMETRY_MAX_BYTES", "plenty").await, @r#"2 muster: MUSTER_TELEMETRY_MAX_BYTES: "plenty" is no cap; write one such as 512MiB, at least 8MiB"#);
    insta::assert_snapshot!(refused("MUSTER_TELEMETRY_MAX_AGE", "7").await, @r#"2 muster: MUSTER_TELEMETRY_MAX_AGE: "7" is no cap; write one such as 7d, at least 1m"#);
    insta::assert_snapshot!(refused("MUSTER_FORWARD_MAX_BYTES", "1MiB").await, @r#"2 muster: MUSTER_FORWARD_MAX_BYTES: "1MiB" is no cap; write one such as 256MiB, at least 32MiB"#);
    insta::assert_snapshot!(refused("MUSTER_CONFIG", "elsewhere.toml").await, @"2 muster: MUSTER_CONFIG: elsewhere.toml can't be read: No such file or directory (os error 2)");
    insta::assert_snapshot!(refused("OTEL_TRACES_SAMPLER", "sometimes").await, @r#"2 muster: OTEL_TRACES_SAMPLER: "sometimes" must be always_on, always_off, traceidratio, or parentbased_ before one"#);
    insta::assert_snapshot!(refused("OTEL_BSP_SCHEDULE_DELAY", "soon").await, @r#"2 muster: OTEL_BSP_SCHEDULE_DELAY: "soon" must be a number of milliseconds, at least 1"#);
    insta::assert_snapshot!(refused("DISCORD_BOT_TOKEN", "two\nlines").await, @"2 muster: DISCORD_BOT_TOKEN: it has characters that no token has; copy it once more");
}

#[tokio::test]
async fn a_misspelt_key_in_the_file_is_named() {
    let home = Home::new();
    home.write("muster.toml", "listem = \"127.0.0.1:8080\"\n");
    insta::assert_snapshot!(home.run(&["up"]).await.refusal(), @"2 muster: muster.toml: unknown field `listem`, expected one of `listen`, `internal-listen`, `internal-url`, `health-listen`, `practice-url`, `shards`, `practice`, `otlp-grpc`, `otlp-http`, `data`, `public-url`, `discord-api`, `log-format`, `log`, `environment`, `telemetry-max-bytes`, `telemetry-max-age`, `forward-max-bytes`");
    home.write("muster.toml", "log-format = xml\n");
    insta::assert_snapshot!(home.run(&["up"]).await.refusal(), @"2 muster: muster.toml: string values must be quoted, expected literal string");
    assert!(!home.data().exists());
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (flag, variable) in [("--listen", "MUSTER_LISTEN"), ("--otlp-http", "MUSTER_OTLP_HTTP")] {
        let home = Home::new();
        let mut arguments: Vec<_> = UP.to_vec();
        let at = arguments.iter().position(|argument| *argument == flag).unwrap();
        let address = address.to_string();
        arguments[at + 1] = &address;
        let refusal = home.run(&arguments).await.refusal();
        assert!(
            refusal.starts_with(&format!("1 muster: {address} ({variable}) can't be listened on: ")),
            "{refusal}"
        );
        assert!(!home.data().exists(), "nothing is made");
    }
}

#[tokio::test]
async fn one_folder_has_one_process() {
    let home = Home::new();
    let program = home.up().await;
    insta::assert_snapshot!(home.run(&UP).await.refusal(), @"1 muster: the data folder ./muster-data is in use by another process");
    insta::assert_snapshot!(home.run(&["migrate"]).await.refusal(), @"1 muster: the data folder ./muster-data is in use by another process");
    let nobody = Person::nobody(program.http.clone(), program.address("dashboard"));
    assert_eq!(nobody.get("/readyz").await.is(200)["ready"], true, "the first one runs on");
    program.stop().await;
    home.up().await.stop().await;
}

/// Everything that the program keeps.
const FILES: [&str; 3] = ["muster.db", "telemetry.db", "practice.json"];

#[tokio::test]
async fn what_is_damaged_is_left_as_it_is() {
    let home = Home::new();
    let program = home.up().await;
    let ada = program.person(&home.token("Ada").await);
    program.knows_guild(&ada).await;
    program.stop().await;
    let sound = FILES.map(|name| home.read(name));

    for (file, sound) in FILES.iter().zip(&sound) {
        let mut headless = sound.clone();
        headless[..16].copy_from_slice(b"no database here");
        let mut bitten = sound.clone();
        // What lies behind the first page: a schema can be read, its tables can't.
        bitten[4096..].iter_mut().for_each(|byte| *byte ^= 0x5a);
        for damaged in [headless, bitten] {
            home.keep(file, &damaged);
            let refusal = home.run(&UP).await.refusal();
            let named = format!("./muster-data/{file} ");
            assert!(refusal.starts_with("1 muster: ") && refusal.contains(&named), "{refusal}");
            assert!(home.read(file) == damaged, "{file} is left for somebody who can mend it");
        }
        home.keep(file, sound);
    }
    home.up().await.stop().await;
}

#[tokio::test]
async fn beside_a_database_that_is_none_of_ours_nothing_is_touched() {
    let home = Home::new();
    home.up().await.stop().await;
    home.keep("muster.db", b"no database, whatever its name says");
    let before = FILES.map(|name| home.read(name));
    insta::assert_snapshot!(home.run(&UP).await.refusal(), @"1 muster: ./muster-data/muster.db is damaged or no database: file is not a database");
    assert!(FILES.map(|name| home.read(name)) == before);

    home.keep("muster.db", &home.read("telemetry.db"));
    let before = FILES.map(|name| home.read(name));
    insta::assert_snapshot!(home.run(&UP).await.refusal(), @"1 muster: ./muster-data/muster.db is the database of another program");
    assert!(FILES.map(|name| home.read(name)) == before);
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let home = Home::new();
    let program = home.up().await;
    let guild = guild_of(&program);
    let ada =
        Person::by_form(program.http.clone(), program.address("dashboard"), cast::guild().owner_id).await;
    program.knows_guild(&ada).await;
    let game = ada.create(&wish(&guild).await).await;
    let card = eventually("the card", async || guild.card("Lancer").await).await;
    guild.press("Dana", &card, "Join").await;
    eventually("the card follows", async || shows_dana(&guild).await.then_some(())).await;
    let last = ada.get(&format!("/api/v1/games/{game}")).await;
    let (trace, before) = (last.header("x-request-id").to_owned(), last.is(200));
    program.stop().await;

    let program = home.up().await;
    let (guild, ada) = (guild_of(&program), ada.at(program.address("dashboard")));
    let flushed = Observatory::of(&program).trace(&trace).await;
    assert_eq!(
        flushed.root()["name"],
        "GET /api/v1/games/{id}",
        "the last request was sent on before the end"
    );
    assert_eq!(ada.get(&format!("/api/v1/games/{game}")).await.is(200), before, "the session and the game");
    assert!(shows_dana(&guild).await, "the practice Discord has its messages");
    eventually("the bot is back", async || (guild.get("bot").await["connected_sessions"] == 1).then_some(()))
        .await;
    guild.press("Dana", &card, "Leave").await;
    eventually("the card follows", async || (!shows_dana(&guild).await).then_some(())).await;
    assert_eq!(
        guild
            .oracle()
            .await
            .iter()
            .filter(|message| message["embeds"][0]["title"] == "Lancer" && message["only_for"].is_null())
            .count(),
        1,
        "there is one card"
    );
    program.stop().await;
}

fn guild_of(program: &Program) -> Guild {
    Guild::at(program.http.clone(), program.address("practice"))
}

async fn shows_dana(guild: &Guild) -> bool {
    let card = guild.card("Lancer").await;
    card.is_some_and(|card| crate::guild::sketch(&card).contains("1. @Dana"))
}
