//! Messages: what is refused, and who may.

use crate::stage::Stage;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};

const GAMES: u64 = cast::GAMES_CHANNEL_ID;

#[tokio::test]
async fn a_message_over_the_limits_is_refused_field_by_field() {
    let stage = Stage::open().await;
    let button = |custom_id: &str, label: String| json!({ "type": 2, "style": 1, "label": label, "custom_id": custom_id });
    let field = json!({ "name": "n", "value": "v" });
    let (status, refused) = stage
        .post(
            GAMES,
            json!({
                "content": "x".repeat(2001),
                "nonce": "n".repeat(26),
                "embeds": [{
                    "title": "t".repeat(257),
                    "description": "d".repeat(4097),
                    "color": 0x0100_0000,
                    "fields": vec![field; 26],
                    "footer": { "text": "f".repeat(2049) },
                    "author": { "name": "a".repeat(257), "url": "ftp://example.com" },
                }],
                "components": [{ "type": 1, "components": [
                    button("same", "l".repeat(81)),
                    button("same", "ok".to_owned()),
                    button(&"c".repeat(101), "ok".to_owned()),
                ] }],
            }),
        )
        .await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(told(&refused), @r#"
    50035 "Invalid Form Body"
    components.0.components.0.label: BASE_TYPE_MAX_LENGTH Must be 80 or fewer in length.
    components.0.components.1.custom_id: COMPONENT_CUSTOM_ID_DUPLICATED Component custom id cannot be duplicated
    components.0.components.2.custom_id: BASE_TYPE_MAX_LENGTH Must be 100 or fewer in length.
    content: BASE_TYPE_MAX_LENGTH Must be 2000 or fewer in length.
    embeds.0.author.name: BASE_TYPE_MAX_LENGTH Must be 256 or fewer in length.
    embeds.0.author.url: URL_TYPE_INVALID_SCHEME Scheme "ftp://example.com" is not supported. Scheme must be one of ('http', 'https').
    embeds.0.color: NUMBER_TYPE_MAX int value should be less than or equal to 16777215.
    embeds.0.description: BASE_TYPE_MAX_LENGTH Must be 4096 or fewer in length.
    embeds.0.fields: BASE_TYPE_MAX_LENGTH Must be 25 or fewer in length.
    embeds.0.footer.text: BASE_TYPE_MAX_LENGTH Must be 2048 or fewer in length.
    embeds.0.title: BASE_TYPE_MAX_LENGTH Must be 256 or fewer in length.
    embeds: MAX_EMBED_SIZE_EXCEEDED Embed size exceeds maximum size of 6000
    nonce: BASE_TYPE_MAX_LENGTH Must be 25 or fewer in length.
    "#);
}

/// A refusal with every problem as `path: CODE message`.
pub fn told(refused: &Value) -> String {
    fn walk(node: &Value, path: &str, lines: &mut Vec<String>) {
        for (name, child) in node.as_object().into_iter().flatten() {
            if name == "_errors" {
                for error in child.as_array().unwrap() {
                    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
                    lines.push(format!("{path}: {} {}", text("code"), text("message")));
                }
            } else {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(child, &path, lines);
            }
        }
    }
    let mut lines = vec![format!("{} {}", refused["code"], refused["message"])];
    walk(&refused["errors"], "", &mut lines);
    lines.join("\n")
}

#[tokio::test]
async fn more_of_what_a_message_may_not_be() {
    let stage = Stage::open().await;
    let row = json!({ "type": 1, "components": [] });
    let bodies = [
        json!({ "embeds": vec![json!({ "title": "t" }); 11] }),
        json!({ "embeds": [{}] }),
        json!({ "content": 5 }),
        json!({ "content": "x", "components": vec![row; 6] }),
        json!({ "content": "x", "components": [{ "type": 2 }] }),
        json!({ "content": "x", "components": [{ "type": 1, "components": [{ "type": 2, "style": 5, "label": "l" }] }] }),
        json!({ "content": "x", "flags": 1 << 15 }),
        json!({ "content": "" }),
    ];
    let mut lines = Vec::new();
    for body in bodies {
        let (status, refused) = stage.post(GAMES, body).await;
        lines.push(format!("{status} {}", told(&refused)));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    400 50035 "Invalid Form Body"
    embeds: BASE_TYPE_MAX_LENGTH Must be 10 or fewer in length.
    400 50035 "Invalid Form Body"
    embeds.0.description: BASE_TYPE_REQUIRED This field is required
    400 50035 "Invalid Form Body"
    content: STRING_TYPE_CONVERT Could not interpret "5" as string.
    400 50035 "Invalid Form Body"
    components.0.components: BASE_TYPE_BAD_LENGTH Must be between 1 and 5 in length.
    components.1.components: BASE_TYPE_BAD_LENGTH Must be between 1 and 5 in length.
    components.2.components: BASE_TYPE_BAD_LENGTH Must be between 1 and 5 in length.
    components.3.components: BASE_TYPE_BAD_LENGTH Must be between 1 and 5 in length.
    components.4.components: BASE_TYPE_BAD_LENGTH Must be between 1 and 5 in length.
    components.5.components: BASE_TYPE_BAD_LENGTH Must be between 1 and 5 in length.
    components: BASE_TYPE_BAD_LENGTH Must be between 1 and 5 in length.
    400 50035 "Invalid Form Body"
    components.0.type: BASE_TYPE_CHOICES Value must be one of {1}.
    400 50035 "Invalid Form Body"
    components.0.components.0.url: BASE_TYPE_REQUIRED This field is required
    400 50035 "Invalid Form Body"
    flags: PRACTICE_COMPONENTS_V2_UNSUPPORTED The practice Discord knows action rows and what stands in them, not components v2.
    400 50006 "Cannot send an empty message"
    "#);
}

#[tokio::test]
async fn a_message_without_allowed_mentions_is_refused_until_that_is_switched_off() {
    let stage = Stage::open().await;
    let path = format!("/channels/{GAMES}/messages");
    let (status, refused) = stage.call(Method::POST, &path, json!({ "content": "hello" })).await;
    assert_eq!((status, told(&refused).contains("PRACTICE_ALLOWED_MENTIONS_REQUIRED")), (400, true));
    stage.script(Method::PUT, "/faults", json!({ "require_allowed_mentions": false })).await;
    assert_eq!(stage.call(Method::POST, &path, json!({ "content": "hello" })).await.0, 200);
}

#[tokio::test]
async fn a_message_is_edited_and_deleted_and_stays_on_record() {
    let stage = Stage::open().await;
    let (_, message) = stage.post(GAMES, json!({ "content": "first", "nonce": 7 })).await;
    let path = format!("/channels/{GAMES}/messages/{}", message["id"].as_str().unwrap());
    let edit = json!({ "content": "second", "allowed_mentions": { "parse": [] } });
    let (status, edited) = stage.call(Method::PATCH, &path, edit).await;
    assert_eq!((status, &edited["content"]), (200, &json!("second")));
    assert!(edited["edited_timestamp"].is_string());
    assert_eq!(stage.call(Method::DELETE, &path, Value::Null).await.0, 204);
    let (status, gone) = stage.get(&path).await;
    assert_eq!((status, &gone["code"]), (404, &json!(10008)));

    let mut record = stage.script(Method::GET, "/oracle", Value::Null).await;
    record[0]["id"] = json!("[id]");
    insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(record, @r#"
    [
      {
        "author": "Muster",
        "by_bot": true,
        "channel": "1200000000000000203",
        "channel_name": "games",
        "content": "second",
        "created": "2026-03-01T18:00:00.000000+00:00",
        "custom_ids": [],
        "deleted": "2026-03-01T18:00:00.000000+00:00",
        "dm_with": null,
        "edited": "2026-03-01T18:00:00.000000+00:00",
        "edits": 1,
        "embeds": [],
        "id": "[id]",
        "interaction": null,
        "loading": false,
        "mentions": {
          "everyone": false,
          "roles": [],
          "users": []
        },
        "nonce": 7,
        "only_for": null
      }
    ]
    "#); });
}

#[tokio::test]
async fn the_bot_needs_the_right_to_see_and_to_write() {
    let stage = Stage::open().await;
    let code = async |channel: u64| {
        let (status, answer) = stage.post(channel, json!({ "content": "hello" })).await;
        (status, answer["code"].as_u64().unwrap_or(0))
    };
    assert_eq!(code(cast::STAFF_CHANNEL_ID).await, (403, 50001));
    assert_eq!(code(cast::COMMUNITY_CATEGORY_ID).await, (400, 50008));
    assert_eq!(code(42).await, (404, 10003));
    stage.script(Method::PATCH, "/channels/games", json!({ "bot_writes": false })).await;
    assert_eq!(code(GAMES).await, (403, 50013));
    stage.script(Method::PATCH, "/channels/games", json!({ "bot_sees": false })).await;
    assert_eq!(code(GAMES).await, (403, 50001));
    stage.script(Method::PATCH, "/channels/games", json!({ "bot_sees": true, "bot_writes": true })).await;
    assert_eq!(code(GAMES).await, (200, 0));
}

#[tokio::test]
async fn closed_direct_messages_refuse_the_bot() {
    let stage = Stage::open().await;
    let dana = cast::find_person("Dana").unwrap();
    let open = json!({ "recipient_id": dana.id.to_string() });
    let (status, channel) = stage.call(Method::POST, "/users/@me/channels", open.clone()).await;
    assert_eq!((status, &channel["recipients"][0]["username"]), (200, &json!("dana")));
    let (_, again) = stage.call(Method::POST, "/users/@me/channels", open).await;
    assert_eq!(again["id"], channel["id"]);
    let id = channel["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(stage.post(id, json!({ "content": "hello" })).await.0, 200);
    let heard = stage.script(Method::GET, "/people/dana/messages", Value::Null).await;
    assert_eq!(heard[0]["content"], "hello");

    stage.script(Method::PATCH, "/people/Dana", json!({ "dms_open": false })).await;
    let (status, refused) = stage.post(id, json!({ "content": "hello" })).await;
    assert_eq!((status, &refused["code"]), (403, &json!(50007)));
}

#[tokio::test]
async fn mentions_count_only_when_they_are_allowed() {
    let stage = Stage::open().await;
    let path = format!("/channels/{GAMES}/messages");
    let text = format!("<@{}> <@&{}> @everyone", cast::people()[3].id, cast::PLAYER_ROLE_ID);
    let allowed = json!({ "parse": [], "roles": [cast::PLAYER_ROLE_ID.to_string()] });
    let body = json!({ "content": text, "allowed_mentions": allowed });
    let (_, message) = stage.call(Method::POST, &path, body).await;
    assert_eq!(message["mentions"], json!([]));
    assert_eq!(message["mention_roles"], json!([cast::PLAYER_ROLE_ID.to_string()]));
    assert_eq!(message["mention_everyone"], false);
}

#[tokio::test]
async fn a_page_of_messages_is_cut_as_asked() {
    let stage = Stage::open().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let (_, message) = stage.post(GAMES, json!({ "content": number.to_string() })).await;
        ids.push(message["id"].as_str().unwrap().to_owned());
    }
    let page = async |query: String| {
        let (_, page) = stage.get(&format!("/channels/{GAMES}/messages?{query}")).await;
        let contents: Vec<&str> =
            page.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap()).collect();
        contents.concat()
    };
    assert_eq!(page("limit=2".to_owned()).await, "43");
    assert_eq!(page(format!("before={}", ids[2])).await, "10");
    assert_eq!(page(format!("after={}&limit=1", ids[2])).await, "3");
    assert_eq!(page(format!("around={}&limit=3", ids[2])).await, "321");
}
