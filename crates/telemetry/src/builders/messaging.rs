//! Spans of messaging, after the semantic conventions for messaging and for RabbitMQ.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use crate::span::{Beginning, Parent, Start};
use crate::{Span, Telemetry, TraceContext};

/// A message broker, as `messaging.system` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessagingSystem {
    /// `rabbitmq`.
    RabbitMq,
    /// `muster`: channels in this process.
    InProcess,
}

impl MessagingSystem {
    /// The value of `messaging.system`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RabbitMq => "rabbitmq",
            Self::InProcess => "muster",
        }
    }
}

/// One message on its way to an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Publish<'a> {
    /// Which broker.
    pub system: MessagingSystem,
    /// `messaging.destination.name`.
    pub exchange: &'static str,
    /// `messaging.rabbitmq.destination.routing_key`.
    pub routing_key: &'a str,
    /// `messaging.message.id`.
    pub message_id: &'a str,
    /// `messaging.message.body.size`, in bytes.
    pub body_bytes: usize,
}

/// One message that is being handled.
#[derive(Clone, Copy, Debug)]
pub struct Process<'a> {
    /// Which broker.
    pub system: MessagingSystem,
    /// `messaging.destination.name`.
    pub queue: &'static str,
    /// `messaging.rabbitmq.destination.routing_key`.
    pub routing_key: &'a str,
    /// `messaging.message.id`.
    pub message_id: &'a str,
    /// `messaging.rabbitmq.message.delivery_tag`.
    pub delivery_tag: u64,
}

/// What a consumer says of a message that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is done.
    Ack,
    /// It failed.
    Reject,
}

impl Settlement {
    /// The value of `messaging.operation.name`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Reject => "reject",
        }
    }
}

/// One message that is being settled.
#[derive(Clone, Copy, Debug)]
pub struct Settle {
    /// Which broker.
    pub system: MessagingSystem,
    /// `messaging.destination.name`.
    pub queue: &'static str,
    /// How.
    pub operation: Settlement,
    /// `messaging.rabbitmq.message.delivery_tag`.
    pub delivery_tag: u64,
}

impl Telemetry {
    /// Starts the span that publishes a message: a child of what wrote it.
    pub fn publish(&self, message: Publish<'_>, parent: &TraceContext) -> Span {
        let group = self.instruments().publish.find((message.system, message.exchange), "", |_| {
            let attributes = destination(message.system, ("publish", "send"), message.exchange);
            self.common((&SpanKind::Producer, &["publish ", message.exchange]), attributes, None)
        });
        let start = Start {
            beginning: Beginning::Group(group),
            operation: "messaging.publish",
            parent: Parent::Remote(parent),
            link: None,
        };
        self.start(start, |fields| {
            fields.text("messaging.rabbitmq.destination.routing_key", message.routing_key);
            fields.text("messaging.message.id", message.message_id);
            let size = u64::try_from(message.body_bytes).unwrap_or(u64::MAX);
            fields.count("messaging.message.body.size", size);
        })
    }

    /// Starts the span that handles a message: a child of its publish span, and linked to it.
    pub fn process(&self, message: Process<'_>, parent: &TraceContext) -> Span {
        let group = self.instruments().process.find((message.system, message.queue), "", |_| {
            let attributes = destination(message.system, ("process", "process"), message.queue);
            self.common((&SpanKind::Consumer, &["process ", message.queue]), attributes, None)
        });
        let start = Start {
            beginning: Beginning::Group(group),
            operation: "messaging.process",
            parent: Parent::Remote(parent),
            link: Some(parent),
        };
        self.start(start, |fields| {
            fields.text("messaging.rabbitmq.destination.routing_key", message.routing_key);
            fields.text("messaging.message.id", message.message_id);
            fields.count("messaging.rabbitmq.message.delivery_tag", message.delivery_tag);
        })
    }

    /// Starts the span that acknowledges or rejects a message.
    pub fn settle(&self, message: Settle) -> Span {
        let operation = message.operation.as_str();
        let group = self.instruments().settle.find((message.system, message.queue, operation), "", |_| {
            let attributes = destination(message.system, (operation, "settle"), message.queue);
            self.common((&SpanKind::Client, &[operation, " ", message.queue]), attributes, None)
        });
        let start = Start {
            beginning: Beginning::Group(group),
            operation: "messaging.settle",
            parent: Parent::Current,
            link: None,
        };
        self.start(start, |fields| {
            fields.count("messaging.rabbitmq.message.delivery_tag", message.delivery_tag);
        })
    }
}

fn destination(
    system: MessagingSystem,
    (name, operation_type): (&'static str, &'static str),
    destination: &'static str,
) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", system.as_str()),
        KeyValue::new("messaging.operation.name", name),
        KeyValue::new("messaging.operation.type", operation_type),
        KeyValue::new("messaging.destination.name", destination),
    ]
}
