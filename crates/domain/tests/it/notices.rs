//! From an event to those who hear of it.

use crate::world::{HOST, dawn, draft, game_of, minutes, participant_id};
use domain::notice::{Notice, NoticeKind, Recipient, for_event};
use domain::seats::split;
use domain::{
    ENVELOPE_VERSION, Event, EventBody, EventId, Game, GameField, Participant, PositionClass, RosterChange,
    Status, UserId, Who, due,
};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use uuid::Uuid;

const ADA: UserId = UserId::new(11);
const BEN: UserId = UserId::new(12);
const CY: UserId = UserId::new(13);

/// Two seats: Ada and a placeholder have them, Ben waits; the host doesn't play.
fn roster() -> Vec<Participant> {
    let place = |n: usize, who, class| {
        let joined_at = dawn() + SignedDuration::from_secs(i64::try_from(n).unwrap());
        Participant { id: participant_id(n), who, class, position: 0, joined_at }
    };
    vec![
        place(1, Who::Placeholder("a friend".to_owned()), PositionClass::HostPlaced),
        place(2, Who::User(ADA), PositionClass::SelfJoined),
        place(3, Who::User(BEN), PositionClass::SelfJoined),
    ]
}

fn game() -> Game {
    let mut game = game_of(draft());
    game.terms.seats = 2;
    game
}

fn event(number: u128, game: &Game, body: EventBody) -> Event {
    Event {
        version: ENVELOPE_VERSION,
        id: EventId::new(Uuid::from_u128(number)),
        guild: game.guild,
        game: Some(game.id),
        sequence: 1,
        occurred_at: dawn(),
        body,
    }
}

fn notices(game: &Game, roster: &[Participant], body: EventBody) -> Vec<Notice> {
    let notices = for_event(&event(1, game, body), game, &split(game, roster));
    let keys: BTreeSet<_> = notices.iter().map(|notice| &notice.key).collect();
    assert_eq!(keys.len(), notices.len(), "keys are unique");
    notices
}

/// Who hears what, one line each.
fn told(notices: &[Notice]) -> String {
    let name = |to| match to {
        Recipient::Channel(_) => "the channel",
        Recipient::User(HOST) => "the host",
        Recipient::User(ADA) => "Ada",
        Recipient::User(BEN) => "Ben",
        Recipient::User(CY) => "Cy",
        Recipient::User(_) => "a stranger",
    };
    let line = |notice: &Notice| format!("{} -> {}", notice.kind.as_str(), name(notice.to));
    notices.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn reminder(game: &Game, minutes: u32) -> EventBody {
    EventBody::NotificationDue {
        kind: "reminder".to_owned(),
        detail: u64::from(minutes),
        scheduled_for: due::reminder_at(game, minutes),
        deadline: Some(game.start),
    }
}

fn join_notice(user: UserId) -> EventBody {
    EventBody::NotificationDue {
        kind: "join_notice".to_owned(),
        detail: user.get(),
        scheduled_for: dawn(),
        deadline: None,
    }
}

fn moved(change: RosterChange) -> EventBody {
    EventBody::ParticipantsChanged(change)
}

/// Everybody who can move on a roster, moved in every way.
fn commotion() -> RosterChange {
    RosterChange {
        joined: vec![CY],
        left: vec![CY],
        placed_left: vec![CY],
        promoted: vec![ADA],
        demoted: vec![BEN],
        removed: vec![CY],
    }
}

fn stories<const N: usize>(stories: [(&str, EventBody); N]) -> String {
    stories.map(|(name, body)| format!("{name}:\n{}\n", told(&notices(&game(), &roster(), body)))).join("\n")
}

#[test]
fn who_hears_of_a_game() {
    let updated = |field| EventBody::GameUpdated { changed: vec![field], roster: RosterChange::default() };
    let told = stories([
        ("created", EventBody::GameCreated { status: Status::Scheduled }),
        ("created as a draft", EventBody::GameCreated { status: Status::Draft }),
        ("announced", EventBody::GameStatusChanged { from: Status::Draft, to: Status::Scheduled }),
        ("started", EventBody::GameStatusChanged { from: Status::Scheduled, to: Status::InProgress }),
        ("start changed", updated(GameField::Start)),
        ("place changed", updated(GameField::Place)),
        ("title changed", updated(GameField::Title)),
        ("cancelled", EventBody::GameCancelled { by: HOST, from: Status::Scheduled }),
        ("a draft cancelled", EventBody::GameCancelled { by: HOST, from: Status::Draft }),
        ("bot removed", EventBody::GuildRemoved {}),
    ]);
    insta::assert_snapshot!(told, @r"
    created:
    announcement -> the channel

    created as a draft:


    announced:
    announcement -> the channel

    started:


    start changed:
    changed -> Ada
    changed -> Ben

    place changed:
    changed -> Ada
    changed -> Ben

    title changed:


    cancelled:
    cancelled -> Ada
    cancelled -> Ben

    a draft cancelled:


    bot removed:
    ");
}

#[test]
fn who_hears_of_a_roster() {
    let seats = EventBody::GameUpdated { changed: vec![GameField::Seats], roster: commotion() };
    let told = stories([
        ("seats changed", seats),
        ("roster changed", moved(commotion())),
        ("reminder", reminder(&game(), 15)),
        ("join notice with a seat", join_notice(ADA)),
        ("join notice without", join_notice(BEN)),
    ]);
    insta::assert_snapshot!(told, @r"
    seats changed:
    promoted -> Ada
    demoted -> Ben
    removed -> Cy
    placed_player_left -> the host

    roster changed:
    promoted -> Ada
    demoted -> Ben
    removed -> Cy
    placed_player_left -> the host

    reminder:
    reminder -> Ada
    reminder -> Ben
    reminder -> the host

    join notice with a seat:
    joined -> Ada

    join notice without:
    waitlisted -> Ben
    ");
}

#[test]
fn a_host_who_plays_is_reminded_once() {
    let mut game = game();
    game.host = ADA;
    assert_eq!(told(&notices(&game, &roster(), reminder(&game, 15))), "reminder -> Ada\nreminder -> Ben");
}

#[test]
fn a_moved_game_reminds_again_but_never_of_the_old_start() {
    let before = game();
    let moved = Game { start: before.start + minutes(60), ..before.clone() };
    let old = notices(&before, &roster(), reminder(&before, 15));
    let new = notices(&moved, &roster(), reminder(&moved, 15));
    assert!(old.iter().zip(&new).all(|(old, new)| old.to == new.to && old.key != new.key));
    assert_eq!(notices(&moved, &roster(), reminder(&before, 15)), []);
}

#[test]
fn asking_again_gives_the_same_keys() {
    let game = game();
    for body in [reminder(&game, 15), join_notice(ADA)] {
        let keys = |number| {
            let split = split(&game, &roster());
            let notices = for_event(&event(number, &game, body.clone()), &game, &split);
            notices.into_iter().map(|notice| notice.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(1), keys(2), "two events for one moment are one notice");
    }
}

#[test]
fn a_quick_join_and_leave_is_silent_and_a_return_is_told_once() {
    let game = game();
    assert_eq!(notices(&game, &roster(), join_notice(CY)), [], "Cy came and went");

    let first = notices(&game, &roster(), join_notice(BEN));
    let mut returned = roster();
    returned[2].id = participant_id(9);
    let again = notices(&game, &returned, join_notice(BEN));
    assert_ne!(first[0].key, again[0].key, "a place that was taken anew is another one");
}

#[test]
fn what_cannot_be_of_use_any_more_is_not_said() {
    let change = || RosterChange { promoted: vec![ADA], removed: vec![CY], ..RosterChange::default() };
    let after = |status| {
        let game = Game { status, ..game() };
        let bodies = [
            EventBody::GameCreated { status: Status::Scheduled },
            EventBody::GameUpdated { changed: vec![GameField::Place], roster: change() },
            EventBody::GameCancelled { by: HOST, from: Status::Scheduled },
            reminder(&game, 15),
            join_notice(ADA),
        ];
        let all: Vec<_> = bodies.into_iter().flat_map(|body| notices(&game, &roster(), body)).collect();
        told(&all)
    };
    insta::assert_snapshot!(after(Status::Cancelled), @r"
    removed -> Cy
    cancelled -> Ada
    cancelled -> Ben
    ");
    assert_eq!(after(Status::Draft), "", "nobody hears of a draft");
}

#[test]
fn the_host_is_not_told_of_leaving_the_own_game() {
    let change = RosterChange { left: vec![HOST], placed_left: vec![HOST], ..RosterChange::default() };
    assert_eq!(notices(&game(), &roster(), moved(change)), []);
}

#[test]
fn a_kind_survives_its_name() {
    for kind in NoticeKind::ALL {
        assert_eq!(kind.as_str().parse::<NoticeKind>().unwrap(), kind);
    }
    assert!("gossip".parse::<NoticeKind>().is_err());
}
