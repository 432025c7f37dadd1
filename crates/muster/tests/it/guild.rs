//! The practice Discord, as its people use it: through the small API for scripts.

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

/// The practice guild.
#[derive(Clone, Debug)]
pub(crate) struct Guild {
    http: Client,
    address: String,
}

impl Guild {
    /// At an address such as `http://127.0.0.1:8081`.
    pub(crate) fn at(http: Client, address: &str) -> Self {
        Self { http, address: address.to_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        answer(self.http.get(self.url(path))).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        answer(self.http.post(self.url(path)).json(&body)).await
    }

    /// Changes something that is there, such as `people/Emre` or `channels/games`.
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        answer(self.http.patch(self.url(path)).json(&body)).await
    }

    /// Deletes a message or a channel, as a moderator would.
    pub(crate) async fn delete(&self, path: &str) {
        answer(self.http.delete(self.url(path))).await;
    }

    /// What goes wrong from now on; nothing when the object is empty.
    pub(crate) async fn faults(&self, faults: Value) {
        answer(self.http.put(self.url("faults")).json(&faults)).await;
    }

    /// Asks Discord's own API something as the bot.
    pub(crate) async fn as_bot(&self, path: &str, body: Value) -> Value {
        let token = self.get("bot").await["token"].as_str().unwrap().to_owned();
        let request = self.http.post(format!("{}/api/v10{path}", self.address)).json(&body);
        answer(request.header("authorization", format!("Bot {token}"))).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/practice/v1/{path}", self.address)
    }

    /// Every message that was ever visible, oldest first.
    pub(crate) async fn oracle(&self) -> Vec<Value> {
        self.get("oracle").await.as_array().unwrap().clone()
    }

    /// The card of a game, as the guild sees it now.
    pub(crate) async fn card(&self, title: &str) -> Option<Value> {
        let seen = self.get("channels/games/messages?as=Hana").await;
        let cards = seen.as_array().unwrap().iter().filter(|message| message["only_for"].is_null());
        cards.into_iter().find(|card| card["embeds"][0]["title"] == title).cloned()
    }

    /// The DMs that somebody has got, oldest first.
    pub(crate) async fn dms(&self, name: &str) -> Vec<Value> {
        self.get(&format!("people/{name}/messages")).await.as_array().unwrap().clone()
    }

    /// Presses a button; gives what the person sees then. Discord allows three seconds for the first answer.
    pub(crate) async fn press(&self, name: &str, message: &Value, button: &str) -> String {
        let press = json!({ "as": name, "message": message["id"], "button": button, "wait_ms": 20_000 });
        reply(&self.post("press", press).await)
    }

    /// Runs a command in #games; gives what the person sees then.
    pub(crate) async fn command(&self, name: &str, command: &str) -> String {
        self.command_with(name, command, json!({})).await
    }

    /// The same with options.
    pub(crate) async fn command_with(&self, name: &str, command: &str, options: Value) -> String {
        let run = json!({
            "as": name, "channel": "games", "command": command, "options": options, "wait_ms": 20_000
        });
        reply(&self.post("command", run).await)
    }

    pub(crate) async fn now(&self) -> Timestamp {
        self.get("clock").await["now"].as_str().unwrap().parse().unwrap()
    }

    /// Moves the guild's clock, which is Muster's too.
    pub(crate) async fn advance(&self, minutes: i64) {
        self.post("clock", json!({ "advance_seconds": minutes * 60 })).await;
    }
}

async fn answer(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let (address, status) = (response.url().to_string(), response.status());
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{address}: {status} {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

fn reply(outcome: &Value) -> String {
    assert!(outcome["error"].is_null(), "{outcome:#}");
    assert!(outcome["acknowledged_ms"].as_f64().unwrap() < 3000.0, "{outcome:#}");
    sketch(&outcome["reply"])
}

/// A message in a few lines, without what differs from run to run: `<t:…>`, and names for ids.
pub(crate) fn sketch(message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let embed = &message["embeds"][0];
    let mut lines = vec![text(&message["content"]), text(&embed["title"]), text(&embed["description"])];
    for field in embed["fields"].as_array().into_iter().flatten() {
        lines.push(format!("{}: {}", text(&field["name"]), text(&field["value"]).replace('\n', " / ")));
    }
    lines.push(text(&embed["footer"]["text"]));
    let rows = message["components"].as_array().into_iter().flatten();
    let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    let labels: Vec<_> = buttons.map(button).collect();
    lines.push(labels.join(" "));
    lines.retain(|line| !line.is_empty());
    settled(&lines.join("\n"))
}

fn button(button: &Value) -> String {
    let off = if button["disabled"] == true { " off" } else { "" };
    format!("[{}{off}]", button["label"].as_str().unwrap_or_default())
}

fn settled(text: &str) -> String {
    let mut text = text.to_owned();
    for person in practice::cast::people() {
        text = text.replace(&format!("<@{}>", person.id), &format!("@{}", person.global_name));
    }
    let mut parts = text.split("<t:");
    let first = parts.next().unwrap_or_default().to_owned();
    let moment = |part: &str| part.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
    parts.fold(first, |settled, part| format!("{settled}<t:…{}", moment(part)))
}
