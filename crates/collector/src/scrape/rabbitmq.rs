//! What a RabbitMQ broker says of its queues and nodes, through its management API.

use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    ScrapeError,
    sheet::{Name, Sheet},
    target::RabbitmqServer,
};

/// Columns that are asked for: the rest of a queue's facts is most of the answer.
const QUEUE_COLUMNS: &str =
    "columns=name,vhost,node,consumers,messages_ready,messages_unacknowledged,message_stats";
/// A broker with more queues is cut off here.
const MAX_QUEUES: usize = 2_000;

/// `(metric, where its number is)`: of a node.
const NODE: [(Name, &str); 10] = [
    (("rabbitmq.node.disk_free", "{bytes}"), "disk_free"),
    (("rabbitmq.node.disk_free_limit", "{bytes}"), "disk_free_limit"),
    (("rabbitmq.node.fd_total", "{fd}"), "fd_total"),
    (("rabbitmq.node.fd_used", "{fd}"), "fd_used"),
    (("rabbitmq.node.mem_limit", "{bytes}"), "mem_limit"),
    (("rabbitmq.node.mem_used", "{bytes}"), "mem_used"),
    (("rabbitmq.node.proc_total", "{processes}"), "proc_total"),
    (("rabbitmq.node.proc_used", "{processes}"), "proc_used"),
    (("rabbitmq.node.sockets_total", "{sockets}"), "sockets_total"),
    (("rabbitmq.node.sockets_used", "{sockets}"), "sockets_used"),
];

/// Of a virtual host, all that there is to be known.
const VHOST_COLUMNS: &str = "columns=name,message_stats.drop_unroutable";

const COUNTS: [(Name, &str); 4] = [
    (("rabbitmq.message.delivered", "{messages}"), "deliver"),
    (("rabbitmq.message.published", "{messages}"), "publish"),
    (("rabbitmq.message.acknowledged", "{messages}"), "ack"),
    (DROPPED, "drop_unroutable"),
];
/// Messages that no queue was there for. The receiver looks for them at queues, where they never are; the broker counts
/// them for each virtual host.
const DROPPED: Name = ("rabbitmq.message.dropped", "{messages}");

pub(super) async fn read(server: &RabbitmqServer, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    let mut client = reqwest::Client::builder().no_proxy();
    if server.api.scheme() == "http" {
        // The machine's authorities need not be read for what is not encrypted.
        client = client.tls_certs_only([]);
    }
    let client = client.build()?;
    let queues: Vec<Value> = get(&client, server, &format!("api/queues?{QUEUE_COLUMNS}")).await?;
    for queue in queues.iter().take(MAX_QUEUES) {
        of_queue(sheet, queue);
    }
    let vhosts: Vec<Value> = get(&client, server, &format!("api/vhosts?{VHOST_COLUMNS}")).await?;
    for vhost in vhosts.iter().take(MAX_QUEUES) {
        of_vhost(sheet, vhost);
    }
    let nodes: Vec<Value> = get(&client, server, "api/nodes").await?;
    for node in &nodes {
        of_node(sheet, node);
    }
    Ok(())
}

async fn get<T: DeserializeOwned>(
    client: &reqwest::Client,
    server: &RabbitmqServer,
    path: &str,
) -> Result<T, ScrapeError> {
    let address = format!("{}/{path}", server.api.as_str().trim_end_matches('/'));
    let request = client.get(address).basic_auth(&server.user, Some(server.password.expose_secret()));
    let answer = request.send().await.map_err(reqwest::Error::without_url)?;
    if !answer.status().is_success() {
        return Err(ScrapeError::Refused(answer.status().to_string()));
    }
    Ok(answer.json().await.map_err(reqwest::Error::without_url)?)
}

fn of_queue(sheet: &mut Sheet, queue: &Value) {
    let text = |key: &str| queue[key].as_str().unwrap_or_default();
    let labels = [
        ("rabbitmq.queue.name", text("name")),
        ("rabbitmq.node.name", text("node")),
        ("rabbitmq.vhost.name", text("vhost")),
    ];
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    sheet.level(("rabbitmq.consumer.count", "{consumers}"), number(&queue["consumers"]), &labels);
    for (state, key) in [("ready", "messages_ready"), ("unacknowledged", "messages_unacknowledged")] {
        let labels = [labels[0], labels[1], labels[2], ("state", state)];
        sheet.level(("rabbitmq.message.current", "{messages}"), number(&queue[key]), &labels);
    }
    for (name, key) in COUNTS {
        sheet.counter(name, number(&queue["message_stats"][key]), &labels);
    }
}

fn of_vhost(sheet: &mut Sheet, vhost: &Value) {
    let labels = [("rabbitmq.vhost.name", vhost["name"].as_str().unwrap_or_default())];
    let dropped = vhost["message_stats"]["drop_unroutable"].as_i64().unwrap_or_default();
    sheet.counter(DROPPED, dropped, &labels);
}

fn of_node(sheet: &mut Sheet, node: &Value) {
    let labels = [("rabbitmq.node.name", node["name"].as_str().unwrap_or_default())];
    for (name, key) in NODE {
        if let Some(number) = node[key].as_i64() {
            sheet.level(name, number, &labels);
        }
    }
    for (name, key) in [
        (("rabbitmq.node.disk_free_alarm", "{status}"), "disk_free_alarm"),
        (("rabbitmq.node.mem_alarm", "{status}"), "mem_alarm"),
    ] {
        if let Some(alarm) = node[key].as_bool() {
            sheet.level(name, i64::from(alarm), &labels);
        }
    }
}
