//! What Discord counts per bot and tells in no header before it is too much: new DMs, and edits of old messages.

use cache::{Allowance, Cache, Windows};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
/// DMs that are opened, also those that are open already; Discord takes a bot that opens many for spam (40003).
const NEW_DMS: Allowance = Allowance { max: 10, window: MINUTE };
/// Edits of a channel's messages that are older than an hour; beyond ten a minute Discord refuses (30046).
const OLD_EDITS: Allowance = Allowance { max: 9, window: MINUTE };

/// The windows of one bot token.
#[derive(Debug)]
pub(crate) struct Unannounced {
    /// One for all.
    pub(crate) new_dms: Windows,
    /// One for each channel.
    pub(crate) old_edits: Windows,
}

impl Unannounced {
    /// Those called `name` of all processes that share this cache; this process's own, if nobody shares it.
    pub(crate) fn sharing(cache: &Cache, name: &str) -> Self {
        Self {
            new_dms: cache.windows(&format!("{name}:new_dms"), NEW_DMS),
            old_edits: cache.windows(&format!("{name}:old_edits"), OLD_EDITS),
        }
    }
}
