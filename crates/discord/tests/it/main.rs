//! The client and the gateway against the practice Discord.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod gateway;
mod rest;
#[path = "../../../cache/tests/it/server.rs"]
mod server;
mod sharing;
mod stage;

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
fn environment(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}
