use crate::stage::{Stage, client, no_faults};
use discord::message::{Embed, Message};
use discord::{ButtonVerb, CustomId, Marker, MessageAge, RestError, Verdict, nonce};
use domain::{ChannelId, GameId, GuildId, UserId};
use practice::cast;
use serde_json::json;
use std::time::Duration;
use telemetry::Secret;
use uuid::Uuid;

const GAMES: ChannelId = ChannelId::new(cast::GAMES_CHANNEL_ID);
const GUILD: GuildId = GuildId::new(cast::GUILD_ID);
const ANN_NOWHERE: UserId = UserId::new(1);

fn marked(key: &str) -> Message {
    use discord::message::{Button, ButtonStyle};
    let id = CustomId::new(ButtonVerb::Show, GameId::new(Uuid::from_u128(1))).marked(Marker::of(key));
    Message::framed(Embed::titled("Dragons")).button(Button::new(ButtonStyle::Secondary, "Show game", &id))
}

fn person(name: &str) -> UserId {
    UserId::new(cast::people().iter().find(|person| person.name == name).unwrap().id)
}

#[tokio::test]
async fn a_message_is_sent_edited_found_and_deleted() {
    let stage = Stage::set().await;
    let sent = stage.rest.create_message(GAMES, &marked("a"), &nonce("a")).await.unwrap();
    let again = stage.rest.create_message(GAMES, &marked("a"), &nonce("a")).await.unwrap();
    assert_eq!(sent, again, "the same nonce is the same message");

    let history = stage.rest.messages(GAMES, None).await.unwrap();
    assert_eq!(history.find(&Marker::of("a")), Some(sent.id));
    assert_eq!(history.find(&Marker::of("b")), None);

    stage.rest.edit_message(sent, MessageAge::Fresh, &Message::text("Over.")).await.unwrap();
    let seen = &stage.oracle().await[0];
    assert_eq!((&seen["content"], &seen["embeds"]), (&json!("Over."), &json!([])));

    stage.rest.delete_message(sent).await.unwrap();
    let error = stage.rest.edit_message(sent, MessageAge::Fresh, &Message::text("Gone.")).await.unwrap_err();
    assert_eq!(error.verdict(1), Verdict::MessageGone);
    stage.strike().await;
}

#[tokio::test]
async fn each_call_is_one_client_span_without_secrets() {
    let stage = Stage::set().await;
    stage.rest.create_message(GAMES, &marked("a"), &nonce("a")).await.unwrap();
    let spans = stage.captured.spans();
    assert_eq!(spans.len(), 1);
    let mut attributes = spans[0].attributes.clone();
    for volatile in ["server.port", "url.full", "discord.rate_limit.bucket"] {
        assert!(attributes.remove(volatile).is_some(), "{volatile}");
    }
    insta::assert_debug_snapshot!((&spans[0].name, &spans[0].kind, attributes), @r#"
    (
        "POST /channels/{channel.id}/messages",
        Client,
        {
            "http.request.method": "POST",
            "http.response.status_code": "200",
            "server.address": "127.0.0.1",
            "url.template": "/channels/{channel.id}/messages",
        },
    )
    "#);
    stage.strike().await;
}

#[tokio::test]
async fn a_lost_answer_leaves_one_message() {
    let stage = Stage::set().await;
    stage.faults(json!({ "lost_answers": 1 })).await;
    let error = stage.rest.create_message(GAMES, &marked("a"), &nonce("a")).await.unwrap_err();
    assert_eq!(error.verdict(1), Verdict::RetrySameNonce { after: Duration::from_secs(1) });
    assert!(!error.to_string().contains(&stage.address), "{error}");

    let sent = stage.rest.create_message(GAMES, &marked("a"), &nonce("a")).await.unwrap();
    let oracle = stage.oracle().await;
    assert_eq!(oracle.len(), 1);
    assert_eq!(oracle[0]["id"], sent.id.to_string());
    stage.strike().await;
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_within_the_calls_patience() {
    let stage = Stage::set().await;
    stage.faults(json!({ "rate_limited": 1 })).await;
    stage.rest.create_message(GAMES, &marked("a"), &nonce("a")).await.unwrap();
    let statuses: Vec<_> = stage
        .captured
        .spans()
        .iter()
        .map(|span| {
            let get = |key: &str| span.attributes.get(key).cloned();
            (get("http.response.status_code").unwrap(), get("http.request.resend_count"))
        })
        .collect();
    assert_eq!(statuses, [("429".to_owned(), None), ("200".to_owned(), Some("1".to_owned()))]);

    stage.faults(json!({ "rate_limited": 1 })).await;
    let hasty = stage.rest.with_patience(Duration::from_millis(200));
    let error = hasty.create_message(GAMES, &marked("b"), &nonce("b")).await.unwrap_err();
    assert!(matches!(error.verdict(1), Verdict::RateLimited { .. }), "{error}");
    stage.strike().await;
}

#[tokio::test]
async fn the_limiter_holds_back_what_discord_would_refuse() {
    let stage = Stage::set().await;
    let hasty = stage.rest.with_patience(Duration::from_secs(2));
    let mut refused_by_us = 0;
    for n in 0..8 {
        match hasty.create_message(GAMES, &marked(&n.to_string()), &nonce(&n.to_string())).await {
            Ok(_) => {}
            Err(RestError::NoTurn { .. }) => refused_by_us += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused_by_us >= 1, "the bucket holds five in five seconds");
    let spans = stage.captured.spans();
    assert!(spans.iter().all(|span| span.attributes["http.response.status_code"] == "200"));
    stage.strike().await;
}

#[tokio::test]
async fn an_outage_and_a_proxys_page_are_told_apart_from_a_refusal() {
    let stage = Stage::set().await;
    stage.faults(json!({ "html_errors": 1 })).await;
    let error = stage.rest.gateway().await.unwrap_err();
    assert_eq!(error.kind(), "unreadable");
    stage.faults(json!({ "outage": true })).await;
    let error = stage.rest.gateway().await.unwrap_err();
    assert_eq!(error.verdict(3), Verdict::RetrySameNonce { after: Duration::from_secs(4) });
    stage.faults(no_faults()).await;
    assert!(stage.rest.gateway().await.is_ok());
    stage.strike().await;
}

/// What is recorded of the calls that failed, and of each that its span says the same.
fn exceptions(stage: &Stage) -> Vec<String> {
    let (spans, logs) = (stage.captured.spans(), stage.captured.logs());
    let failed = spans.iter().filter(|span| span.attributes.contains_key("error.type"));
    failed
        .map(|span| {
            let mut of_it = logs.iter().filter(|log| log.span_id.as_ref() == Some(&span.span_id));
            let (log, none) = (of_it.next().unwrap(), of_it.next());
            assert_eq!(none, None, "an error is recorded once");
            let (kind, message) = (&log.attributes["exception.type"], &log.attributes["exception.message"]);
            assert_eq!(&span.attributes["error.type"], kind);
            assert_eq!(format!("{:?}", span.status), format!("Error {{ description: {message:?} }}"));
            format!("{} {kind}: {message}", log.severity.as_deref().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn what_discord_refuses_is_recorded_once_and_says_why() {
    let stage = Stage::set().await;
    stage.rest.member(GUILD, ANN_NOWHERE).await.unwrap();
    stage.faults(json!({ "html_errors": 1 })).await;
    stage.rest.gateway().await.unwrap_err();
    stage.faults(json!({ "lost_answers": 1 })).await;
    stage.rest.create_message(GAMES, &marked("a"), &nonce("a")).await.unwrap_err();
    stage.faults(json!({ "rate_limited": 1 })).await;
    stage.rest.create_message(GAMES, &marked("a"), &nonce("a")).await.unwrap();

    insta::assert_snapshot!(exceptions(&stage).join("\n"), @"
    WARN 404: Discord refused with 404: Unknown Member (10007)
    WARN 502: Discord's answer (502) could not be read
    ERROR connection: no answer from Discord
    ");
    stage.strike().await;
}

#[tokio::test]
async fn a_refused_token_stops_all_traffic() {
    let stage = Stage::set().await;
    let stranger = client(&stage.address, Secret::new("bogus".to_owned()), &stage.telemetry);
    let error = stranger.current_application().await.unwrap_err();
    assert_eq!(error.verdict(1), Verdict::StopAllTraffic);
    assert!(stranger.token_refused());
    assert!(matches!(stranger.gateway().await, Err(RestError::TokenRefused)));
    assert_eq!(stage.captured.spans().len(), 1, "the second call was not sent");
    assert_eq!(exceptions(&stage), ["ERROR 401: Discord refused the bot token"]);
    stage.strike().await;
}

#[tokio::test]
async fn a_member_is_known_with_roles_and_a_stranger_is_none() {
    let stage = Stage::set().await;
    let dana = stage.rest.member(GUILD, person("dana")).await.unwrap().unwrap();
    assert_eq!(dana.name.expose(), "Dana");
    assert_eq!(dana.roles.len(), 2);
    assert!(stage.rest.member(GUILD, ANN_NOWHERE).await.unwrap().is_none());
    stage.strike().await;
}

#[tokio::test]
async fn closed_dms_are_recognised() {
    let stage = Stage::set().await;
    let dm = stage.rest.open_dm(person("hana")).await.unwrap();
    assert_eq!(stage.rest.open_dm(person("hana")).await.unwrap(), dm);
    stage.faults(json!({ "closed_dms": true })).await;
    let error = stage.rest.create_message(dm, &marked("a"), &nonce("a")).await.unwrap_err();
    assert_eq!(error.verdict(1), Verdict::DmsClosed);
    stage.strike().await;
}
