//! What has to happen at a moment.

use crate::database::Database;
use crate::sample::{BRUNO, LANTERN, id, now, reminder, scope, seconds};
use domain::due::{DueKind, DueMoment, Duty, Planned};
use domain::{Game, UserId};
use jiff::{SignedDuration, Timestamp};
use store::DueRow;
use store::schedule::{self, Backlog, Settled};
use telemetry::{TraceContext, Verb};

stories! {
    moments_are_planned_withdrawn_and_planned_again,
    a_daemon_looks_at_its_own_duty,
    due_moments_are_claimed_oldest_first_and_settled_once,
    what_fails_comes_again_later,
    what_was_not_tried_is_given_back,
    a_moment_that_is_planned_anew_is_lost_to_whoever_claimed_it,
    a_due_moment_remembers_the_trace_that_planned_it,
}

const LEASE: SignedDuration = SignedDuration::from_secs(15);

async fn plan(db: &Database, game: &Game, moments: &[(u128, DueMoment)]) {
    db.write(async |tx| {
        for (number, moment) in moments {
            schedule::add(tx, scope(LANTERN), (id(*number), game.id), moment).await.unwrap();
        }
    })
    .await;
}

async fn planned(db: &Database, game: &Game) -> Vec<Planned> {
    db.read(async |tx| schedule::of_game(tx, scope(LANTERN), game.id).await.unwrap()).await
}

async fn claim(db: &Database, at: Timestamp) -> Vec<DueRow> {
    db.write(async |tx| schedule::claim(tx, Duty::Notify, (at, LEASE), 100).await.unwrap()).await
}

/// The start of a game, and the notice to somebody who joined.
fn start(game: &Game) -> DueMoment {
    DueMoment { at: game.start, kind: DueKind::Start, deadline: None }
}

fn join_notice(user: UserId) -> DueMoment {
    DueMoment { at: now() + seconds(60), kind: DueKind::JoinNotice(user), deadline: None }
}

async fn moments_are_planned_withdrawn_and_planned_again(db: &Database) {
    let game = db.with_game().await;
    let (soon, later) = (reminder(&game, 5), reminder(&game, 15));
    let notice = join_notice(UserId::new(u64::MAX));
    plan(db, &game, &[(1, later), (2, start(&game)), (3, soon), (4, notice), (5, join_notice(BRUNO))]).await;
    let all = |pending: [bool; 5]| {
        let moments = [join_notice(BRUNO), notice, soon, later, start(&game)];
        moments
            .into_iter()
            .zip(pending)
            .map(|(moment, pending)| Planned { moment, pending })
            .collect::<Vec<_>>()
    };
    let sorted = |mut planned: Vec<Planned>| {
        planned.sort_by_key(|planned| planned.moment);
        planned
    };
    assert_eq!(sorted(planned(db, &game).await), all([true; 5]));

    db.write(async |tx| {
        schedule::withdraw(tx, scope(LANTERN), game.id, &later).await.unwrap();
        schedule::withdraw_join_notice(tx, scope(LANTERN), (game.id, BRUNO)).await.unwrap();
    })
    .await;
    assert_eq!(sorted(planned(db, &game).await), all([false, true, true, false, true]));

    plan(db, &game, &[(9, later)]).await;
    assert_eq!(sorted(planned(db, &game).await), all([false, true, true, true, true]));

    let withdrawn =
        db.write(async |tx| schedule::withdraw_all(tx, scope(LANTERN), game.id).await.unwrap()).await;
    assert_eq!(withdrawn, 4);
    assert_eq!(sorted(planned(db, &game).await), all([false; 5]));
    assert_eq!(claim(db, game.start).await, []);
}

async fn a_daemon_looks_at_its_own_duty(db: &Database) {
    let game = db.with_game().await;
    let look = async |duty, at| {
        db.read(async |tx| {
            let next = schedule::next_due(tx, duty).await.unwrap();
            (next, schedule::due(tx, duty, at).await.unwrap(), schedule::backlog(tx, duty).await.unwrap())
        })
        .await
    };
    assert_eq!(look(Duty::Notify, now()).await, (None, 0, vec![]));

    let (soon, later, notice) = (reminder(&game, 5), reminder(&game, 15), join_notice(BRUNO));
    plan(db, &game, &[(1, later), (2, start(&game)), (3, soon), (4, notice)]).await;
    let backlog = |kind: &str, pending, oldest_due| Backlog { kind: kind.to_owned(), pending, oldest_due };
    let notify = vec![backlog("join_notice", 1, Some(notice.at)), backlog("reminder", 2, Some(soon.at))];
    assert_eq!(look(Duty::Notify, soon.at).await, (Some(notice.at), 2, notify));
    let transition = vec![backlog("start", 1, Some(game.start))];
    assert_eq!(look(Duty::Transition, soon.at).await, (Some(game.start), 0, transition));
}

async fn due_moments_are_claimed_oldest_first_and_settled_once(db: &Database) {
    let game = db.with_game().await;
    let moments = [reminder(&game, 3), reminder(&game, 1), reminder(&game, 2), reminder(&game, 9)];
    plan(db, &game, &(1..).zip(moments).collect::<Vec<_>>()).await;
    let at = moments[0].at;

    let first = db.write(async |tx| schedule::claim(tx, Duty::Notify, (at, LEASE), 2).await.unwrap()).await;
    assert_eq!(first.iter().map(|row| row.moment).collect::<Vec<_>>(), [moments[1], moments[2]]);
    let rest = claim(db, at).await;
    assert_eq!(rest.iter().map(|row| row.moment).collect::<Vec<_>>(), [moments[0]], "what is due and free");
    let row = &rest[0];
    assert_eq!((row.id, row.guild, row.game), (id(1), LANTERN, game.id));
    assert_eq!((row.attempts, row.fence, &row.trace), (1, 1, &TraceContext::default()));

    let settle =
        async |row: &DueRow, how| db.write(async |tx| schedule::settle(tx, row, how).await.unwrap()).await;
    assert!(settle(&first[0], Settled::Done).await);
    assert!(!settle(&first[0], Settled::Dead("io")).await, "done is done");
    assert!(settle(&first[1], Settled::Skipped("expired")).await);
    assert!(settle(row, Settled::Dead("io")).await);
    let ended =
        db.raw.column("SELECT state || ' ' || COALESCE(last_error, '-') FROM schedule ORDER BY due_at").await;
    assert_eq!(ended, ["done -", "skipped expired", "dead io", "pending -"]);
    assert_eq!(claim(db, at + seconds(3600)).await.len(), 1);
}

async fn what_fails_comes_again_later(db: &Database) {
    let game = db.with_game().await;
    let moment = reminder(&game, 1);
    plan(db, &game, &[(1, moment)]).await;
    let row = claim(db, moment.at).await.remove(0);
    let again = moment.at + seconds(2);
    assert!(db.write(async |tx| schedule::retry(tx, &row, again, "io").await.unwrap()).await);
    assert_eq!(claim(db, again - SignedDuration::from_micros(1)).await, []);
    let second = claim(db, again).await.remove(0);
    assert_eq!((second.attempts, second.moment), (2, moment));
    assert!(
        !db.write(async |tx| schedule::retry(tx, &row, again, "io").await.unwrap()).await,
        "a stale holder"
    );
}

async fn what_was_not_tried_is_given_back(db: &Database) {
    let game = db.with_game().await;
    let (first, second) = (reminder(&game, 1), reminder(&game, 2));
    plan(db, &game, &[(1, first), (2, second)]).await;
    let held = claim(db, second.at).await;
    assert_eq!(held.len(), 2);
    let release =
        async || db.write(async |tx| schedule::release(tx, Duty::Notify, &held).await.unwrap()).await;
    assert!(db.write(async |tx| schedule::settle(tx, &held[0], Settled::Done).await.unwrap()).await);
    assert_eq!(release().await, 1, "what has ended stays ended");
    let again = claim(db, second.at).await;
    assert_eq!(again.iter().map(|row| (row.moment, row.attempts)).collect::<Vec<_>>(), [(second, 1)]);
    assert_eq!(release().await, 0, "it is somebody else's by now");
    assert_eq!(claim(db, second.at).await, []);
}

async fn a_moment_that_is_planned_anew_is_lost_to_whoever_claimed_it(db: &Database) {
    let game = db.with_game().await;
    let moment = reminder(&game, 1);
    plan(db, &game, &[(1, moment)]).await;
    let held = claim(db, moment.at).await.remove(0);
    let moved = DueMoment { deadline: Some(game.start + seconds(3600)), ..moment };
    plan(db, &game, &[(2, moved)]).await;
    assert!(!db.write(async |tx| schedule::settle(tx, &held, Settled::Done).await.unwrap()).await);
    let anew = claim(db, moment.at).await.remove(0);
    assert_eq!((anew.id, anew.moment, anew.attempts), (id(1), moved, 1));

    db.write(async |tx| schedule::withdraw(tx, scope(LANTERN), game.id, &moved).await.unwrap()).await;
    assert!(
        !db.write(async |tx| schedule::settle(tx, &anew, Settled::Done).await.unwrap()).await,
        "withdrawn"
    );
}

async fn a_due_moment_remembers_the_trace_that_planned_it(db: &Database) {
    let game = db.with_game().await;
    let (telemetry, _captured) = telemetry::Telemetry::captured(telemetry::ServiceName::Api);
    let span = telemetry.verb(Verb { name: "games.create" });
    span.run(plan(db, &game, &[(1, reminder(&game, 1))])).await;
    let row = claim(db, game.start).await.remove(0);
    assert_eq!(row.trace, span.trace_context());
}
