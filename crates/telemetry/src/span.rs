//! A span that somebody owns.

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use opentelemetry::context::FutureExt as _;
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, Severity};
use opentelemetry::trace::{Link, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};

use crate::attribute::Attr;
use crate::measure::{Ending, Group};
use crate::propagation::Unpropagated;
use crate::{Telemetry, TraceContext, redact};

/// An operation in progress; it ends, and its duration is recorded, when it is dropped.
#[derive(Debug)]
pub struct Span {
    telemetry: Telemetry,
    context: Context,
    operation: &'static str,
    recording: bool,
    started: (Instant, SystemTime),
    group: Option<Arc<Group>>,
    http_status: AtomicU16,
    error_type: OnceLock<Cow<'static, str>>,
    excepted: AtomicBool,
}

/// What a new span hangs from.
pub(crate) enum Parent<'a> {
    /// The span that is current in this task.
    Current,
    /// Nothing: the span starts a trace.
    Root,
    /// A span elsewhere, or the current one when the context is empty.
    Remote(&'a TraceContext),
}

/// What a builder hands to [`Telemetry::start`].
pub(crate) struct Start<'a> {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: SpanKind,
    /// What failed, in `{operation}.exception`.
    pub(crate) operation: &'static str,
    pub(crate) parent: Parent<'a>,
    pub(crate) link: Option<&'a TraceContext>,
    /// What it is measured with.
    pub(crate) group: Option<Arc<Group>>,
}

impl Telemetry {
    /// Starts a span; its attributes are built only when it is recorded.
    pub(crate) fn start<I>(&self, start: Start<'_>, attributes: impl FnOnce() -> I) -> Span
    where
        I: IntoIterator<Item = KeyValue>,
    {
        let started = (Instant::now(), opentelemetry::time::now());
        let parent = self.parent(&start.parent);
        let mut builder =
            self.tracer().span_builder(start.name).with_kind(start.kind).with_start_time(started.1);
        if let Some(linked) = start.link.filter(|_| self.propagates()).and_then(TraceContext::span_context) {
            builder = builder.with_links(vec![Link::with_context(linked)]);
        }
        // Given at once where the decision is known, since each later one takes a lock.
        let foregone = self.sampler().foregone(parent.span().span_context());
        let mut attributes = Some(attributes);
        if foregone == Some(true) {
            builder.attributes = attributes.take().map(|build| build().into_iter().collect());
        }
        let mut context = parent.with_span(self.tracer().build_with_context(builder, &parent));
        let recording = foregone.unwrap_or_else(|| context.span().is_recording());
        if let Some(build) = attributes.filter(|_| recording) {
            context.span().set_attributes(build());
        }
        if !self.propagates() {
            context = context.with_value(Unpropagated);
        }
        if let Some(group) = &start.group {
            group.begin();
        }
        Span {
            telemetry: self.clone(),
            context,
            operation: start.operation,
            recording,
            started,
            group: start.group,
            http_status: AtomicU16::new(0),
            error_type: OnceLock::new(),
            excepted: AtomicBool::new(false),
        }
    }

    fn parent(&self, parent: &Parent<'_>) -> Context {
        match parent {
            Parent::Current => Context::current(),
            Parent::Root => Context::new(),
            Parent::Remote(remote) => match remote.span_context().filter(|_| self.propagates()) {
                Some(found) => Context::new().with_remote_span_context(found),
                None => Context::current(),
            },
        }
    }
}

impl Span {
    /// Runs a future inside this span: whatever it starts is a child.
    pub async fn run<F: Future>(&self, future: F) -> F::Output {
        future.with_context(self.context.clone()).await
    }

    /// Runs a function inside this span.
    pub fn in_scope<R>(&self, function: impl FnOnce() -> R) -> R {
        let _guard = self.context.clone().attach();
        function()
    }

    /// Sets an attribute.
    pub fn set(&self, attribute: Attr<'_>) {
        if self.recording {
            self.context.span().set_attribute(attribute.into_key_value(self.telemetry.people()));
        }
    }

    /// Links this span to another one, unless that context is empty.
    pub fn link(&self, other: &TraceContext) {
        if let Some(linked) = other.span_context().filter(|_| self.recording) {
            self.context.span().add_link(linked, Vec::new());
        }
    }

    /// The OpenTelemetry context in which this span is current.
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// This span as rows and message headers carry it.
    pub fn trace_context(&self) -> TraceContext {
        TraceContext::of(&self.context)
    }

    /// Records the status of an HTTP response: 5xx is an error; on a client 4xx is one too, except the 429
    /// that its limiter handles.
    pub fn response(&self, status: u16) {
        self.http_status.store(status, Ordering::Relaxed);
        if self.recording {
            self.context.span().set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        }
        if self.group.as_ref().is_some_and(|group| group.is_failure(status)) {
            self.mark_failed(Cow::Owned(status.to_string()), "");
        }
    }

    /// Records how many rows a statement returned.
    pub fn returned_rows(&self, rows: u64) {
        if self.recording {
            let count = i64::try_from(rows).unwrap_or(i64::MAX);
            self.context.span().set_attribute(KeyValue::new("db.response.returned_rows", count));
        }
        if let Some(group) = &self.group {
            group.returned_rows(rows);
        }
    }

    /// Ends in an error: status, `error.type`, and one log record `{operation}.exception` in this span's
    /// context.
    ///
    /// `error_type` is one of few words: a name of ours, an SQLSTATE, an HTTP status. Only the first call
    /// counts.
    pub fn fail(&self, error_type: impl Into<Cow<'static, str>>, error: &dyn Error) {
        let message = redact::message(&error.to_string());
        let error_type = error_type.into();
        self.mark_failed(error_type.clone(), &message);
        if !self.excepted.swap(true, Ordering::Relaxed) {
            self.log_exception(&error_type, message, error);
        }
    }

    /// The first failure names the error; what follows from it doesn't rename it.
    fn mark_failed(&self, error_type: Cow<'static, str>, description: &str) {
        if self.error_type.set(error_type.clone()).is_ok() && self.recording {
            let span = self.context.span();
            span.set_status(Status::error(description.to_owned()));
            span.set_attribute(KeyValue::new("error.type", error_type));
        }
    }

    fn log_exception(&self, error_type: &str, message: String, error: &dyn Error) {
        let event_name = redact::exception_event_name(self.operation);
        let _guard = self.context.clone().attach();
        tracing::error!(
            target: crate::telemetry::EXCEPTION_TARGET,
            { "event.name" = event_name, "exception.type" = error_type, "exception.message" = message },
            "An operation failed."
        );
        let logger = self.telemetry.logger();
        let mut record = logger.create_log_record();
        record.set_event_name(event_name);
        record.set_target(crate::telemetry::EXCEPTION_TARGET);
        record.set_severity_number(Severity::Error);
        record.set_severity_text("ERROR");
        record.set_body(AnyValue::from("An operation failed."));
        record.add_attribute("exception.type", error_type.to_owned());
        record.add_attribute("exception.message", message);
        record.add_attribute("exception.stacktrace", redact::causes(error));
        logger.emit(record);
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let elapsed = self.started.0.elapsed();
        if let Some(group) = self.group.take() {
            let status = Some(self.http_status.load(Ordering::Relaxed)).filter(|status| *status != 0);
            let ending = Ending { status, error_type: self.error_type.take() };
            group.finish(elapsed, ending, &self.context);
        }
        // By the clock that only goes forward: a span is never negative.
        self.context.span().end_with_timestamp(self.started.1 + elapsed);
    }
}
