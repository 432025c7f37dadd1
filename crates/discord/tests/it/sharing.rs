//! Two processes with one token: what they send together.

use crate::gateway;
use crate::server::Server;
use crate::stage::Stage;
use cache::Cache;
use clock::Chance;
use discord::message::{Embed, Message};
use discord::{Command, MessageAge, Response, Rest, RestConfig, RestError, SentMessage, nonce};
use domain::{ChannelId, GuildId, MessageId, UserId};
use futures_util::future::join_all;
use practice::cast;
use serde_json::json;
use std::time::{Duration, SystemTime};
use telemetry::{Captured, Secret, ServiceName, Telemetry};
use tokio::time::Instant;

const GAMES: ChannelId = ChannelId::new(cast::GAMES_CHANNEL_ID);
const GUILD: GuildId = GuildId::new(cast::GUILD_ID);
const OPEN_DM: &str = "POST /users/@me/channels";
const EDIT: &str = "PATCH /channels/{channel.id}/messages/{message.id}";
const PATIENCE: Duration = Duration::from_mins(1);

/// A client as one more process would have it.
struct Process {
    rest: Rest,
    captured: Captured,
}

impl Process {
    fn of(stage: &Stage, redis: &str) -> Self {
        let cache = Cache::redis(&Secret::new(redis.to_owned()), Chance::from_os().unwrap()).unwrap();
        let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);
        let config =
            RestConfig { api: format!("http://{}/api/v10", stage.address), token: stage.token.clone() };
        let rest = Rest::sharing(&config, telemetry, Chance::from_os().unwrap(), &cache).unwrap();
        Self { rest: rest.with_patience(PATIENCE), captured }
    }

    /// Many calls at once, over several buckets.
    async fn hurry(&self, calls: usize) {
        let people: Vec<_> = cast::people().iter().map(|person| UserId::new(person.id)).collect();
        let call = async |n: usize| match n % 3 {
            0 => drop(self.rest.gateway().await.unwrap()),
            1 => drop(self.rest.member(GUILD, people[n % people.len()]).await.unwrap()),
            _ => drop(self.rest.messages(GAMES, None).await.unwrap()),
        };
        join_all((0..calls).map(call)).await;
    }

    /// Opens the DMs of so many people at once; how many that worked for, and the pauses of the others.
    async fn open_dms(&self, people: impl IntoIterator<Item = u64>) -> (usize, Vec<Duration>) {
        let open = async |person: u64| self.rest.open_dm(UserId::new(person)).await.map(drop);
        sorted(join_all(people.into_iter().map(open)).await)
    }

    /// Edits so many old messages of a channel at once.
    async fn edit_old(
        &self,
        channel: ChannelId,
        messages: impl IntoIterator<Item = u64>,
    ) -> (usize, Vec<Duration>) {
        let edit = async |message: u64| {
            let sent = SentMessage { id: MessageId::new(message), channel };
            self.rest.edit_message(sent, MessageAge::Old, &Message::text("Over.")).await
        };
        sorted(join_all(messages.into_iter().map(edit)).await)
    }

    /// How many calls of a route were made.
    fn made(&self, route: &str) -> usize {
        self.captured.spans().into_iter().filter(|span| span.name == route).count()
    }

    /// When its calls to Discord began; each was answered with 200.
    fn calls(&self) -> Vec<SystemTime> {
        let calls = self.captured.spans().into_iter().filter(|span| span.name.contains(" /"));
        calls
            .map(|call| {
                assert_eq!(call.attributes["http.response.status_code"], "200", "{}", call.name);
                call.started
            })
            .collect()
    }
}

/// What Discord was asked, whatever it said, and for how long the others are told to wait.
fn sorted(results: Vec<Result<(), RestError>>) -> (usize, Vec<Duration>) {
    let all = results.len();
    let rationed = |result: Result<(), RestError>| match result {
        Err(RestError::Rationed { after }) => Some(after),
        _ => None,
    };
    let pauses: Vec<_> = results.into_iter().filter_map(rationed).collect();
    (all - pauses.len(), pauses)
}

/// The shortest time in which so many calls began.
fn tightest(mut calls: Vec<SystemTime>, count: usize) -> Duration {
    calls.sort();
    let spans = calls.windows(count).map(|calls| calls[count - 1].duration_since(calls[0]).unwrap());
    spans.min().unwrap()
}

/// A practice Discord with a token of its own, and two processes.
async fn two(redis: &str) -> (Stage, Process, Process) {
    let stage = Stage::set_with(Chance::from_os().unwrap()).await;
    let (one, other) = (Process::of(&stage, redis), Process::of(&stage, redis));
    (stage, one, other)
}

#[tokio::test]
async fn two_processes_keep_the_limits_together() {
    let Some(redis) = shared_redis() else { return };
    let (stage, one, other) = two(&redis).await;
    let began = Instant::now();
    tokio::join!(one.hurry(120), other.hurry(120));
    let took = began.elapsed();

    let calls = [one.calls(), other.calls()].concat();
    assert_eq!(calls.len(), 240, "no call was refused and made again");
    let tightest = tightest(calls, 51);
    assert!(tightest >= Duration::from_secs(1), "51 calls in {tightest:?}");
    assert!(took < Duration::from_secs(20), "{took:?}: slower than it need be");
    stage.strike().await;
}

#[tokio::test]
async fn two_processes_share_the_bucket_of_a_channel() {
    let Some(redis) = shared_redis() else { return };
    let (stage, one, other) = two(&redis).await;
    let send = async |process: &Process, who: &str| {
        for n in 0..4 {
            let message = Message::framed(Embed::titled("Dragons"));
            process.rest.create_message(GAMES, &message, &nonce(&format!("{who} {n}"))).await.unwrap();
        }
    };
    tokio::join!(send(&one, "one"), send(&other, "other"));
    let calls = [one.calls(), other.calls()].concat();
    assert_eq!(calls.len(), 8, "no call was refused and made again");
    assert_eq!(stage.oracle().await.len(), 8);
    stage.strike().await;
}

#[tokio::test]
async fn without_redis_each_keeps_to_ten_a_second() {
    let Some(mut server) = Server::start(&[]).await else { return };
    let (stage, one, other) = two(&server.url()).await;
    tokio::join!(one.hurry(3), other.hurry(3));
    server.kill();
    tokio::join!(one.hurry(25), other.hurry(25));
    for process in [&one, &other] {
        let tightest = tightest(process.calls(), 11);
        assert!(tightest >= Duration::from_secs(1), "11 calls in {tightest:?}");
    }
    server.restart().await;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        one.captured.clear();
        one.hurry(20).await;
        if tightest(one.calls(), 11) < Duration::from_secs(1) {
            return stage.strike().await;
        }
    }
    panic!("Redis is back, and nobody uses it");
}

#[tokio::test]
async fn a_redis_that_hangs_holds_up_no_call_for_long() {
    let Some(server) = Server::start(&[]).await else { return };
    let (stage, one, _) = two(&server.url()).await;
    one.hurry(3).await;
    server.signal("STOP");
    let began = Instant::now();
    one.hurry(6).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    server.signal("CONT");
    stage.strike().await;
}

#[tokio::test]
async fn an_interaction_is_answered_without_asking_redis() {
    let Some(redis) = shared_redis() else { return };
    let (stage, one, _) = two(&redis).await;
    let mut gateway = gateway::open(&stage).await;
    let commands = [Command::new("game", "Games here")];
    stage.rest.set_guild_commands(cast::APPLICATION_ID, GUILD, &commands).await.unwrap();

    let run = stage.post("command", json!({ "as": "Dana", "channel": "games", "command": "game" }));
    let answer = async {
        let interaction = gateway::next_interaction(&mut gateway).await;
        one.rest.respond(&interaction, &Response::DeferredEphemeral).await.unwrap();
        one.rest.edit_response(&interaction, &Message::text("Here it is.")).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(run, answer);
    assert_eq!(outcome["reply"]["content"], "Here it is.");
    let names: Vec<_> = one.captured.spans().into_iter().map(|span| span.name).collect();
    assert!(names.iter().all(|name| name.contains(" /")), "{names:?}");
    gateway.close().await.unwrap();
    stage.strike().await;
}

#[tokio::test]
async fn a_flush_costs_a_second_and_no_refusal() {
    let Some(server) = Server::start(&[]).await else { return };
    let (stage, one, other) = two(&server.url()).await;
    for _ in 0..3 {
        // All that a second allows, at once, is answered and forgotten.
        tokio::join!(one.hurry(25), other.hurry(25));
        server.command("FLUSHALL");
    }
    let calls = [one.calls(), other.calls()].concat();
    assert_eq!(calls.len(), 150, "no call was refused and made again");
    stage.strike().await;
}

#[tokio::test]
async fn a_process_of_its_own_shares_nothing() {
    let stage = Stage::set().await;
    let config = RestConfig { api: format!("http://{}/api/v10", stage.address), token: stage.token.clone() };
    let telemetry = stage.telemetry.clone();
    let rest = Rest::sharing(&config, telemetry, Chance::seeded(1), &Cache::memory()).unwrap();
    rest.gateway().await.unwrap();
    let names: Vec<_> = stage.captured.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["GET /gateway/bot"]);
    stage.strike().await;
}

/// Discord knows none of them; it counts who is asked for.
const STRANGERS: std::ops::Range<u64> = 1..26;

#[tokio::test]
async fn two_processes_open_ten_dms_a_minute_together() {
    let Some(redis) = shared_redis() else { return };
    let (stage, one, other) = two(&redis).await;
    let (some, others) = STRANGERS.partition::<Vec<u64>, _>(|person| person % 2 == 0);
    let ((first, mut pauses), (second, more)) = tokio::join!(one.open_dms(some), other.open_dms(others));
    pauses.extend(more);
    assert_eq!((first + second, pauses.len()), (10, 15));
    assert_eq!(one.made(OPEN_DM) + other.made(OPEN_DM), 10);
    let within_a_minute =
        |pause: &Duration| *pause > Duration::from_secs(40) && *pause <= Duration::from_mins(1);
    assert!(pauses.iter().all(within_a_minute), "{pauses:?}");
    stage.strike().await;
}

#[tokio::test]
async fn two_processes_edit_nine_old_messages_a_minute_together() {
    let Some(redis) = shared_redis() else { return };
    let (stage, one, other) = two(&redis).await;
    let ((first, _), (second, _)) = tokio::join!(one.edit_old(GAMES, 1..13), other.edit_old(GAMES, 13..25));
    assert_eq!(first + second, 9);
    assert_eq!(one.made(EDIT) + other.made(EDIT), 9);
    let elsewhere = ChannelId::new(cast::ARCHIVE_CHANNEL_ID);
    assert_eq!(other.edit_old(elsewhere, 1..3).await.0, 2, "each channel has its own");
    stage.strike().await;
}

#[tokio::test]
async fn without_redis_no_process_opens_dms_that_others_may_have_opened() {
    let Some(mut server) = Server::start(&[]).await else { return };
    let (stage, one, other) = two(&server.url()).await;
    assert_eq!(one.open_dms(STRANGERS).await.0, 10);
    server.kill();
    let ((first, pauses), (second, _)) = tokio::join!(one.open_dms(STRANGERS), other.open_dms(STRANGERS));
    assert_eq!((first, second), (0, 0), "ten were opened within this minute");
    let soon = |pause: &Duration| *pause <= Duration::from_secs(5);
    assert!(pauses.iter().all(soon), "Redis may be back before that minute is over: {pauses:?}");
    stage.strike().await;
}

#[tokio::test]
async fn a_complaint_that_one_hears_holds_the_other() {
    let Some(redis) = shared_redis() else { return };
    let (stage, one, other) = two(&redis).await;
    stage.faults(json!({ "old_edits_refused": true })).await;
    let message = Message::framed(Embed::titled("Dragons"));
    let sent = one.rest.create_message(GAMES, &message, &nonce("old")).await.unwrap();
    stage.post("clock", json!({ "advance_seconds": 2 * 60 * 60 })).await;
    let refused = one.rest.edit_message(sent, MessageAge::Old, &message).await.unwrap_err();
    assert_eq!(refused.code(), Some(30_046));
    let (_, pauses) = other.edit_old(GAMES, 1..3).await;
    assert_eq!(pauses.len(), 2);
    stage.strike().await;
}

fn shared_redis() -> Option<String> {
    let url = crate::environment("MUSTER_TEST_REDIS_URL");
    if url.is_none() {
        eprintln!(
            "left out: two processes, since MUSTER_TEST_REDIS_URL is not set (cargo xtask test starts one)"
        );
    }
    url
}
