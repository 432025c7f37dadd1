//! A corner of a broker for one story.

use std::sync::Mutex;

use bus::{Bus, RabbitConfig};
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{Channel, Connection, ConnectionProperties};
use telemetry::Secret;

use crate::conformance::BOT;

/// A broker on which tests may make queues; `cargo xtask test` starts one and sets it.
const URL: &str = "MUSTER_TEST_AMQP_URL";

/// Names of a story's own, on a broker that others use, too.
pub(crate) struct Scene {
    pub(crate) url: String,
    pub(crate) prefix: String,
    buses: Mutex<Vec<Bus>>,
}

/// Tells a story on a broker, if there is one, and takes its queues away; those of a story that fails stay to be looked
/// at.
pub(crate) async fn tell(name: &str, story: impl AsyncFnOnce(&Scene)) {
    let Some(url) = url() else { return };
    let prefix = format!("{name}-{}.", std::process::id());
    let scene = Scene { url, prefix, buses: Mutex::default() };
    scene.tidy().await;
    story(&scene).await;
    let buses = std::mem::take(&mut *scene.buses.lock().unwrap());
    for bus in buses {
        bus.close().await;
    }
    scene.tidy().await;
}

/// The broker to use; says what is left out without one.
fn url() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it started")]
    let url = std::env::var(URL).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("left out: RabbitMQ, since {URL} is not set (cargo xtask test starts a broker)");
    }
    url
}

impl Scene {
    /// A bus with this story's names.
    pub(crate) fn bus(&self) -> Bus {
        self.bus_with(self.config())
    }

    pub(crate) fn bus_with(&self, config: RabbitConfig) -> Bus {
        let bus = Bus::rabbitmq(config).unwrap();
        self.buses.lock().unwrap().push(bus.clone());
        bus
    }

    pub(crate) fn config(&self) -> RabbitConfig {
        let name_prefix = self.prefix.clone();
        RabbitConfig { name_prefix, ..RabbitConfig::new(Secret::new(self.url.clone())) }
    }

    /// The broker without the bus.
    pub(crate) async fn channel(&self) -> (Connection, Channel) {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    pub(crate) fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn tidy(&self) {
        let (connection, channel) = self.channel().await;
        for queue in [BOT.name, "muster.bot.dead"] {
            let options = QueueDeleteOptions::default();
            channel.queue_delete(self.named(queue).into(), options).await.unwrap();
        }
        for exchange in [bus::EXCHANGE, "muster.events.dead"] {
            let options = ExchangeDeleteOptions::default();
            channel.exchange_delete(self.named(exchange).into(), options).await.unwrap();
        }
        connection.close(200, "OK".into()).await.unwrap();
    }
}
