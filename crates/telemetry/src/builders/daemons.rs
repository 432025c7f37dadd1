//! Spans of the daemons and of the delivery ledger.

use opentelemetry::trace::SpanKind;

use crate::span::{Beginning, Parent, Start};
use crate::{Span, Telemetry, TraceContext};

/// A daemon of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// What people are told.
    Notification,
    /// What a game becomes.
    StatusTransition,
}

impl Daemon {
    const fn cycle(self) -> &'static str {
        match self {
            Self::Notification => "notification.cycle",
            Self::StatusTransition => "status_transition.cycle",
        }
    }
}

/// One turn of a daemon that found something; a turn that finds nothing makes no span.
#[derive(Clone, Copy, Debug)]
pub struct Cycle {
    /// Whose turn.
    pub daemon: Daemon,
    /// `muster.cycle.due`: rows that were due.
    pub due: u64,
    /// `muster.cycle.claimed`: rows that this instance took.
    pub claimed: u64,
    /// `muster.cycle.wake_reason`: `due`, `hint`, `poll`.
    pub wake_reason: &'static str,
}

/// A scheduled notification that has come due.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch<'a> {
    /// `muster.notification.id`.
    pub notification: &'a str,
    /// `muster.notification.kind`.
    pub kind: &'static str,
    /// `muster.notification.scheduled_time`, in RFC 3339.
    pub scheduled: &'a str,
    /// `muster.game.id`.
    pub game: &'a str,
}

/// A scheduled change of a game's status that has come due.
#[derive(Clone, Copy, Debug)]
pub struct Transition<'a> {
    /// `muster.game.id`.
    pub game: &'a str,
    /// `muster.transition.old_status`.
    pub old: &'static str,
    /// `muster.transition.new_status`.
    pub new: &'static str,
    /// `muster.transition.time`: when it was due, in RFC 3339.
    pub time: &'a str,
}

/// One attempt to deliver one notice.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// What is delivered, one of few words.
    pub kind: &'static str,
    /// `muster.delivery.id`.
    pub delivery: &'a str,
    /// `muster.delivery.attempt`, from 1.
    pub attempt: u32,
    /// `muster.game.id`.
    pub game: &'a str,
}

impl Telemetry {
    /// Starts the span of a daemon's turn: a root.
    pub fn cycle(&self, cycle: Cycle) -> Span {
        let name = cycle.daemon.cycle();
        let start = Start {
            beginning: Beginning::Named(SpanKind::Internal, &[name]),
            operation: name,
            parent: Parent::Root,
            link: None,
        };
        self.start(start, |fields| {
            fields.count("muster.cycle.due", cycle.due);
            fields.count("muster.cycle.claimed", cycle.claimed);
            fields.text("muster.cycle.wake_reason", cycle.wake_reason);
        })
    }

    /// Starts the span of a due notification: a root, linked to what scheduled it.
    pub fn dispatch(&self, dispatch: Dispatch<'_>, link: &TraceContext) -> Span {
        self.start(due(&["notification.dispatch"], link), |fields| {
            fields.text("muster.notification.id", dispatch.notification);
            fields.text("muster.notification.kind", dispatch.kind);
            fields.text("muster.notification.scheduled_time", dispatch.scheduled);
            fields.text("muster.game.id", dispatch.game);
        })
    }

    /// Starts the span of a due transition: a root, linked to what scheduled it.
    pub fn transition(&self, transition: Transition<'_>, link: &TraceContext) -> Span {
        self.start(due(&["status_transition.apply"], link), |fields| {
            fields.text("muster.game.id", transition.game);
            fields.text("muster.transition.old_status", transition.old);
            fields.text("muster.transition.new_status", transition.new);
            fields.text("muster.transition.time", transition.time);
        })
    }

    /// Starts the span of an attempt to deliver: a child of what filled the ledger's row.
    pub fn delivery(&self, delivery: Delivery<'_>, parent: &TraceContext) -> Span {
        let start = Start {
            beginning: Beginning::Named(SpanKind::Internal, &["delivery.send ", delivery.kind]),
            operation: "delivery.send",
            parent: Parent::Remote(parent),
            link: None,
        };
        self.start(start, |fields| {
            fields.text("muster.delivery.kind", delivery.kind);
            fields.text("muster.delivery.id", delivery.delivery);
            fields.count("muster.delivery.attempt", delivery.attempt.into());
            fields.text("muster.game.id", delivery.game);
        })
    }
}

/// Hours don't lie inside a trace: what comes due starts a new one.
const fn due<'a>(name: &'a [&'static str; 1], link: &'a TraceContext) -> Start<'a> {
    Start {
        beginning: Beginning::Named(SpanKind::Consumer, name),
        operation: name[0],
        parent: Parent::Root,
        link: Some(link),
    }
}
