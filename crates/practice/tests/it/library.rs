//! A Discord library that knows nothing of this server: discord.py.

use crate::stage::Stage;
use practice::cast;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tokio::sync::mpsc;

/// The path of a Python that has discord.py; `cargo xtask test` prepares one and sets it.
const PYTHON: &str = "MUSTER_DISCORD_PY";

struct Bot {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Bot {
    fn start(python: &str, stage: &Stage) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/library.py");
        let mut child = Command::new(python)
            .args([script, &stage.practice.address().to_string(), stage.practice.token()])
            .arg(cast::GUILD_ID.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                tell.send(line).ok();
            }
        });
        Self { child, lines }
    }

    async fn says(&mut self, expected: &str) {
        let line = self.lines.recv().await.expect("the bot is alive");
        assert_eq!(line, expected);
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn discord_py_logs_in_answers_a_command_and_a_button_and_sends_messages() {
    #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it prepared")]
    let Ok(python) = std::env::var(PYTHON) else {
        eprintln!("left out: {PYTHON} is not set (cargo xtask test prepares it)");
        return;
    };
    let stage = Stage::open().await;
    stage.script(Method::PUT, "/faults", json!({ "require_allowed_mentions": false })).await;
    let mut bot = Bot::start(&python, &stage);
    bot.says("ready Muster in Practice Guild with 5 text channels").await;
    bot.says("synced 1 command").await;

    let run =
        json!({ "as": "Freya", "channel": "games", "command": "table", "options": { "name": "Moonfall" } });
    let outcome = stage.script(Method::POST, "/command", run).await;
    assert_eq!(outcome["reply"]["content"], "Freya opens Moonfall", "{outcome}");
    assert_eq!(outcome["reply"]["embeds"][0]["title"], "Moonfall");

    let press = json!({ "as": "Goro", "message": outcome["reply"]["id"], "button": "Sit down" });
    let outcome = stage.script(Method::POST, "/press", press).await;
    assert_eq!(
        (&outcome["reply"]["content"], &outcome["reply"]["only_for"]),
        (&json!("Welcome, Goro"), &json!("Goro"))
    );

    bot.says("sent to games").await;
    bot.says("sent to Goro").await;
    let direct = stage.script(Method::GET, "/people/Goro/messages", Value::Null).await;
    assert_eq!(direct[0]["content"], "You sit at Moonfall");
    let games = stage.script(Method::GET, "/channels/games/messages?as=Hana", Value::Null).await;
    let contents: Vec<&str> =
        games.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(contents, ["Freya opens Moonfall (1 seated)", "Goro sat down"]);
}
