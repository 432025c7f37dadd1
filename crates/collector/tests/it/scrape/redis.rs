//! Redis: a server of the test's own, whose numbers are what was done.

use std::ops::{Bound, Range, RangeFrom};

use collector::Target;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    redis_server::RedisServer,
    watch::{Scrape, Watch},
};

#[tokio::test]
async fn redis_metrics_collected() {
    let Some(server) = RedisServer::start(&[]).await else { return };
    let watch = Watch::over(Target::redis, &server.url()).await;
    watch.is("up", &[], 1.0).await;
    watch.is("redis.role", &[("role", "primary")], 1.0).await;

    work(&watch, &server).await;
    insta::assert_snapshot!(watch.shapes(), @r"
    redis.clients.blocked {client} level int
    redis.clients.connected {client} level int
    redis.clients.max_input_buffer By gauge int
    redis.clients.max_output_buffer By gauge int
    redis.cmd.calls {call} counter int cmd
    redis.cmd.usec us counter int cmd
    redis.commands {ops}/s gauge int
    redis.commands.processed {command} counter int
    redis.connections.received {connection} counter int
    redis.connections.rejected {connection} counter int
    redis.cpu.time s counter double state
    redis.db.avg_ttl ms gauge int db
    redis.db.expires {key} gauge int db
    redis.db.keys {key} gauge int db
    redis.keys.evicted {key} counter int
    redis.keys.expired {event} counter int
    redis.keyspace.hits {hit} counter int
    redis.keyspace.misses {miss} counter int
    redis.latest_fork us gauge int
    redis.maxmemory By gauge int
    redis.memory.fragmentation_ratio 1 gauge double
    redis.memory.lua By gauge int
    redis.memory.peak By gauge int
    redis.memory.rss By gauge int
    redis.memory.used By gauge int
    redis.net.input By counter int
    redis.net.output By counter int
    redis.rdb.changes_since_last_save {change} level int
    redis.replication.backlog_first_byte_offset By gauge int
    redis.replication.offset By gauge int
    redis.role {role} level int role
    redis.slaves.connected {replica} level int
    redis.uptime s counter int
    up  gauge int
    ");
    watch.has_looked_at_all_but(&[]);
    watch.stop().await;
}

async fn work(watch: &Watch, server: &RedisServer) {
    of_commands(watch, server).await;
    of_keys(watch, server).await;
    of_clients(watch, server).await;
    of_crowds(watch, server).await;
    of_memory(watch, server).await;
    of_scripts(watch, server).await;
    of_replicas(watch, server).await;
}

/// So much at least, since a scrape is a client, too.
fn at_least(number: f64) -> RangeFrom<f64> {
    number..
}

fn more() -> (Bound<f64>, Bound<f64>) {
    (Bound::Excluded(0.0), Bound::Unbounded)
}

fn exactly(number: f64) -> (Bound<f64>, Bound<f64>) {
    (Bound::Included(number), Bound::Included(number))
}

/// Commands, one a line.
fn many(numbers: Range<u32>, command: impl Fn(u32) -> String) -> String {
    numbers.map(|nth| command(nth) + "\n").collect()
}

/// Twenty hits, seven misses, a thousand greetings.
async fn of_commands(watch: &Watch, server: &RedisServer) {
    let before = watch.now().await;
    let (hits, misses) = ("GET here\n".repeat(20), "GET nothing-here\n".repeat(7));
    server.run(&format!("SET here x\n{hits}{misses}{}", "PING\n".repeat(1_000))).await;
    watch.rises(&before, ("redis.keyspace.hits", &[]), exactly(20.0)).await;
    watch.rises(&before, ("redis.keyspace.misses", &[]), exactly(7.0)).await;
    watch.rises(&before, ("redis.cmd.calls", &[("cmd", "get")]), exactly(27.0)).await;
    watch.rises(&before, ("redis.cmd.calls", &[("cmd", "ping")]), exactly(1_000.0)).await;
    // An INFO a scrape.
    watch.rises(&before, ("redis.commands.processed", &[]), 1_028.0..1_500.0).await;

    let pings = "PING\n".repeat(1_000);
    let busy = async {
        loop {
            server.run(&pings).await;
        }
    };
    tokio::select! {
        () = busy => (),
        _ = watch.until("redis.commands", &[], |rate| rate >= 500.0) => (),
    }
    watch.until("redis.commands", &[], |rate| rate < 100.0).await;
}

/// Keys of a database, four of them for a hundred seconds and seven for a moment.
async fn of_keys(watch: &Watch, server: &RedisServer) {
    let before = watch.now().await;
    let set = |from: u32, to: u32, rest: &str| -> String {
        many(from..to, |nth| format!("SET key:{nth} x {rest}"))
    };
    server.run(&format!("SELECT 3\n{}{}", set(0, 8, ""), set(8, 12, "EX 100"))).await;
    let db = [("db", "3")];
    watch.rises(&before, ("redis.db.keys", &db), exactly(12.0)).await;
    watch.rises(&before, ("redis.db.expires", &db), exactly(4.0)).await;
    watch.until("redis.db.avg_ttl", &db, |milliseconds| (90_000.0..=100_000.0).contains(&milliseconds)).await;
    watch.rises(&before, ("redis.rdb.changes_since_last_save", &[]), exactly(12.0)).await;

    let before = watch.now().await;
    server.run(&format!("SELECT 4\n{}", set(0, 7, "PX 1"))).await;
    watch.rises(&before, ("redis.keys.expired", &[]), exactly(7.0)).await;
    server.run("BGSAVE").await;
    watch.is("redis.rdb.changes_since_last_save", &[], 0.0).await;
    watch.rises(&before, ("redis.latest_fork", &[]), more()).await;
    // Children that saved are gone, and have left what they took; one may have been too quick for the system's clock.
    let save = async {
        loop {
            server.run("SET saved x\nBGSAVE").await;
            watch.now().await;
            watch.is("redis.rdb.changes_since_last_save", &[], 0.0).await;
        }
    };
    let is_told = async {
        for state in ["sys_children", "user_children"] {
            watch.rises(&before, ("redis.cpu.time", &[("state", state)]), more()).await;
        }
    };
    tokio::select! {
        () = save => (),
        () = is_told => (),
    }
}

/// Five are connected, three of them wait; one says half a sentence, one does not listen.
async fn of_clients(watch: &Watch, server: &RedisServer) {
    let is_calm = watch.is("redis.clients.connected", &[], 1.0);
    is_calm.await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(server.connect().await);
    }
    watch.is("redis.clients.connected", &[], 6.0).await;
    for client in &mut clients[..3] {
        client.write_all(b"BLPOP nothing 0\r\n").await.unwrap();
    }
    watch.is("redis.clients.blocked", &[], 3.0).await;

    let before = watch.now().await;
    let half = format!("*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$200000\r\n{}", "x".repeat(100_000));
    clients[3].write_all(half.as_bytes()).await.unwrap();
    watch.rises(&before, ("redis.clients.max_input_buffer", &[]), at_least(100_000.0)).await;
    watch.rises(&before, ("redis.net.input", &[]), 100_000.0..200_000.0).await;
    // More than a socket takes in the meantime.
    server.run("SETRANGE big 4000000 x").await;
    clients[4].write_all("GET big\r\n".repeat(10).as_bytes()).await.unwrap();
    watch.rises(&before, ("redis.clients.max_output_buffer", &[]), at_least(4e6)).await;
    let mut answer = vec![0; 10 * 4_000_000];
    clients[4].read_exact(&mut answer).await.unwrap();
    watch.rises(&before, ("redis.net.output", &[]), 40e6..45e6).await;
    drop(clients);
    watch.is("redis.clients.blocked", &[], 0.0).await;
    server.run("DEL big").await;
}

/// A hundred come in one after the other; then more at once than may.
async fn of_crowds(watch: &Watch, server: &RedisServer) {
    let before = watch.now().await;
    for _ in 0..100 {
        server.run("PING").await;
    }
    watch.rises(&before, ("redis.connections.received", &[]), at_least(100.0)).await;
    let mut host = server.connect().await;
    say(&mut host, "CONFIG SET maxclients 10").await;
    let mut refused = 0;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = server.connect().await;
        let asked = client.write_all(b"PING\r\n").await;
        let mut answer = [0; 1];
        let answered = client.read(&mut answer).await;
        refused += u32::from(asked.is_err() || answered.is_err() || answer == *b"-");
        clients.push(client);
    }
    assert!((8..=12).contains(&refused), "{refused}");
    drop(clients);
    say(&mut host, "CONFIG SET maxclients 10000").await;
    // A scrape may have been refused, too.
    watch.rises(&before, ("redis.connections.rejected", &[]), at_least(f64::from(refused))).await;
}

/// Says a command, and waits for one that is well taken.
async fn say(client: &mut TcpStream, command: &str) {
    client.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
    let mut answer = [0; 5];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"+OK\r\n", "{command}");
}

/// A large value comes and goes; then there is less room than is wanted.
async fn of_memory(watch: &Watch, server: &RedisServer) {
    let before = watch.now().await;
    let peak = before.value("redis.memory.peak", &[]).unwrap();
    server.run(&format!("SETRANGE fat {} x", 2.0f64.mul_add(peak, 50e6).round())).await;
    watch.rises(&before, ("redis.memory.used", &[]), at_least(50e6)).await;
    watch.rises(&before, ("redis.memory.peak", &[]), at_least(50e6)).await;
    let full = watch.now().await;
    // The ratio is of what the system gives to what is used.
    let ratio = |told: &Scrape| {
        told.value("redis.memory.rss", &[]).unwrap() / told.value("redis.memory.used", &[]).unwrap()
    };
    watch.until("redis.memory.fragmentation_ratio", &[], |value| (value - ratio(&full)).abs() < 0.2).await;
    assert!(ratio(&before) > ratio(&full) + 0.5, "{} {}", ratio(&before), ratio(&full));
    watch.rises(&before, ("redis.memory.rss", &[]), at_least(1e6)).await;
    server.run("DEL fat").await;
    watch.until("redis.memory.used", &[], |bytes| bytes < 50e6).await;
    watch.rises(&before, ("redis.memory.peak", &[]), at_least(50e6)).await;

    let room = 20_000_000.0;
    server.run(&format!("CONFIG SET maxmemory-policy allkeys-random\nCONFIG SET maxmemory {room}")).await;
    watch.is("redis.maxmemory", &[], room).await;
    server.run(&many(0..40, |nth| format!("SETRANGE full:{nth} 1000000 x"))).await;
    watch.rises(&before, ("redis.keys.evicted", &[]), 20.0..=60.0).await;
    server.run("CONFIG SET maxmemory 0\nFLUSHALL").await;
    watch.is("redis.maxmemory", &[], 0.0).await;
}

/// Scripts are kept, and one of them counts for a while.
async fn of_scripts(watch: &Watch, server: &RedisServer) {
    let before = watch.now().await;
    server.run(&many(0..2_000, |nth| format!("SCRIPT LOAD \"return {nth}\""))).await;
    watch.rises(&before, ("redis.memory.lua", &[]), at_least(100_000.0)).await;
    server.run("EVAL \"local n = 0 for i = 1, 50000000 do n = n + i end return 1\" 0").await;
    watch.rises(&before, ("redis.cmd.usec", &[("cmd", "eval")]), at_least(50_000.0)).await;
    for state in ["user", "user_main_thread"] {
        watch.rises(&before, ("redis.cpu.time", &[("state", state)]), at_least(0.05)).await;
    }
    server.run(&"PING\n".repeat(10_000)).await;
    for state in ["sys", "sys_main_thread"] {
        watch.rises(&before, ("redis.cpu.time", &[("state", state)]), more()).await;
    }
    watch.rises(&before, ("redis.uptime", &[]), at_least(1.0)).await;
}

/// A second server follows the first.
async fn of_replicas(watch: &Watch, server: &RedisServer) {
    let before = watch.now().await;
    let follow = ["--replicaof", "127.0.0.1", &server.port.to_string(), "--repl-diskless-sync-delay", "0"];
    let Some(replica) = RedisServer::start(&follow).await else { return };
    server.run("CONFIG SET repl-diskless-sync-delay 0").await;
    watch.rises(&before, ("redis.slaves.connected", &[]), exactly(1.0)).await;
    watch.rises(&before, ("redis.replication.backlog_first_byte_offset", &[]), more()).await;
    let before = watch.now().await;
    server.run(&format!("SET told {}", "x".repeat(10_000))).await;
    watch.rises(&before, ("redis.replication.offset", &[]), at_least(10_000.0)).await;

    let other = Watch::over(Target::redis, &replica.url()).await;
    other.is("redis.role", &[("role", "replica")], 1.0).await;
    other.stop().await;
}
