//! What the doctor says of a Redis.

use cache::{Finding, check};
use clock::Chance;
use telemetry::Secret;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::redis_url;
use crate::server::Server;

/// The findings, a line each, with volatile parts replaced.
async fn doctor(url: &str) -> String {
    let findings = check(&Secret::new(url.to_owned()), &Chance::seeded(1)).await;
    let lines: Vec<String> =
        findings.iter().filter(|finding| finding.subject != "latency").map(line).collect();
    let port = url.rsplit(':').next().unwrap().split('/').next().unwrap();
    // Redis 8 and Valkey say who may not.
    lines.join("\n").replace(port, "PORT").replace("User reader has", "this user has")
}

fn line(finding: &Finding) -> String {
    let Finding { subject, found, mend } = finding;
    let found = if *subject == "version" && finding.is_well() { "as it should be" } else { found };
    match mend {
        None => format!("{subject}: {found}"),
        Some(mend) => format!("{subject}: {found} -> {mend}"),
    }
}

async fn run(server: &Server, words: &[&str]) {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd(words[0]).arg(&words[1..]).exec_async(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_well() {
    let Some(url) = redis_url() else { return };
    let findings = check(&Secret::new(url), &Chance::seeded(2)).await;
    let subjects: Vec<_> = findings.iter().map(|finding| finding.subject).collect();
    assert_eq!(subjects, ["reachable", "version", "role", "memory", "permissions", "latency"]);
    let ill: Vec<_> = findings.iter().filter(|finding| !finding.is_well()).collect();
    assert!(ill.iter().all(|finding| finding.subject == "latency"), "{ill:?}");
}

#[tokio::test]
async fn nothing_there() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    insta::assert_snapshot!(doctor(&format!("redis://127.0.0.1:{port}/0")).await, @"reachable: nothing listens at 127.0.0.1:PORT, database 0 -> start Redis there, or correct host and port in REDIS_URL");
    insta::assert_snapshot!(doctor("postgres://me:canary@127.0.0.1:1/0").await, @"address: this is not the address of a Redis: it looks like redis://user:password@host:6379/0 -> set REDIS_URL to redis://user:password@host:6379/0, or rediss:// for TLS");
}

#[tokio::test]
async fn something_else_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/0", listener.local_addr().unwrap());
    let answer = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        }
    };
    tokio::select! {
        said = doctor(&url) => insta::assert_snapshot!(said, @"reachable: what is at 127.0.0.1:PORT, database 0 doesn't speak as Redis does -> look what listens there; for a port with TLS the address begins with rediss://"),
        () = answer => (),
    }
}

#[tokio::test]
async fn a_password_that_is_missing_or_wrong() {
    let Some(server) = Server::start(&["--requirepass", "right"]).await else { return };
    insta::assert_snapshot!(doctor(&server.url()).await, @"reachable: 127.0.0.1:PORT, database 0 wants a password -> put it into REDIS_URL: redis://:password@host:6379/0");
    insta::assert_snapshot!(doctor(&format!("redis://:wrong@{}/0", server.address())).await, @"signing in: 127.0.0.1:PORT, database 0 refuses user or password -> put the right user and password into REDIS_URL: redis://user:password@host:6379/0");
}

#[tokio::test]
async fn a_user_who_may_not() {
    let Some(server) = Server::start(&[]).await else { return };
    let may_read = ["ACL", "SETUSER", "reader", "on", ">pw", "~muster:*", "+@read", "+@connection", "+info"];
    run(&server, &may_read).await;
    insta::assert_snapshot!(doctor(&format!("redis://reader:pw@{}/0", server.address())).await, @r"
    reachable: 127.0.0.1:PORT, database 0
    version: as it should be
    role: primary
    memory: no limit, noeviction
    permissions: SET is refused: NoPerm: this user has no permissions to run the 'set' command -> let the user of REDIS_URL work on our keys: ACL SETUSER <user> ~muster:* +@read +@write +@scripting +@connection +time +info
    ");

    let as_told = [
        "ACL",
        "SETUSER",
        "reader",
        "~muster:*",
        "+@read",
        "+@write",
        "+@scripting",
        "+@connection",
        "+time",
        "+info",
    ];
    run(&server, &as_told).await;
    insta::assert_snapshot!(doctor(&format!("redis://reader:pw@{}/0", server.address())).await, @r"
    reachable: 127.0.0.1:PORT, database 0
    version: as it should be
    role: primary
    memory: no limit, noeviction
    permissions: whatever Muster does
    ");
}

#[tokio::test]
async fn a_full_server_and_a_replica() {
    let Some(server) = Server::start(&["--maxmemory", "1gb"]).await else { return };
    insta::assert_snapshot!(doctor(&server.url()).await, @r"
    reachable: 127.0.0.1:PORT, database 0
    version: as it should be
    role: primary
    memory: at most 1.00G, noeviction
    permissions: whatever Muster does
    ");
    run(&server, &["CONFIG", "SET", "maxmemory", "1"]).await;
    insta::assert_snapshot!(doctor(&server.url()).await, @r#"
    reachable: 127.0.0.1:PORT, database 0
    version: as it should be
    role: primary
    memory: at most 1B, noeviction
    permissions: SET is refused: "OOM": command not allowed when used memory > 'maxmemory'. -> give the server more memory
    "#);
    run(&server, &["CONFIG", "SET", "maxmemory", "1gb"]).await;
    run(&server, &["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]).await;
    insta::assert_snapshot!(doctor(&server.url()).await, @r"
    reachable: 127.0.0.1:PORT, database 0
    version: as it should be
    role: primary
    memory: at most 1.00G, volatile-lru -> set maxmemory-policy noeviction: what a full server drops may be the count of calls to Discord
    permissions: whatever Muster does
    ");
    run(&server, &["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    run(&server, &["CONFIG", "SET", "maxmemory", "0"]).await;
    run(&server, &["REPLICAOF", "127.0.0.1", "1"]).await;
    insta::assert_snapshot!(doctor(&server.url()).await, @r"
    reachable: 127.0.0.1:PORT, database 0
    version: as it should be
    role: a replica, which takes no writes -> give the primary's address in REDIS_URL
    memory: no limit, noeviction
    permissions: SET is refused: ReadOnly: You can't write against a read only replica. -> give the primary's address in REDIS_URL
    ");
}

#[tokio::test]
async fn a_part_of_a_cluster() {
    let bus = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let cluster = ["--cluster-enabled", "yes", "--cluster-port", &bus];
    let Some(server) = Server::start(&cluster).await else { return };
    insta::assert_snapshot!(doctor(&server.url()).await, @r"
    reachable: 127.0.0.1:PORT, database 0
    version: as it should be
    role: part of a cluster -> give the address of one that stands alone or behind Sentinel: the limiter counts in one place
    memory: no limit, noeviction
    permissions: SET is refused: ClusterDown: Hash slot not served -> give the address of a server that is not part of a cluster
    ");
}
