//! deploy/ against the program: its commands, its variables, its health endpoints; and against what any deployment of
//! it has to hold.

mod compose;
mod health;
mod image;
mod images;
mod kubernetes;
mod names;
mod program;
mod unit;

use serde_yaml_ng::Value;
use std::path::Path;

/// A file below the repository's root.
fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A YAML document with what it merges in.
fn yaml(text: &str) -> Value {
    let mut value: Value = serde_yaml_ng::from_str(text).unwrap();
    value.apply_merge().unwrap();
    value
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_sequence().into_iter().flatten().map(text).collect()
}

fn fields(value: &Value) -> Vec<(&str, &Value)> {
    value.as_mapping().into_iter().flatten().map(|(name, value)| (text(name), value)).collect()
}

/// The services that the program consists of, as commands.
const SERVICES: [&str; 4] = ["api", "bot", "notification-daemon", "status-transition-daemon"];
/// Those of them that need the bot's token.
const CALL_DISCORD: [&str; 2] = ["api", "bot"];
