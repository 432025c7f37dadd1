//! Sends the queue, segment by segment, for as long as it takes.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use tokio::time::Instant;

use super::{
    ForwardConfig, Pace, Queue,
    answer::Answer,
    parcel::{self, Parcel},
    post::Post,
    sampling::Sampler,
    segments::Record,
    state::{Passage, State},
};
use crate::{now, signal::Signal};

/// A file of the queue is tried to be read so often.
const READS: u32 = 10;

/// The one who sends.
pub(super) struct Sender {
    post: Post,
    queue: Queue,
    sampler: Sampler,
    pace: Pace,
    state: Arc<State>,
}

impl Sender {
    pub(super) fn new(post: Post, queue: Queue, config: &ForwardConfig, state: Arc<State>) -> Self {
        Self { post, queue, sampler: Sampler::new(config.sampling), pace: config.pace, state }
    }

    /// Sends for ever.
    pub(super) async fn run(mut self) {
        loop {
            let (age, now) = (self.pace.segment, Instant::now());
            let ripe = self.queue.with(move |segments| segments.ripe(now, age)).await.flatten();
            match ripe {
                Some((number, next)) => self.send_segment(number, next).await,
                // A segment that waits alone ripens by time.
                None => {
                    let _ = tokio::time::timeout(age, self.queue.closed.notified()).await;
                }
            }
        }
    }

    async fn send_segment(&mut self, number: u64, next: Option<u64>) {
        let records = self.read(number).await;
        self.look(&records);
        if let Some(next) = next
            && let Some(Ok(ahead)) = self.queue.with(move |segments| segments.read(next)).await
        {
            self.look(&ahead);
        }
        let mut parcels = VecDeque::from(parcel::pack(records, &self.sampler, &self.state));
        while let Some(parcel) = parcels.pop_front() {
            for half in self.deliver(&parcel).await.into_iter().flatten() {
                parcels.push_front(half);
            }
        }
        self.queue.with(move |segments| segments.remove(number)).await;
    }

    /// Reads a segment, again and again when the disk does not give it back: too many files may be open. What it does
    /// not give back in the end is lost, and counted.
    async fn read(&self, number: u64) -> Vec<Record> {
        let (mut records, mut pause) = (Vec::new(), self.pace.first_pause);
        for _ in 0..READS {
            match self.queue.with(move |segments| segments.read(number)).await {
                Some(Ok(read)) => {
                    records = read;
                    break;
                }
                Some(Err(error)) => self.state.fails(&format!("the queue cannot be read: {error}")),
                None => (),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(self.pace.longest_pause);
        }
        let mut items = [0; 3];
        for record in &records {
            items[record.signal as usize] += u64::from(record.items);
        }
        self.queue.with(move |segments| segments.miss(number, items)).await;
        records
    }

    fn look(&mut self, records: &[Record]) {
        for record in records.iter().filter(|record| record.signal == Signal::Traces) {
            if let Ok(request) = ExportTraceServiceRequest::decode(&*record.body) {
                self.sampler.look(&request);
            }
        }
    }

    /// Tries until the other side takes the parcel or says that it never will; its halves, where it is too large.
    async fn deliver(&self, parcel: &Parcel) -> Option<[Parcel; 2]> {
        let mut pause = self.pace.first_pause;
        loop {
            match self.post.send(parcel).await {
                Answer::Taken { rejected } => self.taken(parcel, rejected),
                Answer::Never { reason } => self.refused(parcel, &reason),
                Answer::TooLarge { reason } => match parcel.halve() {
                    Some(halves) => return Some(halves),
                    None => self.refused(parcel, &reason),
                },
                Answer::Later { pause: asked, reason } => {
                    self.state.fails(&reason);
                    tokio::time::sleep(asked.unwrap_or_else(|| jitter(pause))).await;
                    pause = (pause * 2).min(self.pace.longest_pause);
                    continue;
                }
            }
            return None;
        }
    }

    fn taken(&self, parcel: &Parcel, rejected: u64) {
        let rejected = rejected.min(parcel.items);
        self.state.works();
        self.state.count(parcel.signal, Passage::Sent, parcel.items - rejected);
        self.state.count(parcel.signal, Passage::Refused, rejected);
    }

    fn refused(&self, parcel: &Parcel, reason: &str) {
        tracing::warn!(name: "collector.forward.refused", reason, items = parcel.items, "telemetry was refused for good");
        self.state.count(parcel.signal, Passage::Refused, parcel.items);
    }
}

/// Between half of the pause and all of it, so that many collectors do not come back at once.
fn jitter(pause: Duration) -> Duration {
    let part = u32::try_from(now::unix_nanos().rem_euclid(1_000)).unwrap_or_default();
    pause / 2 + pause / 2 * part / 1_000
}
