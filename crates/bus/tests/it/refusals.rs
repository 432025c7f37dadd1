//! What a broker refuses is said in one line, with how to mend it.

use bus::{BrokerError, Health, PublishError, QueueSpec, RabbitConfig};
use lapin::ExchangeKind;
use lapin::options::{
    ExchangeDeclareOptions, ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use telemetry::{Secret, ServiceName, Telemetry};
use tokio::net::TcpListener;

use crate::broker::{self, Scene};
use crate::conformance::{BOT, eventually, message, next};
use crate::management::Management;
use crate::proxy::{Proxy, Way};

/// The address with something changed.
fn changed(scene: &Scene, change: impl FnOnce(&mut AMQPUri)) -> RabbitConfig {
    let mut uri: AMQPUri = scene.url.parse().unwrap();
    change(&mut uri);
    RabbitConfig { url: Secret::new(uri.to_string()), ..scene.config() }
}

/// What a bus and a check-up say of it, which is the same; without this machine's addresses, and in the words of
/// RabbitMQ 3, since 4 says of what kind an access was.
async fn refusal(scene: &Scene, config: RabbitConfig) -> String {
    let bus = scene.bus_with(config.clone());
    bus.declare(BOT);
    let down = async || match bus.health() {
        Health::Down(error) => Some(error),
        _ => None,
    };
    let error = eventually(down).await;
    let checked = match bus::check(config.clone(), &[BOT]).await {
        Err(error) => error,
        Ok(report) => report.problems.into_iter().next().expect("it finds what is wrong"),
    };
    assert_eq!(checked.error_type(), error.error_type(), "{checked}");
    assert_eq!(checked.mend(), error.mend());
    let said = format!("{checked}\n{}", checked.mend());
    assert!(!format!("{said} {error:?} {bus:?} {config:?}").contains("canary"), "{said}");
    let uri: AMQPUri = config.url.expose().parse().unwrap();
    let said = said.replace(&format!(":{}", uri.authority.port), ":PORT").replace(&scene.prefix, "");
    said.replace(&std::process::id().to_string(), "PID")
}

#[tokio::test]
async fn a_wrong_password() {
    broker::tell("password", async |scene| {
        let config = changed(scene, |uri| uri.authority.userinfo.password = "canary".to_owned());

        insta::assert_snapshot!(refusal(scene, config).await, @r"
        RabbitMQ at 127.0.0.1:PORT refuses the password of user muster
        rabbitmqctl change_password muster …, or mend the address
        ");
    })
    .await;
}

#[tokio::test]
async fn a_virtual_host_that_is_not_there() {
    broker::tell("vhost", async |scene| {
        let config = changed(scene, |uri| uri.vhost = "nowhere".to_owned());

        insta::assert_snapshot!(refusal(scene, config).await, @r"
        RabbitMQ at 127.0.0.1:PORT has no virtual host nowhere
        rabbitmqctl add_vhost nowhere, or mend the address
        ");
    })
    .await;
}

#[tokio::test]
async fn nobody_there() {
    broker::tell("nobody", async |scene| {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let config = changed(scene, |uri| uri.authority.port = port);

        insta::assert_snapshot!(refusal(scene, config).await, @r"
        RabbitMQ at 127.0.0.1:PORT cannot be reached: Connection refused (os error 111)
        see that RabbitMQ runs and that host and port are right; Muster goes on trying
        ");
    })
    .await;
}

#[tokio::test]
async fn somebody_who_says_nothing() {
    broker::tell("mute", async |scene| {
        let proxy = Proxy::before(&scene.url).await;
        proxy.set(Way::Hole);
        let config = RabbitConfig { url: proxy.url(&scene.url), ..scene.config() };

        let said = refusal(scene, config).await;

        assert!(said.starts_with("RabbitMQ at 127.0.0.1:PORT cannot be reached: "), "{said}");
    })
    .await;
}

#[tokio::test]
async fn a_queue_with_other_arguments() {
    broker::tell("other-queue", async |scene| {
        let (_connection, channel) = scene.channel().await;
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let queue = scene.named(BOT.name);
        channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();

        insta::assert_snapshot!(refusal(scene, scene.config()).await, @r"
        a queue or exchange of RabbitMQ is not as Muster declares it: PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for queue 'muster.bot' in vhost '/': received the value 'muster.events.dead' of type 'longstr' but current is none
        drain the queue, delete it with rabbitmqctl delete_queue, and Muster declares it anew; or take away the policy that changes it
        ");
    })
    .await;
}

#[tokio::test]
async fn an_exchange_of_another_kind() {
    broker::tell("other-exchange", async |scene| {
        let (_connection, channel) = scene.channel().await;
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let (name, kind) = (scene.named("muster.events.dead"), ExchangeKind::Fanout);
        channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await.unwrap();

        insta::assert_snapshot!(refusal(scene, scene.config()).await, @r"
        a queue or exchange of RabbitMQ is not as Muster declares it: PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'muster.events.dead' in vhost '/': received 'direct' but current is 'fanout'
        delete the exchange on RabbitMQ's management page, and Muster declares it anew
        ");
    })
    .await;
}

#[tokio::test]
async fn a_binding_that_is_gone() {
    broker::tell("unbound", async |scene| {
        let telemetry = Telemetry::off(ServiceName::Bot);
        let bus = scene.bus();
        let mut bot = bus.subscribe(BOT).await;
        let (_connection, channel) = scene.channel().await;
        let (queue, exchange) = (scene.named(BOT.name), scene.named(bus::EXCHANGE));
        let unbound = channel.queue_unbind(
            queue.into(),
            exchange.into(),
            BOT.bindings[0].into(),
            FieldTable::default(),
        );
        unbound.await.unwrap();
        assert_eq!(bus.publish(&telemetry, &[message(1)]).await, [Err(PublishError::Unroutable)]);

        let report = bus::check(scene.config(), &[BOT]).await.unwrap();

        assert_eq!((report.problems, report.missing), (vec![], vec![]));
        assert_eq!(bus.publish(&telemetry, &[message(1)]).await, [Ok(())]);
        next(&mut bot).await.ack(&telemetry).await;
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_reserved() {
    broker::tell("reserved", async |scene| {
        let config = RabbitConfig { name_prefix: "amq.".to_owned(), ..scene.config() };

        let bus = scene.bus_with(config);

        let forbidden = async || match bus.health() {
            Health::Down(error @ BrokerError::Forbidden { .. }) => Some(error.to_string()),
            _ => None,
        };
        insta::assert_snapshot!(eventually(forbidden).await, @"RabbitMQ lets user muster into virtual host / but refuses: ACCESS_REFUSED - exchange name 'amq.muster.events' contains reserved prefix 'amq.*'");
    })
    .await;
}

#[tokio::test]
async fn a_user_without_rights() {
    let Some(management) = Management::there() else { return };
    broker::tell("rights", async |scene| {
        management.put("users/muster-test-guest", r#"{"password":"canary","tags":""}"#).await;
        management.delete("permissions/%2f/muster-test-guest").await;
        let config = changed(scene, |uri| {
            uri.authority.userinfo.username = "muster-test-guest".to_owned();
            uri.authority.userinfo.password = "canary".to_owned();
        });

        insta::assert_snapshot!(refusal(scene, config.clone()).await, @r#"
        RabbitMQ does not let user muster-test-guest into virtual host /
        rabbitmqctl set_permissions -p / muster-test-guest "^(muster\.|amq\.gen-|amq\.default$).*" "^(muster\.|amq\.gen-|amq\.default$).*" "^(muster\.|amq\.gen-|amq\.default$).*"
        "#);

        let nothing = r#"{"configure":"^$","write":"^$","read":"^$"}"#;
        management.put("permissions/%2f/muster-test-guest", nothing).await;
        let said = refusal(scene, config.clone()).await;
        // What it is that it refuses first is for each version of RabbitMQ to say.
        let (refused, mend) = said.split_once("ACCESS_REFUSED - ").unwrap();
        let (_, mend) = mend.split_once(" refused for user 'muster-test-guest'").unwrap();
        insta::assert_snapshot!([refused, "…", mend].concat(), @r#"
        RabbitMQ lets user muster-test-guest into virtual host / but refuses: …
        rabbitmqctl set_permissions -p / muster-test-guest "^(muster\.|amq\.gen-|amq\.default$).*" "^(muster\.|amq\.gen-|amq\.default$).*" "^(muster\.|amq\.gen-|amq\.default$).*"
        "#);

        let pattern = r"^(muster\\.|amq\\.gen-|amq\\.default$).*";
        let enough = format!(r#"{{"configure":"{pattern}","write":"{pattern}","read":"{pattern}"}}"#);
        management.put("permissions/%2f/muster-test-guest", &enough).await;
        does_everything(scene, config).await;
        management.delete("users/muster-test-guest").await;
    })
    .await;
}

/// What the mended rights allow: all that a bus does.
async fn does_everything(scene: &Scene, config: RabbitConfig) {
    let name_prefix = format!("muster.{}", scene.prefix);
    let config = RabbitConfig { name_prefix: name_prefix.clone(), ..config };
    let bus = scene.bus_with(config.clone());
    let telemetry = Telemetry::off(ServiceName::Bot);
    let mut live = bus.subscribe(QueueSpec::transient("muster.live", &["#"])).await;
    let mut bot = bus.subscribe(BOT).await;

    assert_eq!(bus.publish(&telemetry, &[message(1)]).await, [Ok(())]);
    next(&mut live).await.ack(&telemetry).await;
    for _ in 0..=BOT.delivery_limit {
        next(&mut bot).await.reject(&telemetry).await;
    }
    eventually(async || (bus.redrive(&BOT, None).await == Ok(1)).then_some(())).await;
    next(&mut bot).await.ack(&telemetry).await;
    let report = bus::check(config, &[BOT]).await.unwrap();
    assert_eq!((report.problems, report.missing), (vec![], vec![]));

    let (_connection, channel) = scene.channel().await;
    for queue in ["muster.bot", "muster.bot.dead"] {
        channel
            .queue_delete(format!("{name_prefix}{queue}").into(), QueueDeleteOptions::default())
            .await
            .unwrap();
    }
    for exchange in ["muster.events", "muster.events.dead"] {
        let options = ExchangeDeleteOptions::default();
        channel.exchange_delete(format!("{name_prefix}{exchange}").into(), options).await.unwrap();
    }
}

#[tokio::test]
async fn a_broker_that_suits_says_what_it_is() {
    broker::tell("suits", async |scene| {
        let report = bus::check(scene.config(), &[BOT]).await.unwrap();
        assert_eq!(report.problems, []);
        let names = ["muster.events", "muster.events.dead", "muster.bot", "muster.bot.dead"]
            .map(|name| scene.named(name));
        assert_eq!(report.missing, names);

        scene.bus().subscribe(BOT).await;

        let report = bus::check(scene.config(), &[BOT]).await.unwrap();
        assert_eq!((report.problems, report.missing), (vec![], vec![]));
        assert!(report.version.split('.').count() >= 3, "{}", report.version);
    })
    .await;
}
