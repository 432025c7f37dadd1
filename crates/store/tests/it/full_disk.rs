//! A disk that takes nothing more: what is written meanwhile is refused, and everything works again when there is room.

use crate::sample::{ADA, now};
use std::process::Command;
use store::{Store, StoreConfig, StoreError, users};
use telemetry::{ServiceName, Telemetry};

/// The name of the variable that makes this test binary a writer on a small disk, and holds its folder.
const CHILD: &str = "STORE_ON_A_SMALL_DISK";
/// In blocks of 512 bytes: files may have two mebibytes, fewer than the write-ahead log wants.
const FILE_BLOCKS: u32 = 4_096;
/// So many writes of so many bytes fill it for certain.
const WRITES: usize = 1_000;
const FILLER_BYTES: usize = 16_384;

async fn write(store: &Store, name: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    users::upsert(&mut tx, ADA, name, now()).await?;
    tx.commit().await
}

/// Writes until the disk takes nothing more.
async fn fill(store: &Store) -> StoreError {
    for nth in 0..WRITES {
        if let Err(error) = write(store, &format!("{nth}{}", "x".repeat(FILLER_BYTES))).await {
            return error;
        }
    }
    panic!("the disk was never full")
}

/// Not a test by itself: the process that is told below how large its files may be.
#[tokio::test]
async fn a_writer_on_a_small_disk() {
    #[expect(clippy::disallowed_methods, reason = "a parent tells its child by it")]
    let Ok(folder) = std::env::var(CHILD) else { return };
    let config = StoreConfig::Sqlite(std::path::Path::new(&folder).join("muster.db"));
    let store = Store::open(&config, &Telemetry::off(ServiceName::Api)).await.unwrap();
    let error = fill(&store).await;
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");

    let pid = std::process::id().to_string();
    assert!(Command::new("prlimit").args(["--fsize=unlimited", "--pid", &pid]).status().unwrap().success());
    write(&store, "ada").await.unwrap();
    write(&store, "ada").await.unwrap();
    store.close().await;
}

/// SQLite ends a transaction by itself when the disk fails, which the connection's library doesn't notice: such a
/// connection must not be lent again.
#[tokio::test]
async fn everything_works_again_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::Sqlite(folder.path().join("muster.db"));
    let store = Store::open(&config, &Telemetry::off(ServiceName::Api)).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;

    // Whoever ignores the signal is told by an error instead, as by a disk.
    let limited = format!("trap '' XFSZ; ulimit -S -f {FILE_BLOCKS}; exec \"$@\"");
    let child = Command::new("sh")
        .args(["-c", &limited, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full_disk::a_writer_on_a_small_disk", "--nocapture"])
        .env(CHILD, folder.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));

    let store = Store::open(&config, &Telemetry::off(ServiceName::Api)).await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(users::find(&mut tx, ADA).await.unwrap().unwrap().name, "ada");
}
