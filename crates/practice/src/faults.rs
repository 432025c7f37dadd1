//! What goes wrong on purpose.

use serde::{Deserialize, Serialize};

/// Faults and strictness that a person or a script can switch while the server runs.
///
/// This is the body of `PUT /practice/v1/faults`; a field that is left out is off (or, for
/// `require_allowed_mentions`, on).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Faults {
    /// Every REST request is answered 503 and no WebSocket is accepted.
    pub outage: bool,
    /// Nobody accepts direct messages from the bot (50007).
    pub closed_dms: bool,
    /// Every REST request waits this long first.
    pub latency_milliseconds: u64,
    /// So many of the next requests that change something are carried out and never answered:
    /// the connection is dropped.
    pub lost_answers: u32,
    /// So many of the next REST requests are answered 429 after a real limit's fashion.
    pub rate_limited: u32,
    /// So many of the next REST requests are answered 502 with a page of HTML.
    pub html_errors: u32,
    /// The bot has no session left that it may begin; whoever begins one all the same is let.
    pub no_session_starts: bool,
    /// Edits of messages older than one hour are refused (30046).
    pub old_edits_refused: bool,
    /// A message of the bot without `allowed_mentions` is refused. Not Discord's rule but Muster's;
    /// switch it off for a library that leaves the field out.
    pub require_allowed_mentions: bool,
    /// Whether `GUILD_MEMBERS`, `GUILD_PRESENCES` and `MESSAGE_CONTENT` are enabled for the application;
    /// when they aren't, asking for one closes the gateway with 4014.
    pub privileged_intents: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            outage: false,
            closed_dms: false,
            latency_milliseconds: 0,
            lost_answers: 0,
            rate_limited: 0,
            html_errors: 0,
            no_session_starts: false,
            old_edits_refused: false,
            require_allowed_mentions: true,
            privileged_intents: false,
        }
    }
}

/// Takes one from a counter; false when it is empty.
pub(crate) fn take(counter: &mut u32) -> bool {
    let left = counter.checked_sub(1);
    *counter = left.unwrap_or(0);
    left.is_some()
}
