//! How the connections are, for readiness.

use actions::{Gate, Readiness};
use discord::{Connection, GatewayError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) const UNAUTHORISED: &str = "Discord refuses the bot token.";
const CONNECTING: &str = "The connection to Discord is being made.";

/// The connections that this process holds; ready when each is open, also when another process holds them all.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    gate: Gate,
    held: Arc<Mutex<BTreeMap<u32, Connection>>>,
}

impl Connections {
    pub(super) fn new(readiness: &Readiness) -> Self {
        Self { gate: readiness.gate("discord gateway"), held: Arc::default() }
    }

    /// A held connection is like this now.
    pub(super) fn tell(&self, shard: u32, connection: Connection) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(shard, connection);
        self.show(&held);
    }

    /// A connection is not held any more.
    pub(super) fn gone(&self, shard: u32) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&shard);
        self.show(&held);
    }

    fn show(&self, held: &BTreeMap<u32, Connection>) {
        if held.values().all(|connection| *connection == Connection::Connected) {
            self.gate.open();
        } else {
            self.gate.close(CONNECTING);
        }
    }

    /// Other processes hold them all.
    pub(super) fn standing_by(&self) {
        self.gate.open();
    }

    /// They can't be made, and why.
    pub(super) fn failed(&self, why: &str) {
        self.gate.close(why);
    }

    /// Discord won't have them.
    pub(super) fn refused(&self, error: &GatewayError) {
        match error {
            GatewayError::Refused { code: 4004 } => self.gate.close(UNAUTHORISED),
            error => self.gate.close(format!("{error}.")),
        }
    }

    /// They are being closed.
    pub(super) fn stopping(&self) {
        self.gate.close("The bot is stopping.");
    }
}
