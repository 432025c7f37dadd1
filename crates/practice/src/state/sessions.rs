//! Gateway sessions: what was dispatched to each, kept so that a RESUME can replay it.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;

/// Dispatches kept per session that the client hasn't confirmed by a heartbeat.
const REPLAY_LIMIT: usize = 10_000;
/// Sessions kept, connected or not; the oldest goes first.
const SESSION_LIMIT: usize = 16;

/// Gateway intents (gateway documentation, "List of Intents").
pub(crate) mod intents {
    pub(crate) const GUILDS: u64 = 1 << 0;
    pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
    pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
    pub(crate) const GUILD_MESSAGES: u64 = 1 << 9;
    pub(crate) const DIRECT_MESSAGES: u64 = 1 << 12;
    pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Those that have to be enabled for the application first.
    pub(crate) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;
    /// Every documented bit: 0–16, 20, 21, 24 and 25.
    pub(crate) const DOCUMENTED: u64 = 0x1_FFFF | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;
}

/// Something that happened, for every session that asked to hear of it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Discord's event name.
    pub(crate) name: &'static str,
    /// The intent that it needs; zero when it needs none.
    pub(crate) intent: u64,
    /// The guild that it belongs to, which decides the shard; none for direct messages.
    pub(crate) guild: Option<u64>,
    /// Whether the text of the message in `data` is hidden without `MESSAGE_CONTENT`.
    pub(crate) hides_content: bool,
    /// Discord's `d`.
    pub(crate) data: Value,
}

/// What a connection is told to do beside dispatching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Opcode 7.
    Reconnect,
    /// Opcode 9; the session can be resumed or not.
    InvalidSession { resumable: bool },
    /// Close with this code.
    Close { code: u16 },
}

/// One session; it outlives its connections.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) intents: u64,
    /// Shard number and count.
    pub(crate) shard: (u64, u64),
    /// The connection that it is on, by number.
    pub(crate) connection: Option<u64>,
    pub(crate) orders: VecDeque<Order>,
    sequence: u64,
    log: VecDeque<(u64, Arc<str>)>,
}

impl Session {
    pub(crate) fn new(id: String, intents: u64, shard: (u64, u64), connection: u64) -> Self {
        Self {
            id,
            intents,
            shard,
            connection: Some(connection),
            orders: VecDeque::new(),
            sequence: 0,
            log: VecDeque::new(),
        }
    }

    /// The sequence number of the newest dispatch.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether this session's shard is told of things of that guild (gateway documentation, "Sharding").
    pub(crate) fn has_guild(&self, guild: Option<u64>) -> bool {
        guild.map_or(0, |guild| (guild >> 22) % self.shard.1) == self.shard.0
    }

    /// Queues a dispatch for this session alone.
    pub(crate) fn push(&mut self, name: &str, data: &Value) {
        self.sequence += 1;
        let frame = json!({ "op": 0, "s": self.sequence, "t": name, "d": data }).to_string();
        self.log.push_back((self.sequence, frame.into()));
        if self.log.len() > REPLAY_LIMIT {
            self.log.pop_front();
        }
    }

    fn hear(&mut self, event: &Event) {
        let wants = event.intent == 0 || self.intents & event.intent != 0;
        if !wants || !self.has_guild(event.guild) {
            return;
        }
        if event.hides_content && self.intents & intents::MESSAGE_CONTENT == 0 {
            let mut data = event.data.clone();
            hide_content(&mut data);
            self.push(event.name, &data);
        } else {
            self.push(event.name, &event.data);
        }
    }

    /// The dispatches after `sequence`, or none when some of them are gone.
    pub(crate) fn after(&self, sequence: u64) -> Option<Vec<(u64, Arc<str>)>> {
        let oldest = self.log.front().map_or(self.sequence + 1, |(first, _)| *first);
        if sequence + 1 < oldest {
            return None;
        }
        let skipped = usize::try_from(sequence + 1 - oldest).unwrap_or(usize::MAX);
        Some(self.log.iter().skip(skipped).cloned().collect())
    }

    /// Forgets what the client confirmed.
    pub(crate) fn confirm(&mut self, sequence: u64) {
        while self.log.front().is_some_and(|(first, _)| *first <= sequence) {
            self.log.pop_front();
        }
    }
}

fn hide_content(data: &mut Value) {
    data["content"] = json!("");
    for list in ["embeds", "attachments", "components"] {
        data[list] = json!([]);
    }
}

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    list: VecDeque<Session>,
    begun: u32,
}

impl Sessions {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether a client is connected right now.
    pub(crate) fn connected(&self) -> usize {
        self.list.iter().filter(|session| session.connection.is_some()).count()
    }

    /// Shard number and count of each client that is connected right now, in order.
    pub(crate) fn shards(&self) -> Vec<(u64, u64)> {
        let connected = self.list.iter().filter(|session| session.connection.is_some());
        let mut shards: Vec<_> = connected.map(|session| session.shard).collect();
        shards.sort_unstable();
        shards
    }

    /// How many were ever begun.
    pub(crate) const fn begun(&self) -> u32 {
        self.begun
    }

    pub(crate) fn open(&mut self, session: Session) {
        self.begun += 1;
        self.list.push_back(session);
        if self.list.len() > SESSION_LIMIT {
            self.list.pop_front();
        }
    }

    pub(crate) fn get(&mut self, id: &str) -> Option<&mut Session> {
        self.list.iter_mut().find(|session| session.id == id)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.list.retain(|session| session.id != id);
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        self.list.iter_mut()
    }

    /// Tells every session that wants to hear of it.
    pub(crate) fn dispatch(&mut self, event: &Event) {
        for session in &mut self.list {
            session.hear(event);
        }
    }

    /// Gives an order to every connected session.
    pub(crate) fn order(&mut self, order: Order) {
        for session in self.list.iter_mut().filter(|session| session.connection.is_some()) {
            session.orders.push_back(order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        let mut session = Session::new("s".to_owned(), intents::GUILDS, (0, 1), 1);
        for _ in 0..3 {
            session.push("X", &Value::Null);
        }
        session
    }

    fn sequences(session: &Session, after: u64) -> Option<Vec<u64>> {
        session.after(after).map(|frames| frames.into_iter().map(|(sequence, _)| sequence).collect())
    }

    #[test]
    fn what_was_missed_is_replayed_until_it_is_confirmed() {
        let mut session = session();
        assert_eq!(sequences(&session, 1), Some(vec![2, 3]));
        assert_eq!(sequences(&session, 3), Some(vec![]));
        session.confirm(2);
        assert_eq!(sequences(&session, 2), Some(vec![3]));
        assert_eq!(sequences(&session, 0), None, "confirmed dispatches are gone");
    }

    #[test]
    fn content_is_hidden_from_those_without_the_intent() {
        let mut session = session();
        session.intents = intents::GUILD_MESSAGES;
        let data = json!({ "content": "hello", "embeds": [1], "id": "1" });
        let event = Event {
            name: "MESSAGE_CREATE",
            intent: intents::GUILD_MESSAGES,
            guild: None,
            hides_content: true,
            data,
        };
        session.hear(&event);
        let (_, frame) = session.after(3).unwrap().pop().unwrap();
        assert!(!frame.contains("hello"), "{frame}");
    }
}
