//! What people do in the practice Discord, by its script API.

use crate::House;
use serde_json::{Value, json};

/// How long an interaction may take to be worked on, in milliseconds.
const WAIT_MS: u32 = 10_000;

impl House {
    /// Presses a button of a message as somebody; gives the answer in a few lines.
    ///
    /// # Panics
    /// When the practice Discord refuses.
    pub async fn press(&self, name: &str, message: &Value, button: &str) -> String {
        let body = json!({ "as": name, "message": message["id"], "button": button, "wait_ms": WAIT_MS });
        answer(&self.post("press", body).await)
    }

    /// Runs a command in #games as somebody; gives the answer in a few lines.
    ///
    /// # Panics
    /// When the practice Discord refuses.
    pub async fn command(&self, name: &str, command: &str, options: Value) -> String {
        let body = json!({ "as": name, "channel": "games", "command": command, "options": options, "wait_ms": WAIT_MS });
        answer(&self.post("command", body).await)
    }

    /// Every message that was ever visible.
    ///
    /// # Panics
    /// When the practice Discord can't be reached.
    pub async fn oracle(&self) -> Vec<Value> {
        let all = self.send(self.http.get(self.script("oracle"))).await;
        all.as_array().cloned().unwrap_or_default()
    }

    /// What the bot has posted in the guild's channels, oldest first, deleted messages left out.
    pub async fn cards(&self) -> Vec<Value> {
        let in_guild =
            |m: &Value| m["channel_name"].is_string() && m["only_for"].is_null() && m["deleted"].is_null();
        self.oracle().await.into_iter().filter(in_guild).collect()
    }

    /// The game's card, once it is posted.
    pub async fn card(&self) -> Value {
        self.until("the card", async |house| !house.cards().await.is_empty()).await;
        self.cards().await.remove(0)
    }

    /// The DMs that somebody has got from the bot.
    pub async fn dms(&self, name: &str) -> Vec<Value> {
        let theirs = |message: &Value| message["dm_with"] == name && message["by_bot"] == true;
        self.oracle().await.into_iter().filter(theirs).collect()
    }

    /// Switches faults on and off.
    pub async fn faults(&self, faults: Value) {
        self.send(self.http.put(self.script("faults")).json(&faults)).await;
    }

    /// Changes one of the people: roles, open DMs.
    pub async fn change_person(&self, name: &str, change: Value) {
        self.send(self.http.patch(self.script(&format!("people/{name}"))).json(&change)).await;
    }

    /// Changes one of the channels.
    pub async fn change_channel(&self, name: &str, change: Value) {
        self.send(self.http.patch(self.script(&format!("channels/{name}"))).json(&change)).await;
    }

    /// Deletes a message, as a moderator would.
    ///
    /// # Panics
    /// When the practice Discord refuses.
    pub async fn delete_message(&self, message: &Value) {
        let id = message["id"].as_str().unwrap_or_default();
        let response = self.http.delete(self.script(&format!("messages/{id}"))).send().await;
        assert!(response.is_ok_and(|response| response.status().is_success()), "it can't be deleted: {id}");
    }

    /// How many connections to the gateway the bot has.
    ///
    /// # Panics
    /// When the practice Discord can't be reached.
    pub async fn connections(&self) -> u64 {
        let bot = self.send(self.http.get(self.script("bot"))).await;
        bot["connected_sessions"].as_u64().expect("a number")
    }

    /// Sends something to the script API.
    ///
    /// # Panics
    /// When the practice Discord refuses.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.send(self.http.post(self.script(path)).json(&body)).await
    }

    fn script(&self, path: &str) -> String {
        format!("http://{}/practice/v1/{path}", self.practice.address())
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let response = request.send().await.expect("the practice Discord answers");
        let ok = response.status().is_success();
        let body = response.bytes().await.expect("a body");
        // Some deeds have nothing to tell.
        let told = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
        assert!(ok, "{told:#}");
        told
    }
}

fn answer(outcome: &Value) -> String {
    assert!(outcome["error"].is_null(), "{outcome:#}");
    sketch(&outcome["reply"])
}

/// A message in a few lines: content, title, description, fields, footer.
pub fn sketch(message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let embed = &message["embeds"][0];
    let mut lines = vec![text(&message["content"]), text(&embed["title"]), text(&embed["description"])];
    for field in embed["fields"].as_array().into_iter().flatten() {
        lines.push(format!("{}: {}", text(&field["name"]), text(&field["value"])));
    }
    lines.push(text(&embed["footer"]["text"]));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}
