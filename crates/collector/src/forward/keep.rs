//! Writes what is to go on to the queue.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use tokio::{sync::mpsc, time::Instant};

use super::{Pace, Queue, red::Red, segments::Record};
use crate::{
    now,
    signal::{Batch, Export},
};

/// What was written is on the disk itself after so long.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Keeps batches until all who hand them over are gone.
pub(super) async fn run(mut batches: mpsc::Receiver<Batch>, queue: Queue, pace: Pace) {
    let mut red = Red::new(now::unix_nanos());
    let mut tick = tokio::time::interval(SYNC_EVERY.min(pace.segment));
    let mut tell = tokio::time::interval_at(Instant::now() + pace.red, pace.red);
    loop {
        tokio::select! {
            batch = batches.recv() => match batch {
                Some(batch) => keep(&queue, record(batch, &mut red)).await,
                None => break,
            },
            _ = tick.tick() => turn(&queue, pace.segment).await,
            _ = tell.tick() => tell_red(&queue, &red).await,
        }
    }
    tell_red(&queue, &red).await;
    turn(&queue, Duration::ZERO).await;
}

fn record(batch: Batch, red: &mut Red) -> Record {
    match batch {
        Batch::Traces(request) => {
            red.count(&request);
            of(&request)
        }
        Batch::Metrics(request) => of(&request),
        Batch::Logs(request) => of(&request),
    }
}

fn of<E: Export>(request: &E) -> Record {
    let items = u32::try_from(request.items()).unwrap_or(u32::MAX);
    Record { signal: E::SIGNAL, items, body: request.encode_to_vec() }
}

async fn keep(queue: &Queue, record: Record) {
    let now = Instant::now();
    if queue.with(move |segments| segments.append(&record, now)).await == Some(true) {
        queue.closed.notify_one();
    }
}

async fn turn(queue: &Queue, age: Duration) {
    let now = Instant::now();
    if queue.with(move |segments| segments.tick(now, age)).await == Some(true) {
        queue.closed.notify_one();
    }
}

async fn tell_red(queue: &Queue, red: &Red) {
    if let Some(request) = red.export(now::unix_nanos()) {
        keep(queue, of::<ExportMetricsServiceRequest>(&request)).await;
    }
}
