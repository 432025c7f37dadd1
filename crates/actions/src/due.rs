//! What the two daemons do when a moment has come.

use crate::ledger::by_own_clock;
use crate::perform::perform;
use crate::write::{reschedule, save_and_announce};
use crate::{Ctx, StoreError};
use domain::due::{DueKind, Duty};
use domain::seats;
use domain::{Event, EventBody, Game, Status};
use jiff::{SignedDuration, Timestamp};
use store::schedule::{Backlog, Settled};
use store::{DueRow, GuildScope, Hint, Tx};
use telemetry::attr;
use tokio::sync::watch;

/// How long a claimed row is safe from other instances.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// Rows of one claim.
const BATCH: u32 = 100;
/// A row that fails so often is dead.
const ATTEMPTS: u32 = 8;
/// A row whose worker died so often is dead. The first time isn't noted down: nobody knows yet which row of the
/// batch it was.
const NOTED_CRASHES: u32 = 2;
/// The pause after the first attempt; each further one is three times as long.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// The longest pause between two attempts.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// Added to each pause, so that what failed together is not tried together.
const JITTER_MS: u64 = 1000;

/// What a row died of that was begun and never ended.
const LEASE_EXPIRED: &str = "lease_expired";

/// The game has moved on by itself or was called off.
const OVERTAKEN: &str = "overtaken";

/// Registers interest in a daemon's hints; do it before looking.
pub fn hints(ctx: &Ctx, duty: Duty) -> watch::Receiver<u64> {
    ctx.store.hints().subscribe(match duty {
        Duty::Notify => Hint::Notify,
        Duty::Transition => Hint::Transition,
    })
}

/// When a daemon has to look next, by its own clock, and how much is due now.
///
/// # Errors
/// The store failed.
pub async fn look(ctx: &Ctx, duty: Duty) -> Result<(Option<Timestamp>, u64), StoreError> {
    let mut tx = ctx.quiet.read().await?;
    let next = store::schedule::next_due(&mut tx, duty).await?;
    let next = by_own_clock(ctx, &mut tx, next).await?;
    let due = store::schedule::due(&mut tx, duty, ctx.clock.now()).await?;
    Ok((next, due))
}

/// What a daemon has pending, by kind.
///
/// # Errors
/// The store failed.
pub async fn backlog(ctx: &Ctx, duty: Duty) -> Result<Vec<Backlog>, StoreError> {
    let mut tx = ctx.quiet.read().await?;
    store::schedule::backlog(&mut tx, duty).await
}

/// Claims what is due, oldest first.
///
/// # Errors
/// The store failed.
pub async fn claim(ctx: &Ctx, duty: Duty) -> Result<Vec<DueRow>, StoreError> {
    let mut tx = ctx.quiet.begin().await?;
    let rows = store::schedule::claim(&mut tx, duty, (ctx.clock.now(), LEASE), BATCH).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Gives back claimed rows that were not tried, so that another instance has them at once; tells how many.
///
/// # Errors
/// The store failed; their leases run out by themselves.
pub async fn release(ctx: &Ctx, duty: Duty, rows: &[DueRow]) -> Result<u64, StoreError> {
    let mut tx = ctx.quiet.begin().await?;
    let released = store::schedule::release(&mut tx, duty, rows).await?;
    tx.commit().await?;
    Ok(released)
}

/// Begins with a claimed row; false when it isn't to be tried: whoever tries it dies, or its claim is lost.
///
/// A row that was claimed before is begun in writing, so that the one that kills its worker is told apart from
/// those that only waited behind it.
///
/// # Errors
/// The store failed.
pub async fn begin(ctx: &Ctx, row: &DueRow) -> Result<bool, StoreError> {
    if row.attempts <= 1 {
        return Ok(true);
    }
    let mut tx = ctx.quiet.begin().await?;
    let spent = row.crashes >= NOTED_CRASHES || row.attempts > ATTEMPTS;
    let goes_on = if spent {
        bury(&mut tx, row, LEASE_EXPIRED).await?;
        false
    } else {
        store::schedule::begin_again(&mut tx, row).await?
    };
    tx.commit().await?;
    Ok(goes_on)
}

/// How a due moment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was skipped, for this reason.
    Skipped(&'static str),
    /// Somebody else has it now, or it was withdrawn: nothing was done.
    Lost,
}

impl Outcome {
    /// The word for spans and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped(reason) => reason,
            Self::Lost => "lost",
        }
    }
}

/// What came of a due moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// How it ended.
    pub outcome: Outcome,
    /// The event that was written, if it was done: on its way over the bus, and good for a hint.
    pub event: Option<Event>,
}

impl Carried {
    const fn done(event: Event) -> Self {
        Self { outcome: Outcome::Done, event: Some(event) }
    }

    const fn not_done(outcome: Outcome) -> Self {
        Self { outcome, event: None }
    }
}

/// Says that somebody has to be told something now; past its deadline it is skipped instead.
///
/// # Errors
/// The store failed.
pub async fn notify(ctx: &Ctx, row: &DueRow) -> Result<Carried, StoreError> {
    let span = ctx.verb("notifications.dispatch");
    span.set(attr::game_id(&row.game));
    span.set(attr::guild_id(row.guild.get()));
    perform(&span, dispatch(ctx, row)).await
}

async fn dispatch(ctx: &Ctx, row: &DueRow) -> Result<Carried, StoreError> {
    let scope = GuildScope::of_due(row);
    let mut tx = ctx.store.begin().await?;
    let game = store::games::lock(&mut tx, scope, row.game).await?;
    let now = tx.now(ctx.clock.now()).await?;
    let expired = row.moment.deadline.is_some_and(|deadline| now >= deadline);
    let skipped = match &game {
        None => Some("gone"),
        Some(game) if game.status.is_final() => Some("over"),
        Some(_) if expired => Some("expired"),
        Some(_) => None,
    };
    let settled = skipped.map_or(Settled::Done, Settled::Skipped);
    if !store::schedule::settle(&mut tx, row, settled).await? {
        return Ok(Carried::not_done(Outcome::Lost));
    }
    let mut carried = Carried::not_done(skipped.map_or(Outcome::Done, Outcome::Skipped));
    if let (None, Some(mut game)) = (skipped, game) {
        carried =
            Carried::done(save_and_announce(ctx, &mut tx, (scope, &mut game), notification(row)).await?);
    }
    tx.commit().await?;
    Ok(carried)
}

fn notification(row: &DueRow) -> EventBody {
    EventBody::NotificationDue {
        kind: row.moment.kind.name().to_owned(),
        detail: row.moment.kind.detail(),
        scheduled_for: row.moment.at,
        deadline: row.moment.deadline,
    }
}

/// The status from which a due moment moves a game on; none for what people are told.
pub const fn leaves(kind: DueKind) -> Option<Status> {
    match kind {
        DueKind::Post => Some(Status::Draft),
        DueKind::Start => Some(Status::Scheduled),
        DueKind::End => Some(Status::InProgress),
        DueKind::Archive => Some(Status::Completed),
        DueKind::Reminder { .. } | DueKind::JoinNotice(_) => None,
    }
}

/// Moves a game on to the status whose time has come; what follows from that is planned in the same transaction.
///
/// # Errors
/// The store failed.
pub async fn transition(ctx: &Ctx, row: &DueRow) -> Result<Carried, StoreError> {
    let span = ctx.verb("games.transition");
    span.set(attr::game_id(&row.game));
    span.set(attr::guild_id(row.guild.get()));
    let (carried, fill) = perform(&span, apply(ctx, row)).await?;
    if let (Outcome::Done, Some(action)) = (carried.outcome, action(row.moment.kind)) {
        ctx.telemetry.metrics().game_changed(action, crate::Door::Daemon.as_str());
    }
    if let Some(share) = fill {
        ctx.telemetry.metrics().fill(share);
    }
    Ok(carried)
}

/// What came of it, and how full the game is, if it has started.
async fn apply(ctx: &Ctx, row: &DueRow) -> Result<(Carried, Option<f64>), StoreError> {
    let scope = GuildScope::of_due(row);
    let mut tx = ctx.store.begin().await?;
    let game = store::games::lock(&mut tx, scope, row.game).await?;
    let next = game.zip(row.moment.kind.leads_to()).filter(|(game, next)| game.status.may_become(*next));
    let settled = if next.is_some() { Settled::Done } else { Settled::Skipped(OVERTAKEN) };
    if !store::schedule::settle(&mut tx, row, settled).await? {
        return Ok((Carried::not_done(Outcome::Lost), None));
    }
    let Some((mut game, next)) = next else {
        tx.commit().await?;
        return Ok((Carried::not_done(Outcome::Skipped(OVERTAKEN)), None));
    };
    let starts = next == Status::InProgress;
    let fill = if starts { Some(fill(&mut tx, (scope, &game)).await?) } else { None };
    let event = move_on(ctx, &mut tx, (scope, &mut game), next).await?;
    tx.commit().await?;
    Ok((Carried::done(event), fill))
}

async fn move_on(
    ctx: &Ctx,
    tx: &mut Tx,
    (scope, game): (GuildScope, &mut Game),
    next: Status,
) -> Result<Event, StoreError> {
    let (now, from) = (ctx.clock.now(), game.status);
    game.status = next;
    if next == Status::Completed {
        game.completed_at = Some(now);
    }
    reschedule(ctx, tx, (scope, game), now).await?;
    save_and_announce(ctx, tx, (scope, game), EventBody::GameStatusChanged { from, to: next }).await
}

/// How full a game is, as a share of its seats.
async fn fill(tx: &mut Tx, (scope, game): (GuildScope, &Game)) -> Result<f64, StoreError> {
    let roster = store::participants::of_game(tx, scope, game.id).await?;
    let confirmed = u32::try_from(seats::split(game, &roster).confirmed.len()).unwrap_or(u32::MAX);
    Ok(f64::from(confirmed) / f64::from(game.terms.seats.max(1)))
}

/// The word for the metric of changed games.
const fn action(kind: DueKind) -> Option<&'static str> {
    match kind {
        DueKind::Post => Some("posted"),
        DueKind::Start => Some("started"),
        DueKind::End => Some("completed"),
        DueKind::Archive => Some("archived"),
        DueKind::Reminder { .. } | DueKind::JoinNotice(_) => None,
    }
}

/// Puts a row off that could not be done, or gives it up after eight attempts; `error` is one of few words.
///
/// # Errors
/// The store failed.
pub async fn fail(ctx: &Ctx, row: &DueRow, error: &str) -> Result<(), StoreError> {
    let mut tx = ctx.store.begin().await?;
    if row.attempts >= ATTEMPTS {
        bury(&mut tx, row, error).await?;
    } else {
        let jitter = SignedDuration::from_millis(ctx.chance.below(JITTER_MS).cast_signed());
        let again = tx.now(ctx.clock.now()).await? + pause(row.attempts) + jitter;
        store::schedule::retry(&mut tx, row, again, error).await?;
    }
    tx.commit().await
}

/// From a second to five minutes, within the attempts that a row has.
fn pause(attempts: u32) -> SignedDuration {
    let times = 3_i32.saturating_pow(attempts.saturating_sub(1));
    SHORTEST_PAUSE.saturating_mul(times).min(LONGEST_PAUSE)
}

/// Gives a row up, so that somebody hears of it.
async fn bury(tx: &mut Tx, row: &DueRow, reason: &str) -> Result<(), StoreError> {
    if store::schedule::settle(tx, row, Settled::Dead(reason)).await? {
        tracing::error!(
            name: "due.dead",
            { game_id = %row.game, kind = row.moment.kind.name(), reason },
            "A due moment failed too often and is not tried any more."
        );
    }
    Ok(())
}
