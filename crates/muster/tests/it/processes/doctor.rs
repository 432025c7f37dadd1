//! What `muster doctor` finds in the three servers, and how it says to mend it.

use super::servers::Servers;
use crate::program::{Home, Ran};
use sqlx::{Executor as _, PgPool};

/// So that no other program is in the way.
const FREE: [&str; 4] = ["MUSTER_LISTEN", "MUSTER_PRACTICE", "MUSTER_OTLP_GRPC", "MUSTER_OTLP_HTTP"];

fn patient(home: Home) -> Home {
    FREE.into_iter().fold(home, |home, variable| home.set(variable, "127.0.0.1:0"))
}

/// Each thing that it has looked at and how it found it, without how quick it is today.
fn subjects(ran: &Ran) -> String {
    let of_servers = ["version", "clock", "permissions", "migrations", "redis", "rabbitmq"];
    let lines = ran.stdout.lines().filter(|line| of_servers.iter().any(|name| line[7..].starts_with(name)));
    let subjects = lines.map(|line| {
        let words = if line[7..].starts_with("redis") { 2 } else { 1 };
        line.split(':').take(words).collect::<Vec<_>>().join(":")
    });
    subjects.filter(|subject| !subject.ends_with("latency")).collect::<Vec<_>>().join("\n")
}

/// What is wrong and how to mend it, every number a `#`.
fn wrong(ran: &Ran) -> String {
    let lines = ran.stdout.lines().filter(|line| line.starts_with("wrong")).map(|line| {
        let mut masked = String::new();
        for letter in line.chars() {
            match (letter.is_ascii_digit(), masked.ends_with('#')) {
                (true, true) => {}
                (true, false) => masked.push('#'),
                (false, _) => masked.push(letter),
            }
        }
        masked
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_doctor_examines_servers_and_says_how_to_mend_them() {
    let Some(servers) = Servers::of_our_own("doctor").await else { return };
    let home = patient(servers.home());
    let early = home.run(&["doctor"]).await;
    assert_eq!(early.code(), Some(1), "{early:#?}");
    assert!(wrong(&early).contains("wrong  migrations: # are pending; run muster migrate"), "{early:#?}");

    home.run(&["migrate"]).await.done();
    let well = home.run(&["doctor"]).await;
    assert_eq!(well.code(), Some(0), "{well:#?}");
    insta::assert_snapshot!(subjects(&well), @r"
    ok     version
    ok     clock
    ok     permissions
    ok     migrations
    ok     redis: reachable
    ok     redis: version
    ok     redis: role
    ok     redis: memory
    ok     redis: permissions
    ok     rabbitmq
    ");

    servers.declare_classic("muster.bot").await;
    let differs = home.run(&["doctor"]).await;
    assert_eq!(differs.code(), Some(1), "{differs:#?}");
    insta::assert_snapshot!(wrong(&differs), @"wrong  rabbitmq: a queue or exchange of RabbitMQ is not as Muster declares it: PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for queue 'muster.bot' in vhost 'muster_doctor_#': received the value 'muster.events.dead' of type 'longstr' but current is none; drain the queue, delete it with rabbitmqctl delete_queue, and Muster declares it anew; or take away the policy that changes it");
}

#[tokio::test]
async fn the_doctor_tells_who_refuses_from_who_is_not_there() {
    let Some(servers) = Servers::of_our_own("strangers").await else { return };
    let with = |address: &str, user: &str| address.replacen("://", &format!("://{user}"), 1);
    let amqp = servers.amqp.split('@').next_back().unwrap();
    let strangers = patient(Home::new())
        .set("DATABASE_URL", &servers.database.replace("postgres@", "nobody_of_ours:marked@"))
        .set("REDIS_URL", &with(&servers.redis, "nobody_of_ours:marked@"))
        .set("AMQP_URL", &format!("amqp://nobody_of_ours:marked@{amqp}"));
    let refused = strangers.run(&["doctor"]).await;
    assert_eq!(refused.code(), Some(1), "{refused:#?}");
    assert!(!format!("{refused:?}").contains("marked"), "passwords stay where they are: {refused:#?}");
    insta::assert_snapshot!(wrong(&refused), @r#"
    wrong  database: #.#.#.#:#/muster_strangers_# refuses: role "nobody_of_ours" does not exist; check the user, the password and the database's name in DATABASE_URL, and that this user may connect to it
    wrong  redis: signing in: #.#.#.#:#, database # refuses user or password; put the right user and password into REDIS_URL: redis://user:password@host:#/#
    wrong  rabbitmq: RabbitMQ at #.#.#.#:# refuses the password of user nobody_of_ours; rabbitmqctl change_password nobody_of_ours …, or mend the address
    "#);

    let nowhere = patient(Home::new())
        .set("DATABASE_URL", "postgres://muster@127.0.0.1:1/muster")
        .set("REDIS_URL", "redis://127.0.0.1:1")
        .set("AMQP_URL", "amqp://127.0.0.1:1");
    let absent = nowhere.run(&["doctor"]).await;
    assert_eq!(absent.code(), Some(1), "{absent:#?}");
    insta::assert_snapshot!(wrong(&absent), @r"
    wrong  database: #.#.#.#:#/muster can't be opened: error communicating with database: Connection refused (os error #); start it, or correct the address in DATABASE_URL; a firewall may be in between
    wrong  redis: reachable: nothing listens at #.#.#.#:#, database #; start Redis there, or correct host and port in REDIS_URL
    wrong  rabbitmq: RabbitMQ at #.#.#.#:# cannot be reached: Connection refused (os error #); see that RabbitMQ runs and that host and port are right; Muster goes on trying
    ");
}

/// A server whose clock is an hour ahead, as all who ask it for the time see it.
const AHEAD: &str = "CREATE SCHEMA skewed; GRANT USAGE ON SCHEMA skewed TO PUBLIC; \
     CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql \
     AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$";

#[tokio::test]
async fn the_doctor_tells_of_a_server_whose_clock_is_wrong() {
    let Some(servers) = Servers::of_our_own("skewed").await else { return };
    let home = patient(servers.home());
    home.run(&["migrate"]).await.done();
    let owner = PgPool::connect(&servers.database).await.unwrap();
    owner.execute(AHEAD).await.unwrap();
    let name = servers.database.rsplit_once('/').unwrap().1;
    let path = format!("ALTER DATABASE {name} SET search_path = public, skewed, pg_catalog");
    owner.execute(sqlx::AssertSqlSafe(path)).await.unwrap();
    owner.close().await;
    let skewed = home.run(&["doctor"]).await;
    assert_eq!(skewed.code(), Some(1), "{skewed:#?}");
    insta::assert_snapshot!(wrong(&skewed), @"wrong  clock: the server's clock is # ms ahead of this machine's; let both keep time by NTP");
}
