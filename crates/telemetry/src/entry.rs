//! An event of `tracing`, taken apart once for its line and for its record.

use std::borrow::Cow;
use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::otlp::text::end_of;
use crate::people::People;

/// What somebody said.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) level: Level,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) target: &'static str,
    pub(crate) message: String,
    pub(crate) fields: Vec<(&'static str, Value)>,
    /// The span that it was said in.
    pub(crate) span: Option<SpanContext>,
}

#[derive(Default)]
struct Visitor {
    message: String,
    name: Option<String>,
    others: Vec<(&'static str, Value)>,
}

impl Entry {
    pub(crate) fn read(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        let mut visitor = Visitor::default();
        event.record(&mut visitor);
        // tracing names an event after its file and line when the author did not.
        let given = Some(metadata.name()).filter(|name| !name.starts_with("event "));
        Self {
            level: *metadata.level(),
            name: visitor.name.map(Cow::Owned).or_else(|| given.map(Cow::Borrowed)),
            target: metadata.target(),
            message: visitor.message,
            fields: visitor.others,
            span: current_span(),
        }
    }

    /// Cuts texts that are longer.
    pub(crate) fn cut(&mut self, characters: usize) {
        let texts = self.fields.iter_mut().filter_map(|(_, value)| match value {
            Value::String(text) => Some(text),
            _ => None,
        });
        for text in texts.chain([&mut self.message]) {
            if let Some(end) = end_of(text, characters) {
                text.truncate(end);
            }
        }
    }

    /// Writes people as the operator wants them.
    pub(crate) fn hide(&mut self, people: &People) {
        for (_, value) in self.fields.iter_mut().filter(|(field, _)| people.are_named_by(field)) {
            let hidden = match &*value {
                Value::String(id) => people.written(id),
                other => people.written(&other.to_string()).into_owned().into(),
            };
            *value = Value::String(hidden.into_owned());
        }
    }
}

impl Visitor {
    fn put(&mut self, field: &Field, value: Value) {
        self.others.push((field.name(), value));
    }
}

impl Visit for Visitor {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            _ => self.put(field, format!("{value:?}").into()),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            "event.name" => self.name = Some(value.to_owned()),
            _ => self.put(field, value.into()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

fn current_span() -> Option<SpanContext> {
    Context::map_current(|context| {
        let span = context.span();
        Some(span.span_context().clone()).filter(SpanContext::is_valid)
    })
}
