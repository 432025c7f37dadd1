//! What was received, in one SQLite file: written by one task, read by many.
//!
//! The file is made of **time slices**. Each slice is its own set of tables (`spans_7`, `logs_7`, …); rows are written to
//! the newest slice, views (`spans`, `logs`, …) show all of them to readers, and the caps on bytes and age drop the
//! oldest slice whole, which costs the same whether it holds a thousand spans or a million. Freed pages are used again by
//! the next slice, so that hardly ever one must be given back to the disk.
//!
//! A span, a log record and what sent them are kept as the OTLP bytes that arrived, beside the columns that are searched:
//! nothing is lost on the way to a page or to an export.

mod disk;
mod games;
pub(crate) mod json;
mod logs;
mod metrics;
mod open;
mod origin;
mod read;
mod retention;
mod schema;
mod traces;
mod write;

pub(crate) use games::GameSummary;
pub(crate) use logs::{LogFilter, StoredLog};
pub(crate) use metrics::{
    Bucket, Exemplar, Latest, MetricName, Point, Series, SeriesKind, exponential_buckets, percentile,
    read_exemplars,
};
pub use open::OpenError;
pub(crate) use open::{Caps, open};
pub(crate) use origin::Origin;
pub(crate) use read::Reader;
pub(crate) use traces::{Found, LinkedTrace, ServiceSummary, StoredSpan, Trace, TraceFilter, TraceSummary};
pub(crate) use write::Writer;
