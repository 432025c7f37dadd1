//! What the doctor says of a database.

use crate::database::{self, Database};
use crate::sample::seconds;
use jiff::Timestamp;
use std::time::Duration;
use store::doctor::{Finding, examine, unwalled};
use store::{Patience, StoreConfig};
use telemetry::Secret;

const PATIENCE: Patience = Patience {
    connection: Duration::from_secs(5),
    statement: Duration::from_secs(5),
    heartbeat: Duration::from_secs(5),
};

#[expect(clippy::disallowed_methods, reason = "the clock of this machine is what is examined")]
fn machine() -> Timestamp {
    Timestamp::now()
}

fn lines(findings: &[Finding]) -> String {
    let line = |finding: &Finding| format!("{}: {}", finding.name, finding.verdict);
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn told(config: &StoreConfig) -> String {
    lines(&examine(config, machine, PATIENCE).await)
}

#[tokio::test]
async fn a_file_in_good_health() {
    let db = Database::in_a_file().await;
    let told = told(&db.config).await;
    assert!(told.starts_with("version: SQLite 3."), "{told}");
    let all = db.store.migration_state().await.unwrap().known;
    assert!(told.ends_with(&format!("\nmigrations: all {all} are applied")), "{told}");
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn a_server_in_good_health() {
    let Some(db) = Database::on_a_server().await else { return };
    let db = db.signed_in_as_service().await;
    let told = told(&db.config).await;
    let told: Vec<_> = told.lines().map(|line| line.split(" differs by ").next().unwrap()).collect();
    assert!(told[0].starts_with("version: PostgreSQL "));
    assert!(told[3].starts_with("migrations: all "), "{}", told[3]);
    insta::assert_snapshot!(told[1..3].join("\n"), @r"
    clock: the server's
    permissions: signs in as muster_test_service and works as muster_app, whom row-level security holds
    ");
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn a_server_whose_clock_is_wrong_and_whose_schema_is_old() {
    let Some(db) = Database::on_a_server().await else { return };
    db.raw
        .execute("DELETE FROM _sqlx_migrations WHERE version > 2; REVOKE DELETE ON games FROM muster_app")
        .await
        .unwrap();
    let findings = examine(&db.config, || machine() + seconds(3600), PATIENCE).await;
    let told = lines(&findings[1..]);
    assert!(told.starts_with("clock: the server's clock is 3"), "{told}");
    let told: Vec<_> = told.lines().collect();
    assert!(told[0].ends_with(" ms behind this machine's; let both keep time by NTP"), "{}", told[0]);
    assert!(
        told[1].contains("who may not change every table; run muster migrate as the owner"),
        "{}",
        told[1]
    );
    let pending = db.store.migration_state().await.unwrap().pending();
    assert_eq!(told[2], format!("migrations: {pending} are pending; run muster migrate"));
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn a_server_whose_walls_are_down() {
    let Some(db) = Database::on_a_server().await else { return };
    let db = db.signed_in_as_service().await;
    let permissions = async || {
        let told = told(&db.config).await;
        told.lines().find(|line| line.starts_with("permissions: ")).unwrap().to_owned()
    };
    let sound = permissions().await;
    assert_eq!(unwalled(&db.store).await.unwrap(), None);
    let down = [
        "ALTER TABLE games DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE guilds NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY of_guild ON members",
    ];
    db.raw.execute(&down.join("; ")).await.unwrap();
    insta::assert_snapshot!(permissions().await, @"permissions: signs in as muster_test_service and works as muster_app, but the wall between guilds is down on games, guilds, members; let their owner ENABLE and FORCE ROW LEVEL SECURITY on each, with the policy of_guild that the migrations give it");
    assert!(permissions().await.ends_with(&unwalled(&db.store).await.unwrap().unwrap()));
    assert_ne!(permissions().await, sound);
    db.tell(async |_| ()).await;
}

#[tokio::test]
async fn a_server_that_cannot_be_used() {
    let at = |url: &str| StoreConfig::Postgres(Secret::new(url.to_owned()));
    let told_of = async |url: &str| told(&at(url)).await;
    let nobody = told_of("postgres://muster:canary@127.0.0.1:1/muster").await;
    assert!(nobody.starts_with("database: 127.0.0.1:1/muster can't be opened: "), "{nobody}");
    assert!(
        nobody.ends_with("; start it, or correct the address in DATABASE_URL; a firewall may be in between")
    );
    let nonsense = told_of("postgres://muster:canary@127.0.0.1:port/muster").await;
    assert!(nonsense.ends_with("; write it as postgres://user:password@host:5432/database"), "{nonsense}");
    assert!(!(nobody + &nonsense).contains("canary"));

    let Some(url) = database::server() else { return };
    let stranger = told_of(&database::at_database(&url, "muster_test_nowhere")).await;
    assert!(
        stranger.contains(r#" refuses: database "muster_test_nowhere" does not exist; check the user, "#),
        "{stranger}"
    );
}
