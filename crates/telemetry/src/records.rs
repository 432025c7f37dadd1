//! Where log records go: what is said, beside the line on stdout.

use std::sync::Arc;

use crate::captured::Kept;
use crate::export::Queue;
use crate::otlp::record::{Bounds, Record};
use crate::otlp::wire::{lent, message};
use crate::{CapturedLog, Limits};

/// The field of a scope's message that holds a record.
const RECORD: u32 = 2;

/// Takes the records of one service.
#[derive(Debug)]
pub(crate) struct Records {
    bounds: Bounds,
    sink: Sink,
}

#[derive(Debug)]
pub(crate) enum Sink {
    /// Nobody wants them.
    Nowhere,
    /// Over OTLP.
    Queue(Arc<Queue>),
    /// Into memory, for tests.
    Kept(Kept<CapturedLog>),
}

impl Records {
    pub(crate) fn new(limits: Limits, sink: Sink) -> Self {
        let attributes = usize::try_from(limits.log_attributes).unwrap_or(usize::MAX);
        Self { bounds: Bounds { characters: limits.log_value_characters, attributes }, sink }
    }

    pub(crate) const fn are_wanted(&self) -> bool {
        !matches!(self.sink, Sink::Nowhere)
    }

    /// Takes a record, whose scope is the part of the program that said it; never waits.
    pub(crate) fn take(&self, target: &'static str, record: &Record<'_>) {
        let write = |out: &mut Vec<u8>| record.write(out, self.bounds);
        match &self.sink {
            Sink::Nowhere => {}
            Sink::Queue(queue) => {
                lent(|out| message(out, RECORD, write), |bytes| queue.push(Some(target), bytes));
            }
            Sink::Kept(kept) => lent(write, |bytes| kept.record(target, bytes)),
        }
    }
}
