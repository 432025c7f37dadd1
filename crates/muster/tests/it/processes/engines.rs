//! Redis and RabbitMQ that a service can't work with: it works on, and says so in one line and on `/readyz`.

use super::apart::Service;
use super::network::{Report, says};
use super::servers::Servers;
use crate::program::{Home, eventually};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A daemon, which asks nothing of Redis by itself.
async fn daemon(home: Home) -> Service {
    let home = home.set("MUSTER_INTERNAL_KEY", "a key that nobody else in the world has");
    let home = home.set("OTEL_SDK_DISABLED", "true");
    let name = "notification-daemon";
    Service { name, program: home.start(&[name, "--health-listen", "127.0.0.1:0"]).await }
}

/// Its one line with that name, as level and sentence.
async fn line(service: &Service, name: &str) -> String {
    let marked = format!("\"{name}\"");
    eventually(name, async || service.program.said().contains(&marked).then_some(())).await;
    let said = service.program.said();
    let lines: Vec<_> = said.lines().filter(|line| line.contains(&marked)).collect();
    assert_eq!(lines.len(), 1, "one clear line: {lines:#?}");
    let line: Value = serde_json::from_str(lines[0]).unwrap();
    format!("{} {}", line["level"].as_str().unwrap(), line["message"].as_str().unwrap())
}

/// Every number a `#`.
fn masked(said: &str) -> String {
    let mut masked = String::new();
    for letter in said.chars() {
        match (letter.is_ascii_digit(), masked.ends_with('#')) {
            (true, true) => {}
            (true, false) => masked.push('#'),
            (false, _) => masked.push(letter),
        }
    }
    masked
}

/// What a daemon says of an engine: its line, then the sentence on `/readyz`. It is ready all the same.
async fn told(home: Home, engine: &str, name: &str) -> String {
    let service = daemon(home).await;
    let line = line(&service, name).await;
    let settled = async || {
        Some(says(&service, engine, "200 warning").await).filter(|it| it.reason(engine) != "connecting")
    };
    let report: Report = eventually("what is wrong", settled).await;
    let told = masked(&format!("{line}\n{}", report.reason(engine)));
    let said = service.program.stop().await;
    assert!(!said.contains("marked"), "passwords stay where they are: {said}");
    told
}

#[tokio::test]
async fn a_broker_that_refuses_is_told_in_one_line_and_in_the_readiness() {
    let Some(servers) = Servers::of_our_own("refusing").await else { return };
    servers.home().run(&["migrate"]).await.done();
    let of = async |amqp: &str| told(servers.home().set("AMQP_URL", amqp), "bus", "bus.refused").await;
    let of_nobody = servers.amqp.replacen("://muster:", "://muster:marked", 1);
    insta::assert_snapshot!(of(&of_nobody).await, @r"
    ERROR RabbitMQ at #.#.#.#:# refuses the password of user muster. To mend it: rabbitmqctl change_password muster …, or mend the address.
    RabbitMQ at #.#.#.#:# refuses the password of user muster
    ");
    insta::assert_snapshot!(of(&format!("{}_elsewhere", servers.amqp)).await, @r"
    ERROR RabbitMQ at #.#.#.#:# has no virtual host muster_refusing_#_elsewhere. To mend it: rabbitmqctl add_vhost muster_refusing_#_elsewhere, or mend the address.
    RabbitMQ at #.#.#.#:# has no virtual host muster_refusing_#_elsewhere
    ");
    servers.declare_classic("muster.bot").await;
    insta::assert_snapshot!(of(&servers.amqp).await, @r"
    ERROR a queue or exchange of RabbitMQ is not as Muster declares it: PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for queue 'muster.bot' in vhost 'muster_refusing_#': received the value 'muster.events.dead' of type 'longstr' but current is none. To mend it: drain the queue, delete it with rabbitmqctl delete_queue, and Muster declares it anew; or take away the policy that changes it.
    a queue or exchange of RabbitMQ is not as Muster declares it: PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for queue 'muster.bot' in vhost 'muster_refusing_#': received the value 'muster.events.dead' of type 'longstr' but current is none
    ");
}

#[tokio::test]
async fn a_redis_that_refuses_or_is_old_is_told_in_one_line_and_in_the_readiness() {
    let Some(servers) = Servers::of_our_own("redis").await else { return };
    servers.home().run(&["migrate"]).await.done();
    let nobody = servers.redis.replacen("://", "://nobody_of_ours:marked@", 1);
    let refused = told(servers.home().set("REDIS_URL", &nobody), "cache", "cache.away").await;
    insta::assert_snapshot!(refused, @r"
    WARN Redis is away, it refuses user or password: values are loaded without it, and calls to Discord keep to a lower rate.
    Redis at #.#.#.#:#, database # is away: it refuses user or password
    ");
    let nowhere = servers.home().set("REDIS_URL", "redis://127.0.0.1:1");
    insta::assert_snapshot!(told(nowhere, "cache", "cache.away").await, @r"
    WARN Redis is away, nothing listens there: values are loaded without it, and calls to Discord keep to a lower rate.
    Redis at #.#.#.#:#, database # is away: nothing listens there
    ");

    let old = servers.home().set("REDIS_URL", &format!("redis://{}", old_redis().await));
    let examined = old.run(&["doctor"]).await;
    let wrong = examined.stdout.lines().find(|line| line.starts_with("wrong  redis: version")).unwrap();
    insta::assert_snapshot!(wrong, @"wrong  redis: version: Redis 6.2.14; upgrade to Redis 7 or later, or Valkey");
    insta::assert_snapshot!(told(old, "cache", "process.cache_too_old").await, @r"
    WARN Redis #.#.# at #.#.#.#:#, database # is too old: Muster needs Redis # or later, or Valkey; nothing may be kept in it.
    Redis #.#.# at #.#.#.#:#, database # is too old: Muster needs Redis # or later, or Valkey
    ");
}

/// Somebody who answers whatever is asked as a Redis 6.2 does.
async fn old_redis() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    telemetry::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // A client that hangs up has heard enough.
            telemetry::spawn(async move { drop(answer_as_an_old_one(client).await) });
        }
    });
    address
}

async fn answer_as_an_old_one(mut client: TcpStream) -> std::io::Result<()> {
    let info = "redis_version:6.2.14\r\nredis_mode:standalone\r\nrole:master\r\nmaxmemory:0\r\n";
    let mut asked = [0; 4096];
    loop {
        let read = client.read(&mut asked).await?;
        if read == 0 {
            return Ok(());
        }
        let commands = String::from_utf8_lossy(&asked[..read]).into_owned();
        // Each command is an array, which begins with a star.
        for command in commands.split('*').filter(|command| !command.is_empty()) {
            let is_info = command.contains("INFO");
            let answer =
                if is_info { format!("${}\r\n{info}\r\n", info.len()) } else { "+OK\r\n".to_owned() };
            client.write_all(answer.as_bytes()).await?;
        }
    }
}
