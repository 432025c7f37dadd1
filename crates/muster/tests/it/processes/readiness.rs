//! What each process says of itself while an engine is away, and how it ends then.

use super::apart::{Apart, Service};
use super::servers::Servers;
use crate::program::{eventually, until};
use serde_json::{Value, json};
use sqlx::{Executor as _, PgPool};
use testkit::{Network, Proxy};
use url::Url;

/// A disk without room, as PostgreSQL says it.
const FULL: &str = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$; \
     CREATE TRIGGER full_disk BEFORE INSERT ON games EXECUTE FUNCTION full_disk()";

/// Puts a network before a server that can fail.
async fn behind(address: &mut String) -> Proxy {
    let mut url = Url::parse(address).unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let proxy = Proxy::before(server.parse().unwrap()).await;
    url.set_port(Some(proxy.port())).unwrap();
    *address = url.to_string();
    proxy
}

/// The status of its `/readyz`, and what that says of an engine.
async fn says(service: &Service, engine: &str) -> String {
    let program = &service.program;
    let answer = program.http.get(format!("{}/readyz", program.address("health"))).send().await.unwrap();
    let status = answer.status().as_u16();
    let report: Value = answer.json().await.unwrap();
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == engine).unwrap();
    let kind = ["wrong", "warning"].into_iter().find(|kind| check.get(kind).is_some()).unwrap_or("well");
    format!("{status} {kind}")
}

/// Waits until every process says so.
async fn all_say(apart: &Apart, engine: &str, expected: impl Fn(&Service) -> &'static str) {
    for service in &apart.services {
        until(&format!("{} of {} and {engine}", expected(service), service.name), async || {
            let said = says(service, engine).await;
            if said == expected(service) { Ok(()) } else { Err(said) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_process_says_which_engine_is_away_and_ends_well_without_it() {
    let Some(mut servers) = Servers::of_our_own("readiness").await else { return };
    let direct = PgPool::connect(&servers.database).await.unwrap();
    let (database, broker) = (behind(&mut servers.database).await, behind(&mut servers.amqp).await);
    let apart = Apart::prepare(&servers).await.start(1, 1).await;
    let well = |_: &Service| "200 well";
    all_say(&apart, "database", well).await;
    all_say(&apart, "bus", well).await;

    broker.becomes(Network::Cut);
    let lives_on_events = |service: &Service| match service.name {
        "bot" => "503 wrong",
        _ => "200 warning",
    };
    all_say(&apart, "bus", lives_on_events).await;
    broker.becomes(Network::Up);
    all_say(&apart, "bus", well).await;

    let api = &apart.services[0].program;
    let ada = api.person(&apart.home.token("Ada").await);
    api.knows_guild(&ada).await;
    let start = apart.guild().now().await + jiff::SignedDuration::from_hours(24);
    let wish = json!({ "guild": practice::cast::GUILD_ID.to_string(), "title": "Ashfall", "start": start });
    direct.execute(FULL).await.unwrap();
    insta::assert_snapshot!(ada.post("/api/v1/games", &wish).await.problem(), @"503 /problems/unavailable");
    direct.execute("DROP TRIGGER full_disk ON games").await.unwrap();
    ada.create(&wish).await;

    database.becomes(Network::Cut);
    all_say(&apart, "database", |_| "503 wrong").await;
    database.becomes(Network::Up);
    all_say(&apart, "database", well).await;
    for service in &apart.services {
        let said = service.program.said();
        for line in ["process.database_away", "process.database_back"] {
            assert_eq!(said.matches(line).count(), 1, "{}: {line}", service.name);
        }
    }

    database.becomes(Network::Cut);
    all_say(&apart, "database", |_| "503 wrong").await;
    direct.close().await;
    apart.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_refuses_is_told_in_one_line_and_in_the_readiness() {
    let Some(servers) = Servers::of_our_own("refused").await else { return };
    servers.home().run(&["migrate"]).await.done();
    let of_nobody = servers.amqp.replacen("://muster:", "://muster:marked", 1);
    let nowhere = format!("{}_elsewhere", servers.amqp);
    servers.declare_classic("muster.bot").await;
    let cases = [
        (of_nobody, "refuses the password of user muster"),
        (nowhere, "has no virtual host"),
        (servers.amqp.clone(), "is not as Muster declares it"),
    ];
    for (amqp, what) in cases {
        let home = servers
            .home()
            .set("AMQP_URL", &amqp)
            .set("MUSTER_INTERNAL_KEY", "a key that nobody else in the world has");
        let program = home.start(&["notification-daemon", "--health-listen", "127.0.0.1:0"]).await;
        let service = Service { name: "notification-daemon", program };
        eventually(what, async || service.program.said().contains("bus.refused").then_some(())).await;
        until(what, async || match says(&service, "bus").await {
            said if said == "200 warning" => Ok(()),
            said => Err(said),
        })
        .await;
        let said = service.program.said();
        let lines: Vec<_> = said.lines().filter(|line| line.contains("bus.refused")).collect();
        assert!(
            lines.len() == 1 && lines[0].contains(what) && lines[0].contains("To mend it: "),
            "{lines:#?}"
        );
        assert!(!said.contains("marked"), "{said}");
        service.program.stop().await;
    }
}
