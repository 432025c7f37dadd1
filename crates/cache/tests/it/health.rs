//! What a process says of its cache.

use cache::{Cache, Trouble};
use clock::Chance;
use telemetry::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::process;
use crate::server::Server;

/// What is wrong, without this machine's port; nothing when all is well.
async fn trouble(cache: &Cache) -> String {
    let Err(trouble) = cache.health().await else { return String::new() };
    let said = trouble.to_string();
    let (before, rest) = said.split_once("127.0.0.1:").unwrap();
    format!("{before}HERE{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

async fn becomes(cache: &Cache, expected: &str) {
    let becoming = async {
        while trouble(cache).await != expected {
            tokio::task::yield_now().await;
        }
    };
    let became = tokio::time::timeout(std::time::Duration::from_secs(20), becoming).await;
    assert!(became.is_ok(), "{} in the place of {expected}", trouble(cache).await);
}

#[tokio::test]
async fn memory_is_always_well() {
    assert_eq!(Cache::memory().health().await, Ok(()));
}

#[tokio::test]
async fn a_server_that_can_not_be_used_is_named_until_it_can() {
    let Some(mut server) = Server::start(&[]).await else { return };
    let cache = process(&server.url());
    assert_eq!(trouble(&cache).await, "");
    server.kill();
    becomes(&cache, "Redis at HERE, database 0 is away: nothing listens there").await;
    server.restart().await;
    becomes(&cache, "").await;
    server.command("REPLICAOF 127.0.0.1 1");
    becomes(&cache, "Redis at HERE, database 0 is away: it answers READONLY").await;
    server.command("REPLICAOF NO ONE");
    becomes(&cache, "").await;
    server.signal("STOP");
    becomes(&cache, "Redis at HERE, database 0 is away: it does not answer").await;
    server.signal("CONT");
    becomes(&cache, "").await;
}

#[tokio::test]
async fn a_password_that_is_wrong_is_told_without_it() {
    let Some(server) = Server::start(&["--requirepass", "right"]).await else { return };
    let cache = process(&format!("redis://:canary-4711@{}/0", server.address()));
    let said = trouble(&cache).await;
    insta::assert_snapshot!(said, @"Redis at HERE, database 0 is away: it refuses user or password");
    assert_eq!(trouble(&cache).await, said, "also while nothing is asked");
    let cache = process(&server.url());
    insta::assert_snapshot!(trouble(&cache).await, @"Redis at HERE, database 0 is away: it answers NOAUTH");
}

/// Somebody who may do what Muster does and nothing else is no trouble.
#[tokio::test]
async fn a_user_who_may_not_ask_for_the_version_is_well() {
    let Some(server) = Server::start(&[]).await else { return };
    server.command("ACL SETUSER ours on >pw ~muster:* +@read +@write +@scripting +@connection +time");
    let cache = process(&format!("redis://ours:pw@{}/0", server.address()));
    assert_eq!(trouble(&cache).await, "");
    assert_eq!(trouble(&cache).await, "");
}

/// Answers whatever is asked as a Redis 6.2 does.
async fn answer_as_an_old_one(mut client: TcpStream) -> std::io::Result<()> {
    let info = "# Server\r\nredis_version:6.2.14\r\nredis_mode:standalone\r\n";
    let mut asked = [0; 4096];
    loop {
        let read = client.read(&mut asked).await?;
        let commands = String::from_utf8_lossy(&asked[..read]).into_owned();
        // Each command is an array, which begins with a star.
        for command in commands.split('*').filter(|command| !command.is_empty()) {
            let answer = match command {
                command if command.contains("INFO") => format!("${}\r\n{info}\r\n", info.len()),
                _ => "+OK\r\n".to_owned(),
            };
            client.write_all(answer.as_bytes()).await?;
        }
        if read == 0 {
            return Ok(());
        }
    }
}

#[tokio::test]
async fn an_old_server_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Secret::new(format!("redis://{}/0", listener.local_addr().unwrap()));
    let cache = Cache::redis(&url, Chance::seeded(1)).unwrap();
    let serving = async {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let _ = answer_as_an_old_one(client).await;
        }
    };
    tokio::select! {
        health = cache.health() => assert!(matches!(health, Err(Trouble::TooOld { .. })), "{health:?}"),
        () = serving => (),
    }
}
