use super::recipient;
use crate::at::{At, microseconds};
use crate::claimed::{Claimed, LEFT_FOR, Sorted, UNREADABLE, Unreadable, sort};
use crate::db::{execute, fetch_all};
use crate::dialect::{per_dialect, statements};
use crate::trace;
use crate::{StoreError, Tx};
use domain::notice::Recipient;
use domain::{ChannelId, DeliveryId, GameId, GuildId, NoticeKind};
use jiff::{SignedDuration, Timestamp};
use telemetry::TraceContext;
use uuid::Uuid;

statements! {
    LEAVE = "UPDATE" "deliveries",
        "UPDATE deliveries SET available_at = $2, attempts = attempts - 1, lease_until = NULL \
         WHERE id = $1 AND state IN ('pending', 'sending')";
    BURY = "UPDATE" "deliveries",
        "UPDATE deliveries SET state = 'dead', reason = $2, settled_at = $3, lease_until = NULL \
         WHERE id = $1 AND state IN ('pending', 'sending')";
    => CLAIM;
}

// Chosen once, as the due moments are.
per_dialect! {
    CLAIM = "UPDATE" "deliveries",
        "WITH due AS (SELECT id FROM deliveries WHERE state IN ('pending', 'sending') AND available_at <= " now
        " ORDER BY available_at, id LIMIT $3" skip_locked
        ") UPDATE deliveries SET fence = fence + 1, attempts = attempts + 1, available_at = " now " + $2" us
        ", lease_until = " now " + $2" us " WHERE id IN (SELECT id FROM due) \
         RETURNING id, key, guild, game, kind, channel_id, user_id, attempts, fence, deadline, sending_since, \
         scheduled_for, traceparent, tracestate"
}

/// A delivery that this process has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id.
    pub id: DeliveryId,
    /// What makes it one of a kind; the nonce is made from it.
    pub key: String,
    /// The guild.
    pub guild: GuildId,
    /// The game.
    pub game: GameId,
    /// What it says.
    pub kind: NoticeKind,
    /// To whom.
    pub to: Recipient,
    /// The guild's channel in which a person is told whose DMs are closed.
    pub via: Option<ChannelId>,
    /// How often it was claimed, this time included.
    pub attempts: u32,
    /// What has to be unchanged for this process to settle it.
    pub fence: i64,
    /// After which it is not sent any more.
    pub deadline: Option<Timestamp>,
    /// When it was first tried under its nonce, if it was: the message may be out already.
    pub sending_since: Option<Timestamp>,
    /// When it should have gone out.
    pub scheduled_for: Timestamp,
    /// The trace that asked for it.
    pub trace: TraceContext,
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    id: Uuid,
    key: String,
    guild: i64,
    game: Uuid,
    kind: String,
    channel_id: Option<i64>,
    user_id: Option<i64>,
    attempts: i64,
    fence: i64,
    deadline: Option<At>,
    sending_since: Option<At>,
    scheduled_for: At,
    traceparent: Option<String>,
    tracestate: Option<String>,
}

impl TryFrom<ClaimedRow> for DeliveryRow {
    type Error = Unreadable;

    fn try_from(row: ClaimedRow) -> Result<Self, Unreadable> {
        let (to, via) = recipient(row.channel_id, row.user_id)?;
        Ok(Self {
            id: DeliveryId::new(row.id),
            key: row.key,
            guild: GuildId::new(row.guild.cast_unsigned()),
            game: GameId::new(row.game),
            kind: row.kind.parse().map_err(|error| Unreadable::newer(&error))?,
            to,
            via,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            fence: row.fence,
            deadline: row.deadline.map(Into::into),
            sending_since: row.sending_since.map(Into::into),
            scheduled_for: row.scheduled_for.into(),
            trace: trace::read(row.traceparent.as_deref(), row.tracestate.as_deref()),
        })
    }
}

/// Claims the deliveries that have waited longest, under a lease, with a new fence each. One that can't be read is
/// dead; one of a kind that only a newer version knows is left to it.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    (now, lease): (Timestamp, SignedDuration),
    limit: u32,
) -> Result<Vec<DeliveryRow>, StoreError> {
    tx.as_work().await?;
    let statement = CLAIM.on(tx.system());
    let (by, lease) = (tx.due_by(now), microseconds(lease));
    let rows = fetch_all!(tx, statement => Claimed<ClaimedRow>, [by, lease, i64::from(limit)])?;
    let Sorted { readable: mut rows, newer, broken } = sort::<DeliveryRow, _>("deliveries", rows);
    for id in newer {
        execute!(tx, &LEAVE, [id, At(now.saturating_add(LEFT_FOR).unwrap_or(now))])?;
    }
    for id in broken {
        execute!(tx, &BURY, [id, UNREADABLE, At(now)])?;
    }
    rows.sort_by_key(|row| (row.scheduled_for, row.id));
    Ok(rows)
}
