//! Two processes at once on one heap of 100,000 rows: each row goes to one of them, and to that one once.
//!
//! What they manage is printed: `cargo nextest run -p store crew --no-capture`; `cargo xtask bench engines` reads the
//! lines that begin with `figure`.

use crate::database::{Database, Raw};
use crate::sample::{LANTERN, now};
use domain::due::Duty;
use jiff::SignedDuration;
use std::collections::HashSet;
use std::time::Instant;
use store::{Store, outbox, schedule};
use telemetry::{ServiceName, Telemetry};
use uuid::Uuid;

stories! {
    two_claimers_share_a_hundred_thousand_due_moments,
    two_relays_drain_the_outbox,
}

const MOMENTS: usize = 100_000;
const EVENTS: usize = 20_000;
/// Workers of each process.
const WORKERS: usize = 2;
const BATCH: u32 = 100;
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// What two cores manage that others use as well, in a debug build; a fifth of what is asked for of a release.
const CLAIMS_PER_SECOND: f64 = 400.0;
const EVENTS_PER_SECOND: f64 = 200.0;

/// As many rows as asked for from the numbers up to it.
fn numbers(db: &Database, to: usize) -> String {
    match db.raw {
        Raw::Lite(_) => {
            format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {to}) ")
        }
        Raw::Pg(_) => format!("WITH n (i) AS (SELECT generate_series(1, {to})) "),
    }
}

/// An id from the column `i`, and the moment at which everything is due.
const fn id_and_moment(db: &Database) -> (&'static str, &'static str) {
    match db.raw {
        Raw::Lite(_) => ("randomblob(16)", "1795377600123456"),
        Raw::Pg(_) => ("gen_random_uuid()", "'2026-11-22T20:00:00.123456Z'"),
    }
}

/// Two stores as two processes have them; a file is shared by the services of one.
async fn processes(db: &Database) -> [Store; 2] {
    match db.raw {
        Raw::Lite(_) => [db.store.clone(), db.store.clone()],
        Raw::Pg(_) => [db.again().await, db.again().await],
    }
}

/// Lets every worker of every process work until it finds nothing; gives what each process got, and how long it took.
async fn share<F>(
    stores: &[Store; 2],
    work: impl Fn(Store) -> F + Copy + Send + 'static,
) -> ([Vec<Uuid>; 2], f64)
where
    F: Future<Output = Vec<Uuid>> + Send,
{
    let began = Instant::now();
    let crews = stores.each_ref().map(|store| {
        let silent = store.for_service(&Telemetry::off(ServiceName::Api));
        let until_nothing = move |store: Store| async move {
            let mut mine = Vec::new();
            loop {
                let done = work(store.clone()).await;
                if done.is_empty() {
                    return mine;
                }
                mine.extend(done);
            }
        };
        (0..WORKERS).map(|_| telemetry::spawn(until_nothing(silent.clone()))).collect::<Vec<_>>()
    });
    let mut shares = [Vec::new(), Vec::new()];
    for (share, crew) in shares.iter_mut().zip(crews) {
        for worker in crew {
            share.extend(worker.await.unwrap());
        }
    }
    (shares, began.elapsed().as_secs_f64())
}

/// Every row once, and both processes got some.
fn tell(db: &Database, what: &str, (rows, least): (usize, f64), (shares, seconds): ([Vec<Uuid>; 2], f64)) {
    let sizes = shares.each_ref().map(Vec::len);
    let all: Vec<Uuid> = shares.concat();
    assert_eq!(all.len(), rows, "{what}");
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), rows, "{what} that was had twice");
    assert!(sizes.iter().all(|size| *size > rows / 20), "{sizes:?}");
    let per_second = f64::from(u32::try_from(rows).unwrap()) / seconds;
    println!(
        "{}: {per_second:.0} {what}/s; {rows} in {seconds:.1} s, shared {sizes:?}",
        db.system().as_str()
    );
    println!("figure,{} {what} per second,{per_second:.1}", db.system().as_str());
    assert!(per_second >= least, "{per_second:.0} {what}/s");
}

async fn claim(store: Store) -> Vec<Uuid> {
    let mut tx = store.begin().await.unwrap();
    let rows = schedule::claim(&mut tx, Duty::Notify, (now(), LEASE), BATCH).await.unwrap();
    tx.commit().await.unwrap();
    rows.iter().map(|row| row.id).collect()
}

async fn two_claimers_share_a_hundred_thousand_due_moments(db: &Database) {
    let game = db.with_game().await;
    let (id, at) = id_and_moment(db);
    let fill = format!(
        "{} INSERT INTO schedule (id, guild, game, duty, kind, detail, due_at, state, available_at) \
         SELECT {id}, {LANTERN}, {}, 'notify', 'reminder', i, {at}, 'pending', {at} FROM n",
        numbers(db, MOMENTS),
        db.raw.id(game.id.get()),
    );
    db.raw.execute(fill).await.unwrap();
    let stores = processes(db).await;
    tell(db, "claims", (MOMENTS, CLAIMS_PER_SECOND), share(&stores, claim).await);
    let again = share(&stores, claim).await.0.concat();
    assert_eq!(again.len(), 0, "what is claimed is claimed");
    for store in stores {
        store.close().await;
    }
}

/// As the relay does, with a bus that takes everything at once.
async fn publish(store: Store) -> Vec<Uuid> {
    let mut tx = store.begin().await.unwrap();
    let rows = outbox::claim(&mut tx, now(), LEASE, BATCH).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    for row in &rows {
        outbox::published(&mut tx, row.id, now()).await.unwrap();
    }
    tx.commit().await.unwrap();
    rows.iter().map(|row| row.id.get()).collect()
}

async fn two_relays_drain_the_outbox(db: &Database) {
    let game = db.with_game().await;
    let (id, at) = id_and_moment(db);
    let hyphened = match db.raw {
        Raw::Lite(_) => {
            "substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(h, 13, 4) || '-' || substr(h, 17, 4) \
             || '-' || substr(h, 21)"
        }
        Raw::Pg(_) => "id",
    };
    let hex = if let Raw::Lite(_) = db.raw { "lower(hex(id))" } else { "''" };
    let payload = format!(
        "'{{\"version\":1,\"id\":\"' || {hyphened} || '\",\"guild\":\"{LANTERN}\",\"game\":\"{}\",\"sequence\":1,\
         \"occurred_at\":\"2026-11-22T20:00:00.123456Z\",\"type\":\"game.created\",\"data\":{{\"status\":\"scheduled\"}}}}'",
        game.id
    );
    let fill = format!(
        "{}, ids AS MATERIALIZED (SELECT {id} AS id FROM n), named AS (SELECT id, {hex} AS h FROM ids) \
         INSERT INTO outbox (id, origin, guild, game, sequence, type, payload, created_at) \
         SELECT id, 'api-service', {LANTERN}, {}, 1, 'game.created', {payload}, {at} FROM named",
        numbers(db, EVENTS),
        db.raw.id(game.id.get()),
    );
    db.raw.execute(fill).await.unwrap();
    let stores = processes(db).await;
    tell(db, "events", (EVENTS, EVENTS_PER_SECOND), share(&stores, publish).await);
    assert_eq!(db.read(async |tx| outbox::waiting(tx).await.unwrap().pending).await, 0);
    for store in stores {
        store.close().await;
    }
}
