//! The books of what is exported: nothing gets lost without being counted.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// What became of everything that a service recorded, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Spans.
    pub traces: Account,
    /// Data points.
    pub metrics: Account,
    /// Log records.
    pub logs: Account,
}

/// One signal's books; at any moment `created = exported + dropped + queued`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What has ended, or was collected, since the start.
    pub created: u64,
    /// What a receiver has taken.
    pub exported: u64,
    /// What is lost, by `error.type`.
    pub dropped: BTreeMap<Cow<'static, str>, u64>,
    /// What waits or is on its way.
    pub queued: u64,
    /// Of these, what is on its way.
    pub in_flight: u64,
    /// The memory that what is queued takes, as far as that can be told.
    pub queued_bytes: usize,
}

impl Account {
    /// How much is lost, whatever the reason.
    pub fn lost(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// Whether nothing got lost uncounted.
    pub fn is_balanced(&self) -> bool {
        self.created == self.exported + self.lost() + self.queued
    }
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) exported: u64,
    pub(crate) dropped: Option<(Cow<'static, str>, u64)>,
}

impl Outcome {
    /// The receiver took all of it but `rejected`.
    pub(crate) fn taken(items: u64, rejected: u64) -> Self {
        let rejected = rejected.min(items);
        let dropped = (rejected > 0).then_some((Cow::Borrowed("rejected"), rejected));
        Self { exported: items - rejected, dropped }
    }

    /// All of it is lost.
    pub(crate) fn lost(items: u64, error_type: Cow<'static, str>) -> Self {
        Self { exported: 0, dropped: Some((error_type, items)) }
    }
}

/// The books while they are written; whoever holds them also holds what they count.
#[derive(Debug, Default)]
pub(crate) struct Books {
    account: Account,
    processed: BTreeMap<Cow<'static, str>, u64>,
    submitted: u64,
}

impl Books {
    pub(crate) fn create(&mut self, bytes: usize) {
        self.account.created += 1;
        self.account.queued += 1;
        self.account.queued_bytes += bytes;
    }

    /// What was collected and is sent at once.
    pub(crate) fn collect(&mut self, items: u64, bytes: usize) {
        self.account.created += items;
        self.account.queued += items;
        self.account.queued_bytes += bytes;
        self.submit(items);
    }

    /// What came and could not be queued.
    pub(crate) fn refuse(&mut self, error_type: &'static str) {
        self.account.created += 1;
        *self.account.dropped.entry(Cow::Borrowed(error_type)).or_default() += 1;
        *self.processed.entry(Cow::Borrowed(error_type)).or_default() += 1;
    }

    pub(crate) fn submit(&mut self, items: u64) {
        self.submitted += items;
        self.account.in_flight += items;
    }

    pub(crate) fn settle(&mut self, items: u64, bytes: usize, outcome: Outcome) {
        self.account.in_flight -= items;
        self.leave(items, bytes);
        self.account.exported += outcome.exported;
        if let Some((error_type, count)) = outcome.dropped {
            *self.account.dropped.entry(error_type).or_default() += count;
        }
    }

    /// What waited and will never be sent.
    pub(crate) fn abandon(&mut self, items: u64, bytes: usize, error_type: &'static str) {
        self.leave(items, bytes);
        *self.account.dropped.entry(Cow::Borrowed(error_type)).or_default() += items;
        *self.processed.entry(Cow::Borrowed(error_type)).or_default() += items;
    }

    fn leave(&mut self, items: u64, bytes: usize) {
        self.account.queued -= items;
        self.account.queued_bytes -= bytes;
    }

    pub(crate) fn read(&self) -> &Account {
        &self.account
    }

    /// What a processor is done with: handed to the exporter (no `error.type`), or dropped before.
    pub(crate) fn processed(&self) -> Vec<(Option<Cow<'static, str>>, u64)> {
        let failed = self.processed.iter().map(|(error_type, count)| (Some(error_type.clone()), *count));
        std::iter::once((None, self.submitted)).chain(failed).collect()
    }

    /// What an exporter lost: what is dropped but for what a processor dropped.
    pub(crate) fn lost_by_exporter(&self) -> Vec<(Cow<'static, str>, u64)> {
        let all = self.account.dropped.iter();
        let lost = all.filter(|(error_type, _)| !self.processed.contains_key(*error_type));
        lost.map(|(error_type, count)| (error_type.clone(), *count)).collect()
    }
}
