//! Databases that can't be opened: one sentence each, and not a byte is changed.

use crate::database;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::path::{Path, PathBuf};
use store::{OpenError, Store, StoreConfig};
use telemetry::{Secret, ServiceName, Telemetry};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn open(config: &StoreConfig) -> Result<Store, OpenError> {
    Store::open(config, &Telemetry::off(ServiceName::Api)).await
}

/// Why a file can't be opened, without its folder; the file is what it was.
async fn refusal(path: &Path) -> String {
    let before = std::fs::read(path).ok();
    let error = open(&StoreConfig::Sqlite(path.to_owned())).await.unwrap_err();
    assert_eq!(std::fs::read(path).ok(), before, "not a byte is changed");
    let sentence = error.to_string().replace(&format!("{}/", path.parent().unwrap().display()), "");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    sentence
}

/// A database of ours with rows on many pages, closed in good order.
async fn sound_file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("muster.db");
    let store = open(&StoreConfig::Sqlite(path.clone())).await.unwrap();
    store.migrate().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    for number in 0..2000 {
        store::users::upsert(&mut tx, domain::UserId::new(number), "somebody", crate::sample::now())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    store.close().await;
    (folder, path)
}

/// Writes over a part of a file.
fn scribble(path: &Path, from: usize, length: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[from..from + length].fill(0xa5);
    std::fs::write(path, bytes).unwrap();
}

const PAGE: usize = 4096;

#[tokio::test]
async fn a_sound_file_is_opened_again() {
    let (_folder, path) = sound_file().await;
    let before = std::fs::read(&path).unwrap();
    let store = open(&StoreConfig::Sqlite(path.clone())).await.unwrap();
    assert_eq!(store.migration_state().await.unwrap().pending(), 0);
    store.close().await;
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("muster.db");
    std::fs::write(&path, "Dear diary,\n".repeat(1000)).unwrap();
    insta::assert_snapshot!(refusal(&path).await, @"muster.db is damaged or no database: file is not a database");
}

#[tokio::test]
async fn a_file_whose_header_is_damaged() {
    let (_folder, path) = sound_file().await;
    scribble(&path, 0, 32);
    insta::assert_snapshot!(refusal(&path).await, @"muster.db is damaged or no database: file is not a database");
}

#[tokio::test]
async fn a_file_whose_schema_is_damaged() {
    let (_folder, path) = sound_file().await;
    scribble(&path, 100, 200);
    insta::assert_snapshot!(refusal(&path).await, @"muster.db is damaged or no database: database disk image is malformed");
}

#[tokio::test]
async fn a_file_that_is_damaged_in_its_middle() {
    let (_folder, path) = sound_file().await;
    let pages = std::fs::read(&path).unwrap().len() / PAGE;
    scribble(&path, (pages - 3) * PAGE, PAGE);
    let sentence = refusal(&path).await;
    assert!(sentence.starts_with("muster.db is damaged or no database: "), "{sentence}");
}

#[tokio::test]
async fn a_file_that_was_cut_off() {
    let (_folder, path) = sound_file().await;
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    insta::assert_snapshot!(refusal(&path).await, @"muster.db is damaged or no database: database disk image is malformed");
}

#[tokio::test]
async fn the_database_of_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("muster.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut theirs = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE bookmarks (url TEXT)").execute(&mut theirs).await.unwrap();
    theirs.close().await.unwrap();
    insta::assert_snapshot!(refusal(&path).await, @"muster.db is the database of another program");
}

#[tokio::test]
async fn a_file_that_is_read_only() {
    let (_folder, path) = sound_file().await;
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    insta::assert_snapshot!(refusal(&path).await, @"muster.db is read-only");
}

#[tokio::test]
async fn a_folder_and_a_file_in_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("muster.db");
    std::fs::create_dir(&path).unwrap();
    insta::assert_snapshot!(refusal(&path).await, @"muster.db can't be opened: it is a folder");
    insta::assert_snapshot!(refusal(&path.join("deeper").join("muster.db")).await, @"muster.db can't be opened: unable to open database file");
}

/// Over the size that is read page by page, the header, the length and the way to each table still tell.
#[tokio::test]
async fn a_large_file_that_was_cut_off() {
    let (_folder, path) = sound_file().await;
    let mut writer = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let filler = "CREATE TABLE filler (bytes BLOB); INSERT INTO filler VALUES (zeroblob(70000000));";
    sqlx::raw_sql(AssertSqlSafe(filler.to_owned())).execute(&mut writer).await.unwrap();
    writer.close().await.unwrap();
    let store = open(&StoreConfig::Sqlite(path.clone())).await.unwrap();
    store.close().await;

    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() - 40_960).unwrap();
    insta::assert_snapshot!(refusal(&path).await, @"muster.db is damaged or no database: database disk image is malformed");
}

/// What a crash leaves behind is no damage.
#[tokio::test]
async fn a_file_with_a_log_that_was_not_written_back() {
    let (folder, path) = sound_file().await;
    let store = open(&StoreConfig::Sqlite(path.clone())).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    store::users::upsert(&mut tx, domain::UserId::new(1), "last words", crate::sample::now()).await.unwrap();
    tx.commit().await.unwrap();
    // The files as they are at this moment.
    let copy = folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        std::fs::copy(name(&path), name(&copy)).unwrap();
    }
    store.close().await;

    let store = open(&StoreConfig::Sqlite(copy)).await.unwrap();
    let mut tx = store.read().await.unwrap();
    let user = store::users::find(&mut tx, domain::UserId::new(1)).await.unwrap().unwrap();
    assert_eq!(user.name, "last words");
    drop(tx);
    store.close().await;
}

async fn server_refusal(url: &str) -> String {
    open(&StoreConfig::Postgres(Secret::new(url.to_owned()))).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    // Port 1 belongs to a service that nobody runs.
    let sentence = server_refusal("postgres://muster:canary@127.0.0.1:1/muster").await;
    assert!(sentence.starts_with("127.0.0.1:1/muster can't be opened: "), "{sentence}");
    assert!(!sentence.contains("canary"));
    let sentence = server_refusal("postgres://muster:canary@127.0.0.1:port/muster").await;
    assert!(sentence.starts_with("the database's URL can't be read: "), "{sentence}");
    assert!(!sentence.contains("canary"));
}

#[tokio::test]
async fn a_server_without_the_database() {
    let Some(url) = database::server() else { return };
    let sentence = server_refusal(&database::at_database(&url, "muster_test_nowhere")).await;
    assert!(sentence.ends_with(r#"refuses: database "muster_test_nowhere" does not exist"#), "{sentence}");
}

/// A server that answers whoever signs in with an error, as PostgreSQL words it.
async fn server_that_says(code: &str, message: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    let refusal = [&b"E"[..], &length, fields.as_bytes()].concat();
    telemetry::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut asked = [0; 1024];
            // First whether it speaks TLS, which it doesn't.
            let _ = client.read(&mut asked).await;
            let _ = client.write_all(b"N").await;
            let _ = client.read(&mut asked).await;
            let _ = client.write_all(&refusal).await;
        }
    });
    format!("postgres://muster:canary@127.0.0.1:{port}/muster")
}

#[tokio::test]
async fn a_server_that_refuses_and_one_that_is_not_up_yet() {
    let told = async |code, message| {
        let url = server_that_says(code, message).await;
        let error = open(&StoreConfig::Postgres(Secret::new(url))).await.unwrap_err();
        let said = error.to_string();
        let (place, sentence) = said.split_once("/muster ").unwrap();
        assert!(place.starts_with("127.0.0.1:") && !said.contains("canary"), "{said}");
        let then = if error.is_transient() { "later" } else { "never" };
        format!("{sentence} ({then})")
    };
    let told = [
        told("28P01", "password authentication failed for user \"muster\"").await,
        told("28000", "role \"muster\" is not permitted to log in").await,
        told("42501", "permission denied for database \"muster\"").await,
        told("57P03", "the database system is starting up").await,
        told("53300", "sorry, too many clients already").await,
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    refuses: password authentication failed for user "muster" (never)
    refuses: role "muster" is not permitted to log in (never)
    refuses: permission denied for database "muster" (never)
    can't be opened: the database system is starting up (later)
    can't be opened: sorry, too many clients already (later)
    "#);
}
