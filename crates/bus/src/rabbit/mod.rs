//! The bus on a RabbitMQ broker.
//!
//! Publishing and each consumer have a connection of their own, so that a broker that takes no messages for a while
//! still hands out those that it has. Each connection has a task that opens it, declares what it needs, and, after
//! any error of connection or channel, begins anew; lapin's own recovery is off, since it does not recover.

mod address;
mod check;
mod config;
mod connection;
mod consumer;
mod dead;
mod publisher;
mod topology;
mod watch;
mod wire;

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{BrokerError, DeadLetter, Health, Message, PublishError, QueueSpec, RedriveError};
use config::Broker;
use consumer::Subscription;
use publisher::{Answers, Order, Publisher, Window};
use watch::{Connections, Watched};

pub(crate) use address::Server;
pub use check::{BrokerReport, check};
pub use config::RabbitConfig;
pub(crate) use consumer::{Incoming, Receipt, RemoteConsumer};
pub(crate) use publisher::WINDOW_MESSAGES;

/// A broker, and our connections to it; clones are the same bus.
#[derive(Clone)]
pub struct RabbitBus {
    broker: Arc<Broker>,
    connections: Connections,
    publishing: Arc<Watched>,
    orders: mpsc::UnboundedSender<Order>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl RabbitBus {
    pub(crate) fn start(config: RabbitConfig) -> Result<Self, BrokerError> {
        let broker = Arc::new(Broker::new(config)?);
        let connections = Connections::default();
        let publishing = Arc::new(connections.add());
        let (orders, taken) = mpsc::unbounded_channel();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let publisher = Publisher {
            broker: Arc::clone(&broker),
            watched: Arc::clone(&publishing),
            orders: taken,
            specs: Vec::new(),
            doubted: false,
            stop: stop.clone(),
        };
        telemetry::spawn(tasks.track_future(publisher.run()));
        Ok(Self { broker, connections, publishing, orders, stop, tasks })
    }

    pub(crate) fn server(&self) -> &Server {
        &self.broker.server
    }

    pub(crate) fn health(&self) -> Health {
        if self.stop.is_cancelled() { Health::Closed } else { self.connections.worst() }
    }

    pub(crate) fn takes_messages(&self) -> bool {
        // Whether a queue that said nothing has a leader again shows when something is published.
        let has_a_chance = match self.publishing.health() {
            Health::Up | Health::Connecting | Health::Down(BrokerError::NoLeader { .. }) => true,
            Health::Blocked(_) | Health::Down(_) | Health::Closed => false,
        };
        has_a_chance && !self.stop.is_cancelled()
    }

    pub(crate) fn declare(&self, spec: QueueSpec) {
        // A closed bus declares nothing.
        let _ = self.orders.send(Order::Declare(spec));
    }

    /// At most [`WINDOW_MESSAGES`].
    pub(crate) async fn publish(&self, messages: Vec<Message>) -> Answers {
        let count = messages.len();
        let (window, answers) = Window::new(messages);
        let closed = || vec![Err(PublishError::Closed); count];
        if self.stop.is_cancelled() || self.orders.send(Order::Publish(window)).is_err() {
            return closed();
        }
        answers.await.unwrap_or_else(|_| closed())
    }

    pub(crate) async fn subscribe(&self, spec: QueueSpec) -> RemoteConsumer {
        let (sink, incoming) = mpsc::channel(spec.prefetch.max(1));
        let (first, known) = oneshot::channel();
        let subscription = Subscription {
            broker: Arc::clone(&self.broker),
            spec,
            watched: self.connections.add(),
            sink,
            stop: self.stop.clone(),
        };
        telemetry::spawn(self.tasks.track_future(subscription.run(first)));
        // It says so by dropping its end.
        let _ = known.await;
        RemoteConsumer { incoming, stop: self.stop.clone() }
    }

    pub(crate) async fn dead_letters(&self, spec: &QueueSpec) -> Result<Vec<DeadLetter>, BrokerError> {
        dead::list(&self.broker, spec).await
    }

    pub(crate) async fn dead_letter(
        &self,
        spec: &QueueSpec,
        id: Uuid,
    ) -> Result<Option<DeadLetter>, BrokerError> {
        dead::find(&self.broker, spec, id).await
    }

    pub(crate) async fn redrive(&self, spec: &QueueSpec, id: Option<Uuid>) -> Result<usize, RedriveError> {
        dead::redrive(&self.broker, spec, id).await
    }

    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl fmt::Debug for RabbitBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitBus")
            .field("address", &self.broker.address)
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}
