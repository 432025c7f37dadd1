//! Databases that a service can't work with: it says why in one line, and ends.

use super::servers::Servers;
use crate::program::Home;
use sqlx::{Executor as _, PgPool};
use std::net::SocketAddr;
use testkit::Postgres;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const API: [&str; 7] =
    ["api", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0"];

/// The line of an API on that database, without this machine's numbers.
async fn line(home: Home, database: &str) -> String {
    let home = home.set("DATABASE_URL", database).set("DISCORD_BOT_TOKEN", "MTIw.a.token");
    let home = home.set("MUSTER_INTERNAL_KEY", "a key that nobody else in the world has");
    let ran = home.set("OTEL_SDK_DISABLED", "true").run(&API).await;
    assert_eq!(ran.stderr.lines().count(), 1, "one clear line: {ran:#?}");
    assert!(!ran.stdout.contains("marked"), "passwords stay where they are: {ran:#?}");
    let refusal = format!("{} {}", ran.code().unwrap(), ran.stderr.trim_end());
    assert!(!refusal.contains("marked"), "passwords stay where they are: {refusal}");
    let port = database.rsplit_once(':').unwrap().1.split('/').next().unwrap();
    refusal.replace(port, "PORT").replace(&std::process::id().to_string(), "PID")
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_or_not_to_the_tables() {
    let Some(servers) = Servers::of_our_own("refused").await else { return };
    let line = async |database: &str| line(servers.home(), database).await;
    let of = |user: &str| servers.database.replace("postgres@", &format!("{user}@"));
    let pending = line(&servers.database).await;
    assert!(pending.ends_with(" migrations of the database are pending; run muster migrate"), "{pending}");
    servers.home().run(&["migrate"]).await.done();

    insta::assert_snapshot!(line(&of("muster_test_nobody:marked")).await, @r#"1 muster: 127.0.0.1:PORT/muster_refused_PID refuses: role "muster_test_nobody" does not exist"#);
    let (before, _) = servers.database.rsplit_once('/').unwrap();
    insta::assert_snapshot!(line(&format!("{before}/muster_test_nowhere")).await, @r#"1 muster: 127.0.0.1:PORT/muster_test_nowhere refuses: database "muster_test_nowhere" does not exist"#);

    let owner = PgPool::connect(&servers.database).await.unwrap();
    let make = "DO $$ BEGIN CREATE ROLE muster_test_stranger LOGIN; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    owner.execute(make).await.unwrap();
    let cramped = line(&of("muster_test_stranger")).await;
    let denied = "1 muster: the store failed: permission denied for table _sqlx_migrations";
    assert!(cramped.starts_with(denied) && cramped.ends_with("; muster doctor says more"), "{cramped}");
    let name = servers.database.rsplit_once('/').unwrap().1;
    let shut = format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC");
    owner.execute(sqlx::AssertSqlSafe(shut)).await.unwrap();
    insta::assert_snapshot!(line(&of("muster_test_stranger")).await, @r#"1 muster: 127.0.0.1:PORT/muster_refused_PID refuses: permission denied for database "muster_refused_PID""#);
    owner.close().await;
}

/// The other tests' server trusts whoever comes.
#[tokio::test]
async fn a_server_that_asks_for_passwords() {
    let Some(postgres) = Postgres::start().await else { return };
    let line = async |database: &str| {
        let home = Home::new().set("REDIS_URL", "redis://127.0.0.1:1").set("AMQP_URL", "amqp://127.0.0.1:1");
        line(home, database).await
    };
    let wrong = postgres.url_for(("postgres", "marked"), "postgres");
    insta::assert_snapshot!(line(&wrong).await, @r#"1 muster: 127.0.0.1:PORT/postgres refuses: password authentication failed for user "postgres""#);
    let nobody = postgres.url_for(("muster", "marked"), "postgres");
    insta::assert_snapshot!(line(&nobody).await, @r#"1 muster: 127.0.0.1:PORT/postgres refuses: password authentication failed for user "muster""#);
    let pending = line(&postgres.url("postgres")).await;
    assert!(pending.ends_with(" migrations of the database are pending; run muster migrate"), "{pending}");
}

/// A service whose role may not change every table starts, since most of its work may be done, and says so.
#[tokio::test]
async fn a_role_that_lacks_a_privilege() {
    let Some(servers) = Servers::of_our_own("cramped").await else { return };
    servers.home().run(&["migrate"]).await.done();
    let owner = PgPool::connect(&servers.database).await.unwrap();
    owner.execute("REVOKE DELETE ON participants FROM muster_app").await.unwrap();
    owner.close().await;
    let home = servers.home().set("MUSTER_INTERNAL_KEY", "a key that nobody else in the world has");
    let daemon = home.start(&["notification-daemon", "--health-listen", "127.0.0.1:0"]).await;
    daemon.says("process.unwalled").await;
    let said = daemon.stop().await;
    let line = said.lines().find(|line| line.contains("process.unwalled")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    insta::assert_snapshot!(line["fields"]["reason"].as_str().unwrap(), @"signs in as postgres and works as muster_app, who may not change every table; run muster migrate as the owner of the tables");
}

/// Somebody who speaks as much of PostgreSQL's protocol (PostgreSQL documentation, "Message Formats") as a server does
/// before it is asked for anything of ours.
#[derive(Clone, Copy)]
enum Greeter {
    /// Wants a password, and it is the wrong one.
    Suspicious,
    /// Says that it is of that version.
    Of(&'static str),
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind][..], &length, body].concat()
}

impl Greeter {
    async fn open(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        telemetry::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A client that hangs up has heard enough.
                let _ = self.greet(client).await;
            }
        });
        address
    }

    async fn greet(self, mut client: TcpStream) -> std::io::Result<()> {
        let mut startup = Self::untagged(&mut client).await?;
        if startup.len() == 4 {
            // It asked for TLS.
            client.write_all(b"N").await?;
            startup = Self::untagged(&mut client).await?;
        }
        assert!(startup.starts_with(&[0, 3]), "version 3 of the protocol");
        let ready = message(b'Z', b"I");
        let Self::Of(version) = self else {
            client.write_all(&message(b'R', &[0, 0, 0, 3])).await?;
            Self::tagged(&mut client).await?;
            let refusal = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"muster\"\0\0";
            return client.write_all(&message(b'E', refusal)).await;
        };
        client.write_all(&[message(b'R', &[0; 4]), ready.clone()].concat()).await?;
        let column =
            [&b"\0\x01server_version_num\0"[..], &[0; 6], &[0, 0, 0, 25], &[0xff; 2], &[0xff; 4], &[0; 2]];
        let described =
            [message(b'1', b""), message(b't', &[0, 0]), message(b'T', &column.concat())].concat();
        let length = u32::try_from(version.len()).unwrap().to_be_bytes();
        let row = message(b'D', &[&[0, 1][..], &length, version.as_bytes()].concat());
        let told = [message(b'2', b""), row, message(b'C', b"SHOW\0")].concat();
        let mut answer = Vec::new();
        loop {
            match Self::tagged(&mut client).await? {
                b'P' => answer.extend_from_slice(&described),
                b'E' => answer.extend_from_slice(&told),
                b'S' => {
                    answer.extend_from_slice(&ready);
                    client.write_all(&std::mem::take(&mut answer)).await?;
                }
                b'X' => return Ok(()),
                _ => {}
            }
        }
    }

    async fn untagged(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
        let length = client.read_u32().await?;
        let mut body = vec![0; length as usize - 4];
        client.read_exact(&mut body).await?;
        Ok(body)
    }

    /// Reads a message; gives its kind.
    async fn tagged(client: &mut TcpStream) -> std::io::Result<u8> {
        let kind = client.read_u8().await?;
        Self::untagged(client).await?;
        Ok(kind)
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_old_server() {
    let line = async |greeter: Greeter| {
        let home = Home::new().set("REDIS_URL", "redis://127.0.0.1:1").set("AMQP_URL", "amqp://127.0.0.1:1");
        line(home, &format!("postgres://muster:marked@{}/muster", greeter.open().await)).await
    };
    insta::assert_snapshot!(line(Greeter::Suspicious).await, @r#"1 muster: 127.0.0.1:PORT/muster refuses: password authentication failed for user "muster""#);
    insta::assert_snapshot!(line(Greeter::Of("140012")).await, @"1 muster: PostgreSQL 15 or newer is needed, and 127.0.0.1:PORT/muster is PostgreSQL 14");
}
