//! RabbitMQ: a virtual host of the test's own on a broker that others use, too.

use std::ops::Bound;

use collector::Target;
use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    message::Delivery,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, QueueDeclareOptions,
    },
    types::FieldTable,
};
use serde_json::json;

use super::{address, http, watch::Watch};

/// What only somebody who owns the machine, or the whole broker, can move.
const UNMOVED: [(&str, &str); 8] = [
    ("rabbitmq.node.disk_free", "it is what everybody on this machine writes"),
    ("rabbitmq.node.disk_free_alarm", "it would stop whoever else publishes"),
    ("rabbitmq.node.disk_free_limit", "it is configured when the broker starts"),
    ("rabbitmq.node.fd_total", "it is what the system gives the broker when it starts"),
    ("rabbitmq.node.mem_alarm", "it would stop whoever else publishes"),
    ("rabbitmq.node.mem_limit", "it is configured when the broker starts"),
    ("rabbitmq.node.proc_total", "it is configured when the broker starts"),
    ("rabbitmq.node.sockets_total", "it is what the system gives the broker when it starts"),
];

/// The management API, as somebody who may do everything.
struct Management {
    api: String,
    http: reqwest::Client,
}

impl Management {
    fn of(url: &str) -> Self {
        Self { api: format!("{}/api", url.trim_end_matches('/')), http: http() }
    }

    async fn put(&self, path: &str, body: serde_json::Value) {
        let answer = self.http.put(format!("{}/{path}", self.api)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// The broker's major version.
    async fn version(&self) -> u32 {
        let answer = self.http.get(format!("{}/overview", self.api)).send().await.unwrap();
        let overview: serde_json::Value = answer.json().await.unwrap();
        overview["rabbitmq_version"].as_str().unwrap().split('.').next().unwrap().parse().unwrap()
    }

    async fn delete(&self, path: &str) {
        let answer = self.http.delete(format!("{}/{path}", self.api)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }
}

/// A virtual host with one queue, and somebody who may but look at it.
struct Ground {
    management: Management,
    name: String,
    amqp: url::Url,
    watcher: url::Url,
}

impl Ground {
    async fn new(name: &str) -> Option<Self> {
        let management_url = address("MUSTER_TEST_RABBITMQ_MANAGEMENT_URL")?;
        let mut amqp = url::Url::parse(&address("MUSTER_TEST_AMQP_URL")?).unwrap();
        let name = format!("{name}-{}", std::process::id());
        let management = Management::of(&management_url);
        management.put(&format!("vhosts/{name}"), json!({})).await;
        let all = json!({"configure": ".*", "write": ".*", "read": ".*"});
        management.put(&format!("permissions/{name}/{}", amqp.username()), all).await;
        management
            .put(&format!("users/{name}"), json!({"password": "let-me-look", "tags": "monitoring"}))
            .await;
        amqp.set_path(&name);
        let mut watcher = url::Url::parse(&management_url).unwrap();
        watcher.set_username(&name).unwrap();
        watcher.set_password(Some("let-me-look")).unwrap();
        Some(Self { management, name, amqp, watcher })
    }

    /// Lets the watcher in: it may do nothing there, but sees what is there.
    async fn let_in(&self) {
        let none = json!({"configure": "^$", "write": "^$", "read": "^$"});
        self.management.put(&format!("permissions/{0}/{0}", self.name), none).await;
    }

    /// A connection with one channel.
    async fn connect(&self) -> (Connection, Channel) {
        let connection =
            Connection::connect(self.amqp.as_str(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    async fn clear(self) {
        self.management.delete(&format!("vhosts/{}", self.name)).await;
        self.management.delete(&format!("users/{}", self.name)).await;
    }
}

#[tokio::test]
async fn rabbitmq_metrics_collected() {
    let Some(ground) = Ground::new("collector-numbers").await else { return };
    ground.let_in().await;
    let watch = Watch::over(Target::rabbitmq, ground.watcher.as_str()).await;
    watch.is("up", &[], 1.0).await;
    of_messages(&watch, &ground).await;
    of_nodes(&watch, &ground).await;
    insta::assert_snapshot!(watch.shapes(), @r"
    rabbitmq.consumer.count {consumers} level int rabbitmq.queue.name rabbitmq.node.name rabbitmq.vhost.name
    rabbitmq.message.acknowledged {messages} counter int rabbitmq.queue.name rabbitmq.node.name rabbitmq.vhost.name
    rabbitmq.message.current {messages} level int rabbitmq.queue.name rabbitmq.node.name rabbitmq.vhost.name state
    rabbitmq.message.delivered {messages} counter int rabbitmq.queue.name rabbitmq.node.name rabbitmq.vhost.name
    rabbitmq.message.dropped {messages} counter int rabbitmq.queue.name rabbitmq.node.name rabbitmq.vhost.name
    rabbitmq.message.dropped {messages} counter int rabbitmq.vhost.name
    rabbitmq.message.published {messages} counter int rabbitmq.queue.name rabbitmq.node.name rabbitmq.vhost.name
    rabbitmq.node.disk_free {bytes} level int rabbitmq.node.name
    rabbitmq.node.disk_free_alarm {status} level int rabbitmq.node.name
    rabbitmq.node.disk_free_limit {bytes} level int rabbitmq.node.name
    rabbitmq.node.fd_total {fd} level int rabbitmq.node.name
    rabbitmq.node.fd_used {fd} level int rabbitmq.node.name
    rabbitmq.node.mem_alarm {status} level int rabbitmq.node.name
    rabbitmq.node.mem_limit {bytes} level int rabbitmq.node.name
    rabbitmq.node.mem_used {bytes} level int rabbitmq.node.name
    rabbitmq.node.proc_total {processes} level int rabbitmq.node.name
    rabbitmq.node.proc_used {processes} level int rabbitmq.node.name
    rabbitmq.node.sockets_total {sockets} level int rabbitmq.node.name
    rabbitmq.node.sockets_used {sockets} level int rabbitmq.node.name
    up  gauge int
    ");
    watch.has_looked_at_all_but(&UNMOVED);
    watch.stop().await;
    ground.clear().await;
}

async fn publish(channel: &Channel, queue: &str, messages: u32, body: &[u8]) {
    for _ in 0..messages {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        channel
            .basic_publish("".into(), queue.into(), options, body, properties)
            .await
            .unwrap()
            .await
            .unwrap();
    }
}

/// Ten messages are published and five for nobody; four are delivered at once, three of them acknowledged.
async fn of_messages(watch: &Watch, ground: &Ground) {
    let (connection, channel) = ground.connect().await;
    let queue = "seats";
    channel.queue_declare(queue.into(), QueueDeclareOptions::default(), FieldTable::default()).await.unwrap();
    let vhost = ("rabbitmq.vhost.name", ground.name.as_str());
    let labels = [("rabbitmq.queue.name", queue), vhost];
    let current = |state| [labels[0], labels[1], ("state", state)];
    let counts = ["published", "delivered", "acknowledged"].map(|what| format!("rabbitmq.message.{what}"));
    for count in &counts {
        watch.is(count, &labels, 0.0).await;
    }
    publish(&channel, queue, 10, b"x").await;
    publish(&channel, "nobody", 5, b"x").await;
    watch.is("rabbitmq.message.current", &current("ready"), 10.0).await;
    watch.is("rabbitmq.consumer.count", &labels, 0.0).await;

    channel.basic_qos(4, BasicQosOptions::default()).await.unwrap();
    let options = BasicConsumeOptions::default();
    let mut consumer =
        channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await.unwrap();
    let mut delivered: Vec<Delivery> = Vec::new();
    for _ in 0..4 {
        delivered.push(consumer.next().await.unwrap().unwrap());
    }
    watch.is("rabbitmq.consumer.count", &labels, 1.0).await;
    watch.is("rabbitmq.message.current", &current("unacknowledged"), 4.0).await;
    watch.is("rabbitmq.message.current", &current("ready"), 6.0).await;
    for delivery in &delivered[..3] {
        delivery.ack(BasicAckOptions::default()).await.unwrap();
    }
    // Three places are free for the next ones.
    for (count, number) in counts.iter().zip([10.0, 7.0, 3.0]) {
        watch.is(count, &labels, number).await;
    }
    watch.is("rabbitmq.message.current", &current("ready"), 3.0).await;
    watch.is("rabbitmq.message.dropped", &[vhost], 5.0).await;
    watch.is("rabbitmq.message.dropped", &labels, 0.0).await;
    connection.close(200, "done".into()).await.unwrap();
}

/// Thirty connections come and go, and messages that are kept in memory. Others do the same, but not as much.
async fn of_nodes(watch: &Watch, ground: &Ground) {
    let before = watch.now().await;
    let mut connections = Vec::new();
    for _ in 0..30 {
        connections.push(ground.connect().await);
    }
    let by = |number: f64| (Bound::Included(number), Bound::Unbounded);
    // Since 4.0 a broker counts no sockets by themselves.
    let sockets = if ground.management.version().await < 4 { 20.0 } else { 0.0 };
    watch.rises(&before, ("rabbitmq.node.sockets_used", &[]), by(sockets)).await;
    watch.rises(&before, ("rabbitmq.node.fd_used", &[]), by(20.0)).await;
    // Each connection and each channel has a handful.
    watch.rises(&before, ("rabbitmq.node.proc_used", &[]), by(100.0)).await;
    publish(&connections[0].1, "seats", 60, &vec![b'x'; 1_000_000]).await;
    watch.rises(&before, ("rabbitmq.node.mem_used", &[]), by(20e6)).await;
    for (connection, _) in connections {
        connection.close(200, "done".into()).await.unwrap();
    }
}

#[tokio::test]
async fn a_monitoring_user_sees_the_queues_of_a_host_that_lets_it_in() {
    let Some(ground) = Ground::new("collector-watched").await else { return };
    let (connection, channel) = ground.connect().await;
    channel
        .queue_declare("seats".into(), QueueDeclareOptions::default(), FieldTable::default())
        .await
        .unwrap();
    let watch = Watch::over(Target::rabbitmq, ground.watcher.as_str()).await;
    watch.is("up", &[], 1.0).await;
    let vhost = ("rabbitmq.vhost.name", ground.name.as_str());
    watch.is("rabbitmq.message.dropped", &[vhost], 0.0).await;
    watch.until("rabbitmq.node.mem_used", &[], |bytes| bytes > 0.0).await;
    assert_eq!(watch.now().await.value("rabbitmq.consumer.count", &[vhost]), None);
    ground.let_in().await;
    watch.is("rabbitmq.consumer.count", &[vhost, ("rabbitmq.queue.name", "seats")], 0.0).await;
    watch.stop().await;
    connection.close(200, "done".into()).await.unwrap();
    ground.clear().await;
}

#[tokio::test]
async fn a_rabbitmq_that_wants_another_password_is_down() {
    let Some(url) = address("MUSTER_TEST_RABBITMQ_MANAGEMENT_URL") else { return };
    let mut wrong = url::Url::parse(&url).unwrap();
    wrong.set_password(Some("not-the-password")).unwrap();
    let lines = super::targets::Lines::listen();
    let _ = http();
    let watch = Watch::over(Target::rabbitmq, wrong.as_str()).await;
    watch.is("up", &[], 0.0).await;
    watch.now().await;
    watch.has_looked_at_all_but(&[]);
    watch.stop().await;
    let told = lines.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("401") && !told[0].contains("not-the-password"), "{told:?}");
}
