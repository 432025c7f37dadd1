use super::*;
use crate::limiter::Scope;

const SEND: Lane =
    Lane { route: ("POST", "/channels/{channel.id}/messages"), major: 1, counts_globally: true };

fn told(remaining: u32) -> Report {
    Report {
        status: Some(200),
        bucket: Some("b1".to_owned()),
        limit: Some(5),
        remaining: Some(remaining),
        reset_after: Some(Duration::from_secs(5)),
        ..Report::default()
    }
}

fn refused(scope: Scope, seconds: u64) -> Report {
    Report { status: Some(429), scope, retry_after: Some(Duration::from_secs(seconds)), ..told(0) }
}

/// Takes what a call costs, if it may be made now.
fn ask_with(
    budget: &mut Budget,
    lane: Lane,
    ticket: u64,
    (pace, now): (Pace, Instant),
) -> Result<BucketKey, When> {
    budget.look(lane, ticket, (pace, now))?;
    Ok(budget.take(lane, ticket, now))
}

fn ask(budget: &mut Budget, lane: Lane, now: Instant) -> Result<BucketKey, When> {
    let ticket = budget.queue(lane);
    let answer = ask_with(budget, lane, ticket, (Pace::Full, now));
    budget.leave(lane, ticket);
    answer
}

#[test]
fn a_bucket_is_learnt_from_its_first_answer() {
    let (mut budget, start) = (Budget::default(), Instant::now());
    let first = ask(&mut budget, SEND, start).unwrap();
    assert_eq!(ask(&mut budget, SEND, start), Err(When::AfterOthers), "nothing is known yet");

    budget.finish(SEND, &first, &told(4), start);
    for _ in 0..4 {
        ask(&mut budget, SEND, start).unwrap();
    }
    assert_eq!(ask(&mut budget, SEND, start), Err(When::At(start + Duration::from_secs(5))));
    let other_channel = Lane { major: 2, ..SEND };
    assert!(ask(&mut budget, other_channel, start).is_ok(), "another channel has a bucket of its own");
    assert!(ask(&mut budget, SEND, start + Duration::from_secs(5)).is_ok(), "the window is over");
}

#[test]
fn two_routes_share_the_bucket_that_discord_gives_them() {
    let (mut budget, start) = (Budget::default(), Instant::now());
    let edit = Lane { route: ("PATCH", "/channels/{channel.id}/messages/{message.id}"), ..SEND };
    let sent = ask(&mut budget, SEND, start).unwrap();
    let edited = ask(&mut budget, edit, start).unwrap();
    budget.finish(SEND, &sent, &told(1), start);
    budget.finish(edit, &edited, &told(1), start);
    assert!(ask(&mut budget, SEND, start).is_ok());
    assert!(ask(&mut budget, edit, start).is_err());
}

#[test]
fn an_overtaken_answer_gives_nothing_back() {
    let (mut budget, start) = (Budget::default(), Instant::now());
    let first = ask(&mut budget, SEND, start).unwrap();
    budget.finish(SEND, &first, &told(4), start);
    let keys: Vec<_> = (0..4).map(|_| ask(&mut budget, SEND, start).unwrap()).collect();
    budget.finish(SEND, &keys[3], &told(0), start);
    budget.finish(SEND, &keys[0], &told(3), start);
    assert!(ask(&mut budget, SEND, start).is_err());
}

#[test]
fn a_refused_call_keeps_its_place() {
    let (mut budget, start) = (Budget::default(), Instant::now());
    let (early, late) = (budget.queue(SEND), budget.queue(SEND));
    assert_eq!(ask_with(&mut budget, SEND, late, (Pace::Full, start)), Err(When::AfterOthers));
    let key = ask_with(&mut budget, SEND, early, (Pace::Full, start)).unwrap();
    budget.finish(SEND, &key, &refused(Scope::Own, 2), start);
    budget.requeue(SEND, early);

    let later = start + Duration::from_secs(2);
    assert_eq!(ask_with(&mut budget, SEND, early, (Pace::Full, start)), Err(When::At(later)));
    assert_eq!(ask_with(&mut budget, SEND, late, (Pace::Full, later)), Err(When::AfterOthers));
    assert!(ask_with(&mut budget, SEND, early, (Pace::Full, later)).is_ok());
}

#[test]
fn a_global_refusal_stops_all_but_interactions() {
    let (mut budget, start) = (Budget::default(), Instant::now());
    let key = ask(&mut budget, SEND, start).unwrap();
    budget.finish(SEND, &key, &refused(Scope::Global, 3), start);
    let other = Lane { route: ("GET", "/users/@me"), ..SEND };
    assert_eq!(ask(&mut budget, other, start), Err(When::At(start + Duration::from_secs(3))));
    let acknowledge = Lane { route: ("POST", "/interactions"), major: 9, counts_globally: false };
    assert!(ask(&mut budget, acknowledge, start).is_ok());
}

#[test]
fn fifty_a_second_in_all() {
    let (mut budget, start) = (Budget::default(), Instant::now());
    for major in 0..50 {
        ask(&mut budget, Lane { major, ..SEND }, start).unwrap();
    }
    let next = Lane { major: 99, ..SEND };
    assert_eq!(ask(&mut budget, next, start), Err(When::At(start + GLOBAL_WINDOW)));
    assert!(ask(&mut budget, next, start + GLOBAL_WINDOW).is_ok());
}

#[test]
fn ten_a_second_where_others_are_not_counted() {
    let (mut budget, start) = (Budget::default(), Instant::now());
    for major in 0..30 {
        ask(&mut budget, Lane { major, ..SEND }, start).unwrap();
    }
    let next = Lane { major: 99, ..SEND };
    let ticket = budget.queue(next);
    let careful = ask_with(&mut budget, next, ticket, (Pace::Careful, start));
    assert_eq!(careful, Err(When::At(start + GLOBAL_WINDOW)), "what was sent before counts, too");
    let later = start + GLOBAL_WINDOW;
    ask_with(&mut budget, next, ticket, (Pace::Careful, later)).unwrap();
    for major in 1..10 {
        let lane = Lane { major: 100 + major, ..SEND };
        let ticket = budget.queue(lane);
        ask_with(&mut budget, lane, ticket, (Pace::Careful, later)).unwrap();
    }
    let ticket = budget.queue(next);
    let eleventh = ask_with(&mut budget, next, ticket, (Pace::Careful, later));
    assert_eq!(eleventh, Err(When::At(later + GLOBAL_WINDOW)));
}

#[test]
fn what_all_processes_have_used_up_is_not_asked_for_again() {
    let (mut budget, start) = (Budget::default(), Instant::now());
    let (soon, later) = (start + Duration::from_secs(1), start + Duration::from_secs(2));
    budget.hold_bucket(SEND, soon);
    assert_eq!(ask(&mut budget, SEND, start), Err(When::At(soon)));
    assert!(ask(&mut budget, Lane { major: 2, ..SEND }, start).is_ok());
    budget.hold_everybody(later);
    assert_eq!(ask(&mut budget, Lane { major: 3, ..SEND }, start), Err(When::At(later)));
    assert!(ask(&mut budget, SEND, later).is_ok());
}

#[test]
fn invalid_requests_are_rationed() {
    let (mut budget, start) = (Budget::default(), Instant::now());
    let forbidden = Report { status: Some(403), limit: Some(1000), ..told(1000) };
    let mut now = start;
    for _ in 0..500 {
        let key = ask(&mut budget, SEND, now).unwrap();
        budget.finish(SEND, &key, &forbidden, now);
        now += Duration::from_secs(1);
    }
    assert_eq!(ask(&mut budget, SEND, now), Err(When::At(start + INVALID_WINDOW)));
    let shared = refused(Scope::Shared, 1);
    assert!(!shared.is_invalid(), "a limit that others used up is not our fault");
}
