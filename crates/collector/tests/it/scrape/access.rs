//! Who may ask: as whom a server is asked, and with which password.

use collector::Target;
use sqlx::{Connection as _, SqliteConnection};

use super::{
    address,
    cluster::Cluster,
    ground::{self, Ground},
    instance,
    redis_server::{RedisServer, run},
    targets::Lines,
    watch::Watch,
};

#[tokio::test]
async fn a_monitoring_role_is_enough_and_a_closed_database_closes_no_other() {
    let Some(cluster) = Cluster::new(&[]).await else { return };
    let mut open = Ground::new(&cluster.owner(), "open").await;
    let mut closed = Ground::new(&cluster.owner(), "closed").await;
    let watcher = "CREATE ROLE watcher LOGIN PASSWORD 'let-me-look' IN ROLE pg_monitor";
    ground::run(&mut open.server, watcher.to_owned()).await;
    ground::run(&mut open.server, format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", closed.name)).await;
    open.run("CREATE TABLE seats (id int PRIMARY KEY, name text)").await;
    closed.run("CREATE TABLE seats (id int PRIMARY KEY, name text)").await;
    let mut watcher = url::Url::parse(&cluster.owner()).unwrap();
    watcher.set_username("watcher").unwrap();
    watcher.set_password(Some("let-me-look")).unwrap();
    let watch = Watch::over(Target::postgres, watcher.as_str()).await;
    watch.is("up", &[], 1.0).await;
    watch.is("postgresql.table.count", &[("db.namespace", &open.name)], 1.0).await;
    let told = watch.now().await;
    let value = |name, database: &Ground| told.value(name, &[("db.namespace", &database.name)]);
    assert!(value("postgresql.backends", &open) >= Some(1.0));
    assert!(value("postgresql.db_size", &closed) > Some(0.0));
    assert_eq!(value("postgresql.table.count", &closed), None);
    assert_eq!(told.value("up", &[]), Some(1.0));
    watch.stop().await;
}

#[tokio::test]
async fn a_postgresql_that_wants_another_password_is_down() {
    let Some(cluster) = Cluster::locked().await else { return };
    let lines = Lines::listen();
    let watch = Watch::over(Target::postgres, &cluster.url("not-this-one")).await;
    watch.is("up", &[], 0.0).await;
    watch.now().await;
    watch.has_looked_at_all_but(&[]);
    watch.stop().await;
    let told = lines.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("password authentication failed"), "{told:?}");
    assert!(!told[0].contains("not-this-one"), "{told:?}");

    let watch = Watch::over(Target::postgres, &cluster.owner()).await;
    watch.is("up", &[], 1.0).await;
    watch.stop().await;
}

#[tokio::test]
async fn redis_is_asked_by_a_user_who_may_ask_only() {
    let Some(url) = address("MUSTER_TEST_REDIS_URL") else { return };
    let user = format!("watcher-{}", std::process::id());
    let at = instance(&url, 6_379);
    run(&at, &format!("ACL SETUSER {user} on >let-me-look -@all +info")).await;
    let mut watcher = url::Url::parse(&url).unwrap();
    watcher.set_username(&user).unwrap();
    watcher.set_password(Some("let-me-look")).unwrap();
    let watch = Watch::over(Target::redis, watcher.as_str()).await;
    watch.is("up", &[], 1.0).await;
    // It is the same start whenever it is asked for, though a server tells whole seconds only.
    let before = watch.now().await;
    watch.rises(&before, ("redis.uptime", &[]), 2.0..).await;
    watch.world.collector.flush().await;
    let path = format!("sqlite://{}", watch.world.folder.path().join("telemetry.db").display());
    let mut file = SqliteConnection::connect(&path).await.unwrap();
    let (starts, points): (i64, i64) = sqlx::query_as(
        "SELECT count(DISTINCT p.start_ns), count(*) FROM points p JOIN series s ON s.id = p.series_id \
         WHERE s.name = 'redis.commands.processed'",
    )
    .fetch_one(&mut file)
    .await
    .unwrap();
    assert!(starts == 1 && points > 5, "{starts} starts, {points} points");
    watch.stop().await;

    watcher.set_password(Some("let-me-in")).unwrap();
    let watch = Watch::over(Target::redis, watcher.as_str()).await;
    watch.is("up", &[], 0.0).await;
    watch.stop().await;
    run(&at, &format!("ACL DELUSER {user}")).await;
}

#[tokio::test]
async fn a_redis_that_wants_another_password_is_down() {
    let Some(server) = RedisServer::start(&["--requirepass", "only-with-this"]).await else { return };
    for (password, why) in [(Some("not-this-one"), "WRONGPASS"), (None, "NOAUTH")] {
        let mut url = url::Url::parse(&server.url()).unwrap();
        url.set_password(password).unwrap();
        let lines = Lines::listen();
        let watch = Watch::over(Target::redis, url.as_str()).await;
        watch.is("up", &[], 0.0).await;
        watch.now().await;
        watch.has_looked_at_all_but(&[]);
        watch.stop().await;
        let told = lines.told();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(why) && !told[0].contains("not-this-one"), "{told:?}");
    }
    let mut url = url::Url::parse(&server.url()).unwrap();
    url.set_password(Some("only-with-this")).unwrap();
    let watch = Watch::over(Target::redis, url.as_str()).await;
    watch.is("up", &[], 1.0).await;
    watch.stop().await;
}
