//! A server that is cut off: what waits is told so in time, and everything works again when it is back.

use crate::database::Database;
use crate::sample::{ADA, LANTERN, event, now};
use crate::tour;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;
use std::time::{Duration, Instant};
use store::{Hint, Patience, Store, StoreConfig, StoreError, outbox, users};
use telemetry::{Secret, ServiceName, Telemetry};
use testkit::{Network, Postgres, Proxy};
use tokio_util::sync::CancellationToken;

/// So short that a test can wait for it, so long that a busy machine keeps it.
const PATIENCE: Patience = Patience {
    connection: Duration::from_secs(3),
    statement: Duration::from_secs(1),
    heartbeat: Duration::from_millis(500),
};
/// As many as the pool lends.
const CONNECTIONS: usize = 10;

/// A database behind a network, and a store before it.
async fn behind_a_network() -> Option<(Database, Proxy, Store)> {
    let db = Database::on_a_server().await?;
    let options = PgConnectOptions::from_str(&db.url(|to| to)).unwrap();
    let server =
        tokio::net::lookup_host((options.get_host(), options.get_port())).await.unwrap().next().unwrap();
    let proxy = Proxy::before(server).await;
    let url = db.url(|to| to.host("127.0.0.1").port(proxy.port()));
    let silent = Telemetry::off(ServiceName::Api);
    let config = StoreConfig::Postgres(Secret::new(url));
    let store = Store::open_patiently(&config, &silent, PATIENCE).await.unwrap();
    Some((db, proxy, store))
}

async fn write(store: &Store) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    users::upsert(&mut tx, ADA, "ada", now()).await?;
    tx.commit().await
}

/// Waits until the store works again, and tells how long that took.
async fn recovered(store: &Store) -> Duration {
    let began = Instant::now();
    while let Err(error) = write(store).await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "it never recovers: {error:?}");
    }
    began.elapsed()
}

/// Holds as many transactions at once as the pool has connections: none of them was lost.
async fn expect_whole_pool(store: &Store) {
    let mut held = Vec::new();
    while held.len() < CONNECTIONS {
        match store.begin().await {
            Ok(tx) => held.push(tx),
            Err(error) => panic!("{} connections of {CONNECTIONS}: {error:?}", held.len()),
        }
    }
}

/// Fails while every connection is in the middle of something, and again while none is to be had.
async fn fail_and_recover(network: Network) {
    let Some((db, proxy, store)) = behind_a_network().await else { return };
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        held.push(store.begin().await.unwrap());
    }
    proxy.becomes(network);
    let began = Instant::now();
    let asking = held
        .into_iter()
        .map(|mut tx| telemetry::spawn(async move { users::upsert(&mut tx, ADA, "ada", now()).await }));
    for asked in asking.collect::<Vec<_>>() {
        let error = asked.await.unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    assert!(began.elapsed() < PATIENCE.statement * 4, "{:?}", began.elapsed());
    let began = Instant::now();
    let error = write(&store).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(began.elapsed() < PATIENCE.connection * 2, "{:?}", began.elapsed());

    proxy.becomes(Network::Up);
    println!("{network:?}: works again after {:?}", recovered(&store).await);
    expect_whole_pool(&store).await;
    store.close().await;
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn a_stalled_network_is_waited_for_only_so_long() {
    fail_and_recover(Network::Stalled).await;
}

#[tokio::test]
async fn a_half_open_connection_is_given_up() {
    fail_and_recover(Network::HalfOpen).await;
}

#[tokio::test]
async fn a_connection_that_is_cut_is_replaced() {
    fail_and_recover(Network::Cut).await;
}

/// As `pg_terminate_backend`, a restart and a failover do: the server says goodbye.
#[tokio::test]
async fn a_server_that_goes_down_is_no_bug() {
    let Some(db) = Database::on_a_server().await else { return };
    let mut tx = db.store.begin().await.unwrap();
    users::upsert(&mut tx, ADA, "ada", now()).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'muster'";
    assert!(!db.raw.column(end).await.is_empty());
    let error = users::upsert(&mut tx, ADA, "ada", now()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(error.error_type(), "57P01");
    drop(tx);
    recovered(&db.store).await;
    expect_whole_pool(&db.store).await;
    db.tell(async |_| ()).await;
}

/// A hundred transactions that nobody waited for the end of.
#[tokio::test]
async fn what_is_dropped_in_the_middle_leaves_the_pool_whole() {
    let Some(db) = Database::on_a_server().await else { return };
    for _ in 0..100 {
        let mut tx = db.store.begin().await.unwrap();
        let unfinished = users::upsert(&mut tx, ADA, "ada", now());
        let _ = tokio::time::timeout(Duration::ZERO, unfinished).await;
    }
    expect_whole_pool(&db.store).await;
    assert_eq!(db.raw.column("SELECT name FROM users").await, [""; 0]);
    db.tell(async |_| ()).await;
}

/// Statements that were prepared before, by every connection, go on after.
#[tokio::test]
async fn what_was_prepared_before_a_migration_works_after_it() {
    let Some(db) = Database::on_a_server().await else { return };
    let game = tour::fill(&db).await;
    let look = async || {
        db.read(async |tx| store::games::find(tx, crate::sample::scope(LANTERN), game.id).await).await
    };
    look().await.unwrap();
    let next = "ALTER TABLE games ADD COLUMN mood text; CREATE INDEX games_by_mood ON games (mood); \
         ALTER TABLE schedule ADD COLUMN tries bigint NOT NULL DEFAULT 0";
    db.raw.execute(next).await.unwrap();
    assert_eq!(look().await.unwrap(), Some(game.clone()));
    tour::around(&db, &game).await;
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn hints_come_again_after_the_network_was_stalled() {
    let Some((db, proxy, store)) = behind_a_network().await else { return };
    let stop = CancellationToken::new();
    let mut cards = store.hints().subscribe(Hint::Cards);
    let mut outbox_hints = store.hints().subscribe(Hint::Outbox);
    let listening = telemetry::spawn({
        let (store, stop) = (store.clone(), stop.clone());
        async move { store.listen(stop).await }
    });
    cards.changed().await.unwrap();
    proxy.becomes(Network::Stalled);
    let began = Instant::now();
    // Everything is woken once when the connection is there again, and only then.
    cards.mark_unchanged();
    let lost = tokio::time::timeout(PATIENCE.heartbeat * 4, cards.changed()).await;
    assert!(lost.is_err(), "nothing is heard");
    proxy.becomes(Network::Up);
    cards.changed().await.unwrap();
    println!("hints: heard again {:?} after the network failed", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(15));

    outbox_hints.mark_unchanged();
    let game = db.with_game().await;
    db.write(async |tx| outbox::push(tx, &event(&game, 1)).await.unwrap()).await;
    outbox_hints.changed().await.unwrap();
    stop.cancel();
    listening.await.unwrap();
    store.close().await;
    db.tell(async |_| ()).await;
}

const WRITERS: u64 = 4;
/// Confirmed writes of one writer; the server is killed when the first has some of them.
const WRITES: u64 = 200;

/// Writes people until so many are confirmed; what is not confirmed is tried under another number.
async fn write_people(store: Store, writer: u64) -> Vec<u64> {
    let mut confirmed = Vec::new();
    for number in writer * 1_000_000.. {
        let written = async {
            let mut tx = store.begin().await?;
            users::upsert(&mut tx, domain::UserId::new(number), "somebody", now()).await?;
            tx.commit().await
        };
        match written.await {
            Ok(()) => confirmed.push(number),
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}"),
        }
        if confirmed.len() as u64 == WRITES {
            break;
        }
    }
    confirmed
}

/// A server of the test's own, on which services have what they need.
async fn on_a_server_of_our_own() -> Option<(Postgres, Store)> {
    let server = Postgres::start().await?;
    let config = StoreConfig::Postgres(Secret::new(server.url("postgres")));
    let silent = Telemetry::off(ServiceName::Api);
    let store = Store::open_patiently(&config, &silent, PATIENCE).await.unwrap();
    store.migrate().await.unwrap();
    Some((server, store))
}

async fn count_people(store: &Store, numbers: &[u64]) -> usize {
    let mut found = 0;
    let mut tx = store.read().await.unwrap();
    for number in numbers {
        found += usize::from(users::find(&mut tx, domain::UserId::new(*number)).await.unwrap().is_some());
    }
    found
}

/// Its first process dies of `kill -9`, and whoever starts it again has it recover from its log.
#[tokio::test]
async fn a_server_that_is_killed_has_all_that_it_confirmed() {
    let Some((mut server, store)) = on_a_server_of_our_own().await else { return };
    let writers: Vec<_> =
        (1..=WRITERS).map(|writer| telemetry::spawn(write_people(store.clone(), writer))).collect();
    let some: Vec<_> = (1_000_000..1_000_020).collect();
    while count_people(&store, &some).await < some.len() {}
    server.kill();
    server.start_again();
    server.answers().await;
    let began = Instant::now();
    let mut confirmed = Vec::new();
    for writer in writers {
        confirmed.extend(writer.await.unwrap());
    }
    println!(
        "killed: {} writes confirmed, the last {:?} after it was back",
        confirmed.len(),
        began.elapsed()
    );
    expect_whole_pool(&store).await;
    assert_eq!(count_people(&store, &confirmed).await, confirmed.len(), "all that was confirmed is there");
    store.close().await;
}
