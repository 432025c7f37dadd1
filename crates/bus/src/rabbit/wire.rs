//! A message as AMQP carries it.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use telemetry::TraceContext;
use uuid::Uuid;

use crate::Message;

const PERSISTENT: u8 = 2;
/// Longest text that AMQP takes as a name, in bytes.
const SHORT_BYTES: usize = 255;

/// What goes with the body. The event's type stands in the properties as well as in the routing key, since the
/// latter becomes the queue's name when a dead letter is put back.
pub(crate) fn properties(message: &Message) -> BasicProperties {
    let mut headers = FieldTable::default();
    if !message.trace.is_empty() {
        headers.insert("traceparent".into(), text(&message.trace.traceparent));
        if let Some(state) = &message.trace.tracestate {
            headers.insert("tracestate".into(), text(state));
        }
    }
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(message.id.to_string().into())
        .with_type(short(&message.routing_key))
        .with_app_id("muster".into())
        .with_headers(headers)
}

/// The message of a delivery; one without an id of ours has the empty id, which is unknown to every inbox.
pub(crate) fn message(delivery: &mut Delivery) -> Message {
    let properties = &delivery.properties;
    let routing_key = properties.kind().as_ref().unwrap_or(&delivery.routing_key).as_str().to_owned();
    Message {
        id: id(properties),
        routing_key,
        game: None,
        trace: trace(properties),
        body: std::mem::take(&mut delivery.data),
    }
}

/// What tells a message that came back from the others of its window.
pub(crate) fn identity(delivery: &Delivery) -> (Uuid, String) {
    (id(&delivery.properties), delivery.routing_key.as_str().to_owned())
}

fn id(properties: &BasicProperties) -> Uuid {
    properties.message_id().as_ref().and_then(|id| id.as_str().parse().ok()).unwrap_or_default()
}

fn trace(properties: &BasicProperties) -> TraceContext {
    let header = |name| match properties.headers().as_ref()?.inner().get(name)? {
        AMQPValue::LongString(value) => std::str::from_utf8(value.as_bytes()).ok(),
        _ => None,
    };
    TraceContext::parse(header("traceparent"), header("tracestate"))
}

/// How often a message came back before: a quorum queue counts, another one only says whether.
pub(crate) fn returns(delivery: &Delivery) -> u32 {
    let headers = delivery.properties.headers().as_ref();
    let count = headers.and_then(|headers| headers.inner().get("x-delivery-count")).and_then(number);
    count.and_then(|count| u32::try_from(count).ok()).unwrap_or_else(|| u32::from(delivery.redelivered))
}

fn number(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::LongLongInt(number) => Some(*number),
        AMQPValue::LongInt(number) => Some((*number).into()),
        AMQPValue::LongUInt(number) => Some((*number).into()),
        AMQPValue::ShortInt(number) => Some((*number).into()),
        AMQPValue::ShortUInt(number) => Some((*number).into()),
        AMQPValue::ShortShortInt(number) => Some((*number).into()),
        AMQPValue::ShortShortUInt(number) => Some((*number).into()),
        _ => None,
    }
}

pub(crate) fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

/// A name; one that is too long is cut, since AMQP has no place for more.
pub(crate) fn short(name: &str) -> ShortString {
    let mut end = name.len().min(SHORT_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    ShortString::from(&name[..end])
}
