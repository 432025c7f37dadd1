//! Infrastructure that is asked for its numbers: do work, then look whether the numbers moved by it.
//!
//! Real servers are named by `MUSTER_TEST_POSTGRES_URL`, `MUSTER_TEST_REDIS_URL` and
//! `MUSTER_TEST_RABBITMQ_MANAGEMENT_URL`; `cargo xtask test` starts them.

use std::time::Duration;

use collector::{ScrapeConfig, Target, TargetError};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::World;

/// The address of a server, or a line that says what was left out.
fn address(variable: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment where servers are")]
    let address = std::env::var(variable).ok();
    if address.is_none() {
        println!("left out: {variable} is not set");
    }
    address
}

async fn following(read: fn(&SecretString) -> Result<Target, TargetError>, url: &str) -> World {
    let _ = http();
    let targets = vec![read(&SecretString::from(url)).unwrap()];
    let scrape = ScrapeConfig { targets, interval: Duration::from_millis(100) };
    World::with(|config| config.options.scrape = scrape).await
}

/// The newest value of a series whose attributes hold all of these; `None` while there is none.
async fn newest(world: &World, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let series = world.read(&format!("metrics?name={name}")).await;
    let fits = |series: &&Value| labels.iter().all(|(key, value)| series["attributes"][key] == *value);
    let found = series.as_array().unwrap().iter().find(fits)?.clone();
    found["points"].as_array().unwrap().last()?["value"].as_f64()
}

/// Waits until the newest value is what is wanted.
async fn until(world: &World, name: &str, labels: &[(&str, &str)], wanted: impl Fn(f64) -> bool) -> f64 {
    let look = async {
        loop {
            match newest(world, name, labels).await {
                Some(value) if wanted(value) => return value,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let Ok(value) = tokio::time::timeout(Duration::from_secs(30), look).await else {
        panic!("{name} {labels:?} stays at {:?}", newest(world, name, labels).await)
    };
    value
}

/// A database of one's own, dropped again by [`Ground::clear`].
struct Ground {
    server: PgConnection,
    db: PgConnection,
    name: String,
}

impl Ground {
    async fn new(url: &str, name: &str) -> Self {
        let mut server = PgConnection::connect(url).await.unwrap();
        let name = format!("{name}_{}", std::process::id());
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut server)
            .await
            .unwrap();
        let mut address = url::Url::parse(url).unwrap();
        address.set_path(&name);
        let db = PgConnection::connect(address.as_str()).await.unwrap();
        Self { server, db, name }
    }

    async fn run(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.db).await.unwrap();
    }

    async fn clear(mut self) {
        self.db.close().await.unwrap();
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut self.server).await.unwrap();
    }
}

#[tokio::test]
async fn postgresql_metrics_collected() {
    let Some(url) = address("MUSTER_TEST_POSTGRES_URL") else { return };
    let mut ground = Ground::new(&url, "collector_numbers").await;
    ground.run("CREATE TABLE seats (id int PRIMARY KEY, name text)").await;
    ground.run("SELECT pg_stat_force_next_flush()").await;
    let world = following(Target::postgres, &url).await;
    let name = ground.name.clone();
    let database = [("db.namespace", name.as_str())];
    let commits = until(&world, "postgresql.commits", &database, |_| true).await;

    work(&mut ground).await;
    until(&world, "postgresql.commits", &database, |value| value >= commits + 5.0).await;
    until(&world, "postgresql.rollbacks", &database, |value| value >= 1.0).await;
    until(&world, "postgresql.tup_inserted", &database, |value| value >= 100.0).await;
    until(&world, "postgresql.backends", &database, |value| value >= 1.0).await;
    of_table(&world, &format!("{name}|public")).await;
    let states: [(&str, &str); 2] = [database[0], ("state", "idle")];
    until(&world, "postgresql.backends.by_state", &states, |value| value >= 1.0).await;
    let max: String = sqlx::query_scalar("SHOW max_connections").fetch_one(&mut ground.db).await.unwrap();
    let max: f64 = max.parse().unwrap();
    until(&world, "postgresql.connection.max", &[], |value| (value - max).abs() < 0.5).await;
    until(&world, "up", &[], |value| value > 0.5).await;
    world.stop().await;
    ground.clear().await;
}

/// Writes, reads by both kinds of scan, and takes something back.
async fn work(ground: &mut Ground) {
    ground.run("INSERT INTO seats SELECT n, 'x' FROM generate_series(1, 100) n").await;
    ground.run("UPDATE seats SET name = 'y' WHERE id <= 10").await;
    ground.run("DELETE FROM seats WHERE id > 95").await;
    ground.run("SELECT count(*) FROM seats").await;
    ground.run("SET enable_seqscan = off; SELECT * FROM seats WHERE id = 7; SET enable_seqscan = on").await;
    ground.run("BEGIN; INSERT INTO seats VALUES (1000, 'z'); ROLLBACK").await;
    ground.run("SELECT pg_stat_force_next_flush()").await;
    ground.run("SELECT 1").await;
}

/// The numbers of the table are exactly what [`work`] did to it.
async fn of_table(world: &World, schema: &str) {
    let table: [(&str, &str); 2] = [("db.namespace", schema), ("db.collection.name", "seats")];
    for (operation, count) in [("ins", 101.0), ("upd", 10.0), ("del", 5.0)] {
        let labels = [table[0], table[1], ("operation", operation)];
        until(world, "postgresql.operations", &labels, |value| (value - count).abs() < 0.5).await;
    }
    let live = [table[0], table[1], ("state", "live")];
    until(world, "postgresql.rows", &live, |value| (value - 95.0).abs() < 0.5).await;
    let hit = [table[0], table[1], ("source", "heap_hit")];
    until(world, "postgresql.blocks_read", &hit, |value| value > 0.0).await;
    until(world, "postgresql.sequential_scans", &table, |value| value >= 1.0).await;
    until(world, "postgresql.index.scans", &table, |value| value >= 1.0).await;
}

/// Sends commands to Redis and reads what comes back, as far as one answer each.
async fn redis(url: &str, commands: &str) {
    let address = url::Url::parse(url).unwrap();
    let at = format!("{}:{}", address.host_str().unwrap(), address.port().unwrap_or(6_379));
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(commands.as_bytes()).await.unwrap();
    stream.write_all(b"QUIT\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(!answer.contains("-ERR"), "{answer}");
}

#[tokio::test]
async fn redis_metrics_collected() {
    let Some(url) = address("MUSTER_TEST_REDIS_URL") else { return };
    let world = following(Target::redis, &url).await;
    let before = until(&world, "redis.commands.processed", &[], |_| true).await;
    let hits = until(&world, "redis.keyspace.hits", &[], |_| true).await;
    let misses = until(&world, "redis.keyspace.misses", &[], |_| true).await;
    let key = format!("collector-{}", std::process::id());
    let commands = format!(
        "SET {key} x EX 100\r\n{}{}",
        format!("GET {key}\r\n").repeat(20),
        "GET nothing-here\r\n".repeat(7)
    );
    redis(&url, &commands).await;
    until(&world, "redis.commands.processed", &[], |value| value >= before + 28.0).await;
    until(&world, "redis.keyspace.hits", &[], |value| value >= hits + 20.0).await;
    until(&world, "redis.keyspace.misses", &[], |value| value >= misses + 7.0).await;
    until(&world, "redis.cmd.calls", &[("cmd", "get")], |value| value >= 27.0).await;
    until(&world, "redis.db.keys", &[("db", "0")], |value| value >= 1.0).await;
    until(&world, "redis.db.expires", &[("db", "0")], |value| value >= 1.0).await;
    until(&world, "redis.memory.used", &[], |value| value > 100_000.0).await;
    until(&world, "redis.clients.connected", &[], |value| value >= 1.0).await;
    until(&world, "redis.clients.blocked", &[], |_| true).await;
    until(&world, "redis.cpu.time", &[("state", "user")], |value| value > 0.0).await;
    until(&world, "redis.role", &[("role", "primary")], |value| value > 0.5).await;
    redis(&url, &format!("DEL {key}\r\n")).await;
    world.stop().await;
}

#[tokio::test]
async fn rabbitmq_metrics_collected() {
    let Some(url) = address("MUSTER_TEST_RABBITMQ_MANAGEMENT_URL") else { return };
    let world = following(Target::rabbitmq, &url).await;
    until(&world, "up", &[], |value| value > 0.5).await;
    let queue = format!("collector-{}", std::process::id());
    let at = format!("{}/api/queues/%2F/{queue}", url.trim_end_matches('/'));
    let http = http();
    let made = http.put(&at).json(&serde_json::json!({"durable": false})).send().await.unwrap();
    assert!(made.status().is_success(), "{}", made.status());
    let publish = format!("{}/api/exchanges/%2F/amq.default/publish", url.trim_end_matches('/'));
    for _ in 0..3 {
        let message = serde_json::json!({"properties": {}, "routing_key": queue, "payload": "x", "payload_encoding": "string"});
        let sent = http.post(&publish).json(&message).send().await.unwrap();
        assert!(sent.status().is_success(), "{}", sent.status());
    }
    let labels: [(&str, &str); 2] = [("rabbitmq.queue.name", &queue), ("rabbitmq.vhost.name", "/")];
    until(&world, "rabbitmq.message.current", &[labels[0], ("state", "ready")], |value| {
        (value - 3.0).abs() < 0.5
    })
    .await;
    until(&world, "rabbitmq.message.published", &labels, |value| (value - 3.0).abs() < 0.5).await;
    until(&world, "rabbitmq.consumer.count", &labels, |value| value.abs() < 0.5).await;
    until(&world, "rabbitmq.node.mem_used", &[], |value| value > 1_000_000.0).await;
    http.delete(&at).send().await.unwrap();
    world.stop().await;
}

pub(crate) fn http() -> reqwest::Client {
    // Somebody else in this process may have done so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}

#[tokio::test]
async fn metric_labels_present() {
    let Some(url) = address("MUSTER_TEST_REDIS_URL") else { return };
    let world = following(Target::redis, &url).await;
    until(&world, "redis.uptime", &[], |_| true).await;
    let series = world.read("metrics?name=redis.uptime").await;
    let address = url::Url::parse(&url).unwrap();
    let instance = format!("{}:{}", address.host_str().unwrap(), address.port().unwrap_or(6_379));
    assert_eq!((&series[0]["service"], &series[0]["instance"]), (&"redis".into(), &instance.into()));
    assert_eq!((&series[0]["unit"], &series[0]["kind"]), (&"s".into(), &"counter".into()));
    world.stop().await;
}

#[tokio::test]
async fn a_target_that_is_down_is_not_up() {
    let _ = http();
    // Somebody listens, and says nothing that a database would.
    let stranger = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = stranger.local_addr().unwrap().port();
    let targets = [
        Target::redis(&"redis://127.0.0.1:1".to_owned().into()).unwrap(),
        Target::postgres(&"postgres://me@127.0.0.1:1/x".to_owned().into()).unwrap(),
        Target::rabbitmq(&format!("http://me:secret@127.0.0.1:{port}").into()).unwrap(),
    ];
    let scrape = ScrapeConfig { targets: targets.into(), interval: Duration::from_mins(1) };
    let world = World::with(|config| config.options.scrape = scrape).await;
    let look = async {
        loop {
            let ups = world.read("metrics?name=up").await;
            if ups.as_array().unwrap().len() == 3 {
                return ups;
            }
            tokio::task::yield_now().await;
        }
    };
    let ups = tokio::time::timeout(Duration::from_secs(30), look).await.unwrap();
    drop(stranger);
    for up in ups.as_array().unwrap() {
        assert_eq!(up["points"][0]["value"], 0.0, "{up}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_monitoring_role_is_enough_and_a_closed_database_closes_no_other() {
    let Some(url) = address("MUSTER_TEST_POSTGRES_URL") else { return };
    let mut open = Ground::new(&url, "collector_open").await;
    let mut closed = Ground::new(&url, "collector_closed").await;
    let role = format!("collector_watcher_{}", std::process::id());
    for sql in [
        format!("CREATE ROLE {role} LOGIN IN ROLE pg_monitor"),
        format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", closed.name),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut open.server).await.unwrap();
    }
    open.run("CREATE TABLE seats (id int PRIMARY KEY, name text)").await;
    closed.run("CREATE TABLE seats (id int PRIMARY KEY, name text)").await;
    let mut watcher = url::Url::parse(&url).unwrap();
    watcher.set_username(&role).unwrap();
    let world = following(Target::postgres, watcher.as_str()).await;
    until(&world, "up", &[], |value| value > 0.5).await;
    until(&world, "postgresql.backends", &[("db.namespace", &open.name)], |value| value >= 1.0).await;
    until(&world, "postgresql.db_size", &[("db.namespace", &closed.name)], |value| value > 0.0).await;
    until(&world, "postgresql.table.count", &[("db.namespace", &open.name)], |value| value > 0.5).await;
    assert_eq!(newest(&world, "postgresql.table.count", &[("db.namespace", &closed.name)]).await, None);
    assert_eq!(newest(&world, "up", &[]).await, Some(1.0));
    world.stop().await;

    let sql = format!("DROP ROLE {role}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut open.server).await.unwrap();
    closed.clear().await;
    open.clear().await;
}

#[tokio::test]
async fn redis_is_asked_by_a_user_who_may_ask_only() {
    let Some(url) = address("MUSTER_TEST_REDIS_URL") else { return };
    let user = format!("watcher-{}", std::process::id());
    redis(&url, &format!("ACL SETUSER {user} on >let-me-look -@all +info\r\n")).await;
    let mut watcher = url::Url::parse(&url).unwrap();
    watcher.set_username(&user).unwrap();
    watcher.set_password(Some("let-me-look")).unwrap();
    let world = following(Target::redis, watcher.as_str()).await;
    until(&world, "up", &[], |value| value > 0.5).await;
    // It is the same start whenever it is asked for, though a server tells whole seconds only.
    let uptime = until(&world, "redis.uptime", &[], |_| true).await;
    until(&world, "redis.uptime", &[], |value| value >= uptime + 2.0).await;
    let path = format!("sqlite://{}", world.folder.path().join("telemetry.db").display());
    let mut file = SqliteConnection::connect(&path).await.unwrap();
    let (starts, points): (i64, i64) = sqlx::query_as(
        "SELECT count(DISTINCT p.start_ns), count(*) FROM points p JOIN series s ON s.id = p.series_id \
         WHERE s.name = 'redis.commands.processed'",
    )
    .fetch_one(&mut file)
    .await
    .unwrap();
    assert!(starts == 1 && points > 5, "{starts} starts, {points} points");
    world.stop().await;

    watcher.set_password(Some("let-me-in")).unwrap();
    let world = following(Target::redis, watcher.as_str()).await;
    until(&world, "up", &[], |value| value.abs() < 0.5).await;
    world.stop().await;
    redis(&url, &format!("ACL DELUSER {user}\r\n")).await;
}

#[tokio::test]
async fn a_wrong_password_is_a_target_that_is_down() {
    let Some(url) = address("MUSTER_TEST_RABBITMQ_MANAGEMENT_URL") else { return };
    let mut wrong = url::Url::parse(&url).unwrap();
    wrong.set_password(Some("not-the-password")).unwrap();
    let world = following(Target::rabbitmq, wrong.as_str()).await;
    until(&world, "up", &[], |value| value.abs() < 0.5).await;
    world.stop().await;
}
