//! A span that somebody owns.

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};

use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use opentelemetry::logs::Severity;
use opentelemetry::trace::{SpanContext, SpanKind, TraceContextExt as _};

use crate::attribute::Attr;
use crate::measure::{Ending, Group};
use crate::otlp::fields::{Bounds, Fields};
use crate::otlp::record::Record;
use crate::otlp::span::{self as otlp, Ended};
use crate::propagation::Unpropagated;
use crate::{Telemetry, TraceContext, redact};

/// An operation in progress; it ends, and its duration is recorded, when it is dropped.
#[derive(Debug)]
pub struct Span {
    telemetry: Telemetry,
    context: Context,
    parent: otlp::Parent,
    operation: &'static str,
    /// What it says, unless it is not recorded.
    fields: Option<Mutex<Fields>>,
    started: (Instant, SystemTime),
    group: Option<Arc<Group>>,
    http_status: AtomicU16,
    error_type: OnceLock<Cow<'static, str>>,
}

/// A status that is a failure, of which nothing else is known.
#[derive(Debug, thiserror::Error)]
#[error("the answer was {0}")]
struct Answered(u16);

/// It did not come to its end; what the panic says may hold anything, and stays out.
#[derive(Debug, thiserror::Error)]
#[error("it panicked")]
struct Panicked;

/// What a new span hangs from.
pub(crate) enum Parent<'a> {
    /// The span that is current in this task.
    Current,
    /// Nothing: the span starts a trace.
    Root,
    /// A span elsewhere, or the current one when the context is empty.
    Remote(&'a TraceContext),
}

/// How a new span begins.
pub(crate) enum Beginning<'a> {
    /// Like all of its group, with which it is measured.
    Group(Arc<Group>),
    /// With a name of its own, in pieces; it is not measured.
    Named(SpanKind, &'a [&'a str]),
}

/// What a builder hands to [`Telemetry::start`].
pub(crate) struct Start<'a> {
    pub(crate) beginning: Beginning<'a>,
    /// What failed, in `{operation}.exception`.
    pub(crate) operation: &'static str,
    pub(crate) parent: Parent<'a>,
    pub(crate) link: Option<&'a TraceContext>,
}

impl Beginning<'_> {
    fn fields(&self, bounds: Bounds) -> Fields {
        match self {
            Self::Group(group) => group.fields().again(),
            Self::Named(kind, name) => Fields::new(bounds, kind, name),
        }
    }

    fn group(self) -> Option<Arc<Group>> {
        match self {
            Self::Group(group) => Some(group),
            Self::Named(..) => None,
        }
    }
}

impl Telemetry {
    /// Starts a span; its attributes are only written when it is recorded.
    pub(crate) fn start(&self, start: Start<'_>, write: impl FnOnce(&mut Fields)) -> Span {
        let started = (Instant::now(), opentelemetry::time::now());
        let Start { beginning, operation, parent, link } = start;
        let parent = self.parent(&parent);
        let identity = self.recorder().identify(&parent);
        let is_recorded = identity.as_ref().is_some_and(|span| self.recorder().records(span));
        let fields = is_recorded.then(|| {
            let mut fields = beginning.fields(self.recorder().bounds());
            write(&mut fields);
            let linked = link.filter(|_| self.propagates()).and_then(TraceContext::span_context);
            if let Some(linked) = linked {
                fields.link(&linked);
            }
            Mutex::new(fields)
        });
        let group = beginning.group();
        if let Some(group) = &group {
            group.begin();
        }
        Span {
            parent: otlp::Parent::of(&parent),
            context: self.context(parent, identity),
            telemetry: self.clone(),
            operation,
            fields,
            started,
            group,
            http_status: AtomicU16::new(0),
            error_type: OnceLock::new(),
        }
    }

    fn context(&self, parent: Context, identity: Option<SpanContext>) -> Context {
        match identity {
            None => parent,
            Some(span) if self.propagates() => parent.with_remote_span_context(span),
            Some(span) => parent.with_remote_span_context(span).with_value(Unpropagated),
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
        self.say(|fields| attribute.write(fields, self.telemetry.people()));
    }

    /// Links this span to another one, unless that context is empty.
    pub fn link(&self, other: &TraceContext) {
        if let Some(linked) = other.span_context().filter(|_| self.telemetry.propagates()) {
            self.say(|fields| fields.link(&linked));
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
        self.refused(status, &Answered(status));
    }

    /// The same, of a response that says why it is no success. Whether somebody must act is for the one to say
    /// who gave or got it: the record warns.
    pub fn refused(&self, status: u16, why: &dyn Error) {
        self.http_status.store(status, Ordering::Relaxed);
        self.say(|fields| fields.number("http.response.status_code", status.into()));
        if self.group.as_ref().is_some_and(|group| group.is_failure(status)) {
            self.end_badly(Severity::Warn, Cow::Owned(status.to_string()), why);
        }
    }

    /// Records how many rows a statement returned.
    pub fn returned_rows(&self, rows: u64) {
        self.say(|fields| fields.count("db.response.returned_rows", rows));
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
        self.end_badly(Severity::Error, error_type.into(), error);
    }

    /// The first failure names the error and has a record; what follows from it does neither.
    fn end_badly(&self, severity: Severity, error_type: Cow<'static, str>, error: &dyn Error) {
        if self.error_type.set(error_type).is_err() {
            return;
        }
        let error_type = self.error_type.get().map_or("", |word| word);
        let message = redact::message(&error.to_string());
        self.say(|fields| {
            fields.fail(&message);
            fields.text("error.type", error_type);
        });
        self.log_exception(severity, (error_type, message), error);
    }

    fn say(&self, write: impl FnOnce(&mut Fields)) {
        if let Some(fields) = &self.fields {
            write(&mut fields.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn log_exception(&self, severity: Severity, (error_type, message): (&str, String), error: &dyn Error) {
        let event_name = redact::exception_event_name(self.operation);
        let _guard = self.context.clone().attach();
        if severity == Severity::Error {
            tracing::error!(
                target: crate::telemetry::EXCEPTION_TARGET,
                { "event.name" = event_name, "exception.type" = error_type, "exception.message" = message },
                "An operation failed."
            );
        } else {
            tracing::warn!(
                target: crate::telemetry::EXCEPTION_TARGET,
                { "event.name" = event_name, "exception.type" = error_type, "exception.message" = message },
                "An operation failed."
            );
        }
        let attributes = [
            ("exception.type", error_type.into()),
            ("exception.message", message.into()),
            ("exception.stacktrace", redact::causes(error).into()),
        ];
        let span = self.context.span();
        let record = Record {
            severity,
            event_name,
            body: "An operation failed.",
            attributes: &attributes,
            span: Some(span.span_context()).filter(|span| span.is_valid()),
            observed: opentelemetry::time::now(),
        };
        self.telemetry.records().take(crate::telemetry::EXCEPTION_TARGET, &record);
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.fail("panic", &Panicked);
        }
        let elapsed = self.started.0.elapsed();
        if let Some(group) = self.group.take() {
            let status = Some(self.http_status.load(Ordering::Relaxed)).filter(|status| *status != 0);
            let ending = Ending { status, error_type: self.error_type.take() };
            group.finish(elapsed, ending, &self.context);
        }
        if let Some(fields) = self.fields.take() {
            self.telemetry.recorder().take(&Ended {
                context: self.context.span().span_context(),
                parent: self.parent,
                // By the clock that only goes forward: a span is never negative.
                time: (self.started.1, self.started.1 + elapsed),
                fields: &fields.into_inner().unwrap_or_else(PoisonError::into_inner),
            });
        }
    }
}
