//! Rosters, and sixty people who want five seats.

use crate::database::Database;
use crate::sample::{ADA, BRUNO, LANTERN, event, game, id, now, place, scope, seconds, settle};
use domain::seats::{self, Joined, Joiner, Seat};
use domain::{GameId, Participant, ParticipantId, PositionClass, UserId, Who};
use store::{Store, StoreError, games, outbox, participants};

stories! {
    a_roster_comes_in_its_order,
    nobody_is_on_a_roster_twice,
    sixty_who_join_at_once_get_five_seats,
}

async fn a_roster_comes_in_its_order(db: &Database) {
    let game = db.with_game().await;
    let placed = |class, position, number| Participant { class, position, ..place(&game, ADA, number) };
    let named = |name: &str, number| Participant {
        who: Who::Placeholder(name.to_owned()),
        ..placed(PositionClass::HostPlaced, 7, number)
    };
    let roster = [
        named("a friend", 9),
        named("a friend", 10),
        Participant { who: Who::User(BRUNO), ..placed(PositionClass::RoleMatched, 1, 8) },
        Participant { who: Who::User(UserId::new(4)), ..placed(PositionClass::RoleMatched, 2, 1) },
        placed(PositionClass::SelfJoined, 0, 2),
        Participant { who: Who::User(UserId::new(u64::MAX)), ..placed(PositionClass::SelfJoined, 0, 3) },
    ];
    db.write(async |tx| {
        for participant in roster.iter().rev() {
            participants::insert(tx, scope(LANTERN), game.id, participant).await.unwrap();
        }
    })
    .await;
    let found = db.read(async |tx| participants::of_game(tx, scope(LANTERN), game.id).await.unwrap()).await;
    assert_eq!(found, roster);
    let mut sorted = found.clone();
    sorted.sort_by(Participant::order);
    assert_eq!(found, sorted, "the database's order is the domain's");

    db.write(async |tx| participants::delete(tx, scope(LANTERN), game.id, roster[0].id).await.unwrap()).await;
    let left = db.read(async |tx| participants::of_game(tx, scope(LANTERN), game.id).await.unwrap()).await;
    assert_eq!(left, roster[1..]);
}

async fn nobody_is_on_a_roster_twice(db: &Database) {
    let game = db.with_game().await;
    db.write(async |tx| {
        participants::insert(tx, scope(LANTERN), game.id, &place(&game, ADA, 1)).await.unwrap();
    })
    .await;
    let mut tx = db.store.begin().await.unwrap();
    let again = participants::insert(&mut tx, scope(LANTERN), game.id, &place(&game, ADA, 2)).await;
    let Err(StoreError::Database(error)) = again else { panic!("twice on one roster") };
    assert!(error.as_database_error().unwrap().is_unique_violation(), "{error}");
}

/// As the verb does it: lock, load, decide, save, tell.
async fn join(store: Store, game: GameId, number: u8) -> Seat {
    let mut tx = store.begin().await.unwrap();
    let mut game = games::lock(&mut tx, scope(LANTERN), game).await.unwrap().unwrap();
    let roster = participants::of_game(&mut tx, scope(LANTERN), game.id).await.unwrap();
    let place = ParticipantId::new(id(u128::from(number)));
    let joiner = Joiner { user: UserId::new(u64::from(number) + 10), roles: &[], id: place, now: now() };
    let Joined::New { participant, seat, .. } = seats::join(&game, &roster, joiner).unwrap() else {
        panic!("nobody comes twice")
    };
    participants::insert(&mut tx, scope(LANTERN), game.id, &participant).await.unwrap();
    game.version += 1;
    games::save(&mut tx, scope(LANTERN), &game).await.unwrap();
    let mut event = event(&game, number);
    event.sequence = game.version;
    outbox::push(&mut tx, &event).await.unwrap();
    tx.commit().await.unwrap();
    seat
}

async fn sixty_who_join_at_once_get_five_seats(db: &Database) {
    const PEOPLE: u8 = 60;
    let mut open = game(LANTERN, 1);
    open.terms.seats = 5;
    db.write(async |tx| {
        settle(tx, LANTERN).await;
        games::insert(tx, &open).await.unwrap();
    })
    .await;

    let joins: Vec<_> =
        (0..PEOPLE).map(|number| telemetry::spawn(join(db.store.clone(), open.id, number))).collect();
    let (mut seated, mut waiting) = (Vec::new(), Vec::new());
    for join in joins {
        match join.await.unwrap() {
            Seat::Confirmed(seat) => seated.push(seat),
            Seat::Waitlisted(place) => waiting.push(place),
        }
    }
    seated.sort_unstable();
    waiting.sort_unstable();
    assert_eq!(seated, (1..=5).collect::<Vec<_>>());
    assert_eq!(waiting, (1..=55).collect::<Vec<_>>());

    let (game, roster, events) = db
        .write(async |tx| {
            let game = games::find(tx, scope(LANTERN), open.id).await.unwrap().unwrap();
            let roster = participants::of_game(tx, scope(LANTERN), open.id).await.unwrap();
            let later = now() + seconds(600);
            (game, roster, outbox::claim(tx, later, seconds(15), 100).await.unwrap())
        })
        .await;
    assert_eq!(game.version, u64::from(PEOPLE) + 1);
    assert_eq!(seats::split(&game, &roster).confirmed.len(), 5);
    let mut sequences: Vec<_> = events
        .iter()
        .map(|row| serde_json::from_str::<domain::Event>(&row.payload).unwrap().sequence)
        .collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (2..=u64::from(PEOPLE) + 1).collect::<Vec<_>>(), "without a gap");
}
