//! What was given up: events, due moments and deliveries that are dead, for whoever mends the cause and has them tried
//! again.

use crate::at::At;
use crate::claimed::Claimed;
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::{per_dialect, statements};
use crate::{Hint, StoreError, Tx};
use domain::GameId;
use jiff::Timestamp;
use std::fmt;
use telemetry::Statement;
use uuid::Uuid;

statements! {
    EVENTS = "SELECT" "outbox",
        "SELECT id, game, type AS kind, dead_reason AS reason, created_at AS since, NULL AS deadline FROM outbox \
         WHERE dead_at IS NOT NULL ORDER BY created_at, id LIMIT $1";
    MOMENTS = "SELECT" "schedule",
        "SELECT id, game, kind, last_error AS reason, due_at AS since, deadline FROM schedule \
         WHERE state = 'dead' ORDER BY due_at, id LIMIT $1";
    DELIVERIES = "SELECT" "deliveries",
        "SELECT id, game, kind, reason, scheduled_for AS since, deadline FROM deliveries \
         WHERE state = 'dead' ORDER BY scheduled_for, id LIMIT $1";
    EVENT_STAYS = "SELECT" "outbox", "SELECT id FROM outbox WHERE id = $1 AND dead_at IS NOT NULL";
    MOMENT_STAYS = "SELECT" "schedule", "SELECT id FROM schedule WHERE id = $1 AND state = 'dead'";
    DELIVERY_STAYS = "SELECT" "deliveries", "SELECT id FROM deliveries WHERE id = $1 AND state = 'dead'";
    EVENT_AGAIN = "UPDATE" "outbox",
        "UPDATE outbox SET dead_at = NULL, dead_reason = NULL, lease_until = NULL \
         WHERE id = $1 AND dead_at IS NOT NULL";
    => MOMENT_AGAIN, DELIVERY_AGAIN;
}

per_dialect! {
    MOMENT_AGAIN = "UPDATE" "schedule",
        "UPDATE schedule SET state = 'pending', available_at = " now ", attempts = 0, crashes = 0, \
         fence = fence + 1, lease_until = NULL, last_error = NULL \
         WHERE id = $2 AND state = 'dead' AND (deadline IS NULL OR deadline > " now ")"
}

// Whether the message may be out already stays as it was: then it is looked for before it is sent.
per_dialect! {
    DELIVERY_AGAIN = "UPDATE" "deliveries",
        "UPDATE deliveries SET state = CASE WHEN sending_since IS NULL THEN 'pending' ELSE 'sending' END, \
         available_at = " now ", attempts = 0, fence = fence + 1, lease_until = NULL, reason = NULL, \
         settled_at = NULL WHERE id = $2 AND state = 'dead' AND (deadline IS NULL OR deadline > " now ")"
}

/// What a dead row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An event that was never published.
    Event,
    /// Something that should have happened at a moment.
    Moment,
    /// A message.
    Delivery,
}

impl Kind {
    /// Every kind, in the order in which one leads to the next.
    pub const ALL: [Self; 3] = [Self::Event, Self::Moment, Self::Delivery];

    /// The statements that list those of a kind, and that look whether one is still dead.
    const fn statements(self) -> (&'static Statement, &'static Statement) {
        match self {
            Self::Event => (&EVENTS, &EVENT_STAYS),
            Self::Moment => (&MOMENTS, &MOMENT_STAYS),
            Self::Delivery => (&DELIVERIES, &DELIVERY_STAYS),
        }
    }

    /// Who has to look at one that is tried again.
    const fn hints(self) -> &'static [Hint] {
        match self {
            Self::Event => &[Hint::Outbox],
            Self::Moment => &[Hint::Notify, Hint::Transition],
            Self::Delivery => &[Hint::Deliveries],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Event => "event",
            Self::Moment => "moment",
            Self::Delivery => "delivery",
        })
    }
}

/// A row that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadRow {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: Kind,
    /// What it was about; none for one that can't be read.
    pub told: Option<Told>,
}

/// What a dead row says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The event's type, or the kind of moment or notice.
    pub what: String,
    /// Of which game; none for what concerns the whole guild.
    pub game: Option<GameId>,
    /// Why it was given up, in a word.
    pub reason: String,
    /// When it happened or should have.
    pub since: Timestamp,
    /// After which it is not tried again.
    pub deadline: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    game: Option<Uuid>,
    kind: String,
    reason: Option<String>,
    since: At,
    deadline: Option<At>,
}

impl From<Row> for Told {
    fn from(row: Row) -> Self {
        Self {
            what: row.kind,
            game: row.game.map(GameId::new),
            reason: row.reason.unwrap_or_default(),
            since: row.since.into(),
            deadline: row.deadline.map(Into::into),
        }
    }
}

/// Everything that was given up, events first, each kind oldest first and at most `limit` of it.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, limit: u32) -> Result<Vec<DeadRow>, StoreError> {
    tx.as_work().await?;
    let mut dead = Vec::new();
    for kind in Kind::ALL {
        let (listing, _) = kind.statements();
        for row in fetch_all!(tx, listing => Claimed<Row>, [i64::from(limit)])? {
            let (id, row) = row.into_parts();
            dead.push(DeadRow { id, kind, told: row.ok().map(Told::from) });
        }
    }
    Ok(dead)
}

/// What came of having something tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It is, as if for the first time.
    Again,
    /// Its deadline is past: it stays dead.
    TooLate,
    /// It was not dead any more.
    NotDead,
}

/// Has a dead row tried again at once, unless its deadline is past.
///
/// # Errors
/// When the database fails.
pub async fn retry(tx: &mut Tx, row: &DeadRow, now: Timestamp) -> Result<Retried, StoreError> {
    tx.as_work().await?;
    let by = tx.due_by(now);
    let revived = match row.kind {
        Kind::Event => execute!(tx, &EVENT_AGAIN, [row.id])?,
        Kind::Moment => execute!(tx, MOMENT_AGAIN.on(tx.system()), [by, row.id])?,
        Kind::Delivery => execute!(tx, DELIVERY_AGAIN.on(tx.system()), [by, row.id])?,
    };
    if revived == 1 {
        for hint in row.kind.hints() {
            tx.wake_after_commit(*hint);
        }
        return Ok(Retried::Again);
    }
    let (_, stays) = row.kind.statements();
    let dead = fetch_optional!(tx, stays => (Uuid,), [row.id])?;
    Ok(if dead.is_some() { Retried::TooLate } else { Retried::NotDead })
}
