use super::*;
use crate::{ButtonVerb, CustomId};
use domain::GameId;
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

fn press(game: u128) -> Button {
    let id = CustomId::new(ButtonVerb::Join, GameId::new(Uuid::from_u128(game)));
    Button::new(ButtonStyle::Primary, "Join", &id)
}

#[test]
fn what_is_sent() {
    let embed =
        Embed::titled("Dragons").colour(0x58_65F2).field("Players 1/5", "1. <@1>").footer("Scheduled");
    let message = Message::framed(embed)
        .content("<@&7>")
        .button(press(1))
        .pinging_roles([RoleId::new(7), RoleId::new(7)]);
    insta::assert_json_snapshot!(message, @r#"
    {
      "content": "<@&7>",
      "embeds": [
        {
          "title": "Dragons",
          "color": 5793266,
          "fields": [
            {
              "name": "Players 1/5",
              "value": "1. <@1>",
              "inline": false
            }
          ],
          "footer": {
            "text": "Scheduled"
          }
        }
      ],
      "components": [
        {
          "type": 1,
          "components": [
            {
              "type": 2,
              "style": 1,
              "custom_id": "m1:join:00000000000000000000000000000001",
              "label": "Join"
            }
          ]
        }
      ],
      "allowed_mentions": {
        "parse": [],
        "users": [],
        "roles": [
          "7"
        ],
        "replied_user": false
      }
    }
    "#);
}

#[test]
fn an_edit_takes_away_what_is_gone() {
    insta::assert_json_snapshot!(Message::text("Over.").as_edit(), @r#"
    {
      "content": "Over.",
      "embeds": [],
      "components": [],
      "allowed_mentions": {
        "parse": [],
        "users": [],
        "roles": [],
        "replied_user": false
      }
    }
    "#);
}

#[test]
fn blanks_are_never_refused() {
    assert_eq!(serde_json::to_value(Message::text(" \n")).unwrap()["content"], text::BLANK);
    let field = serde_json::to_value(Embed::default().field(" ", "")).unwrap();
    assert_eq!(field["fields"][0]["name"], text::BLANK);
    assert_eq!(field["fields"][0]["value"], text::BLANK);
}

#[test]
fn two_buttons_never_share_their_id() {
    let message = serde_json::to_value(Message::text("Twice").button(press(1)).button(press(1))).unwrap();
    assert_eq!(message["components"][0]["components"].as_array().unwrap().len(), 1);
}

/// A message in a few lines, for the snapshots of what people see.
pub(crate) fn sketch(message: &Message) -> String {
    let message = serde_json::to_value(message).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let each = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let embed = &message["embeds"][0];
    let mut lines = vec![
        text(&message["content"]),
        format!("# {} {}", text(&embed["title"]), text(&embed["url"])),
        text(&embed["description"]),
    ];
    for field in each(&embed["fields"]) {
        lines.push(format!("{}: {}", text(&field["name"]), text(&field["value"])));
    }
    lines.push(format!("-- {}", text(&embed["footer"]["text"])));
    for button in each(&message["components"]).iter().flat_map(|row| each(&row["components"])) {
        let off = if button["disabled"] == true { " (off)" } else { "" };
        lines.push(format!("[{}{off}] {}", text(&button["label"]), text(&button["custom_id"])));
    }
    let allowed = &message["allowed_mentions"];
    lines.push(format!("pings users {} roles {}", allowed["users"], allowed["roles"]));
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// The characters of a string as Discord counts them; 0 when there is none.
fn chars(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

/// Discord's own rules ("Embed Limits", "Component Reference"), told again from what is sent.
fn refusal(message: &Value) -> Option<String> {
    let embed = &message["embeds"][0];
    let fields = embed["fields"].as_array().cloned().unwrap_or_default();
    let rows = message["components"].as_array().cloned().unwrap_or_default();
    let of_fields: usize = fields.iter().map(|field| chars(&field["name"]) + chars(&field["value"])).sum();
    let total =
        chars(&embed["title"]) + chars(&embed["description"]) + chars(&embed["footer"]["text"]) + of_fields;
    let rules = [
        ("content", chars(&message["content"]) <= 2000),
        ("title", chars(&embed["title"]) <= 256),
        ("description", chars(&embed["description"]) <= 4096),
        ("footer", chars(&embed["footer"]["text"]) <= 2048),
        ("fields", fields.len() <= 25),
        ("field name", fields.iter().all(|field| (1..=256).contains(&chars(&field["name"])))),
        ("field value", fields.iter().all(|field| (1..=1024).contains(&chars(&field["value"])))),
        ("field blank", fields.iter().all(|field| !field["value"].as_str().unwrap_or("").trim().is_empty())),
        ("all", total <= 6000),
        ("rows", rows.len() <= 5),
        ("row", rows.iter().all(|row| (1..=5).contains(&row["components"].as_array().map_or(0, Vec::len)))),
        ("mentions", message["allowed_mentions"]["parse"] == serde_json::json!([])),
    ];
    rules.into_iter().find(|(_, holds)| !holds).map(|(rule, _)| rule.to_owned())
}

fn texts(max: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        (0..=max * 2, prop::sample::select(vec!["a", "é", "👩‍🚀", " ", "\n", "𝄞", "\u{200B}"]))
            .prop_map(|(n, unit)| unit.repeat(n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn discord_takes_every_message(
        content in texts(2000),
        title in texts(256),
        description in texts(4096),
        fields in prop::collection::vec((texts(256), texts(1024)), 0..30),
        footer in texts(2048),
        buttons in prop::collection::vec(0_u128..40, 0..40),
    ) {
        let mut embed = Embed::titled(&title).description(&description);
        for (name, value) in &fields {
            embed = embed.field(name, value);
        }
        let message = Message::framed(embed.footer(&footer)).content(&content);
        let message = buttons.into_iter().fold(message, |message, game| message.button(press(game)));
        prop_assert_eq!(refusal(&serde_json::to_value(&message).unwrap()), None);
    }
}
