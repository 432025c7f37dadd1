//! Hints from process to process, over PostgreSQL.

use crate::database::Database;
use crate::sample::{LANTERN, event, id, reminder, scope};
use std::time::Duration;
use store::{Hint, Store, outbox, schedule};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Another process that listens.
struct Other {
    store: Store,
    stop: CancellationToken,
    listening: JoinHandle<()>,
}

impl Other {
    /// Ready as soon as it hears.
    async fn of(db: &Database) -> Self {
        let (store, stop) = (db.again().await, CancellationToken::new());
        let mut ready = store.hints().subscribe(Hint::Outbox);
        let (its, until) = (store.clone(), stop.clone());
        let listening = telemetry::spawn(async move { its.listen(until).await });
        ready.changed().await.unwrap();
        Self { store, stop, listening }
    }

    async fn ends(self) {
        self.stop.cancel();
        self.listening.await.unwrap();
        self.store.close().await;
    }
}

#[tokio::test]
async fn a_commit_wakes_the_loops_of_other_processes() {
    let Some(db) = Database::on_a_server().await else { return };
    let game = db.with_game().await;
    let other = Other::of(&db).await;
    let [mut events, mut due, cards] =
        [Hint::Outbox, Hint::Notify, Hint::Cards].map(|hint| other.store.hints().subscribe(hint));

    let mut tx = db.store.begin().await.unwrap();
    outbox::push(&mut tx, &event(&game, 1)).await.unwrap();
    drop(tx);
    db.write(async |tx| {
        schedule::add(tx, scope(LANTERN), (id(1), game.id), &reminder(&game, 1)).await.unwrap();
    })
    .await;
    due.changed().await.unwrap();
    assert!(!events.has_changed().unwrap(), "what was rolled back is not told, and this came after it");
    db.write(async |tx| outbox::push(tx, &event(&game, 2)).await.unwrap()).await;
    events.changed().await.unwrap();
    assert!(!cards.has_changed().unwrap());
    other.ends().await;
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn a_process_hears_itself_once() {
    let Some(db) = Database::on_a_server().await else { return };
    let game = db.with_game().await;
    let (here, there) = (Other::of(&db).await, Other::of(&db).await);
    let mut told_there = there.store.hints().subscribe(Hint::Outbox);
    let mut own_hints = here.store.hints().subscribe(Hint::Outbox);
    let before = *own_hints.borrow_and_update();
    for number in 1..=3 {
        let mut tx = here.store.begin().await.unwrap();
        outbox::push(&mut tx, &event(&game, number)).await.unwrap();
        tx.commit().await.unwrap();
        told_there.changed().await.unwrap();
    }
    // Whatever the server had to say to `here` it has said before this.
    let mut tx = there.store.begin().await.unwrap();
    schedule::add(&mut tx, scope(LANTERN), (id(1), game.id), &reminder(&game, 1)).await.unwrap();
    let mut due = here.store.hints().subscribe(Hint::Notify);
    tx.commit().await.unwrap();
    due.changed().await.unwrap();
    assert_eq!(*own_hints.borrow_and_update() - before, 3);
    here.ends().await;
    there.ends().await;
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn a_listener_that_the_server_ended_comes_back_and_wakes_everything() {
    let Some(db) = Database::on_a_server().await else { return };
    let game = db.with_game().await;
    let other = Other::of(&db).await;
    let mut cards = other.store.hints().subscribe(Hint::Cards);
    let end = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'muster hints'";
    assert_eq!(db.raw.column(end).await, ["true"], "one connection per process");
    tokio::time::timeout(Duration::from_secs(15), cards.changed()).await.unwrap().unwrap();
    let mut events = other.store.hints().subscribe(Hint::Outbox);
    db.write(async |tx| outbox::push(tx, &event(&game, 1)).await.unwrap()).await;
    events.changed().await.unwrap();
    other.ends().await;
    db.tell(async |_| ()).await;
}

/// On a file there is nobody else.
#[tokio::test]
async fn a_file_has_nobody_to_listen_to() {
    let db = Database::in_a_file().await;
    db.store.listen(CancellationToken::new()).await;
    db.tell(async |_| ()).await;
}
