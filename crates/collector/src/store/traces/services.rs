//! Services by the spans with which traces enter them.

use super::rollup;
use crate::store::{Bucket, Reader, percentile};

/// How a service did in a window of time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceSummary {
    pub(crate) service: String,
    pub(crate) entries: i64,
    pub(crate) errors: i64,
    pub(crate) p50_ns: i64,
    pub(crate) p99_ns: i64,
}

impl Reader {
    /// Services that served or consumed something since then, by name; whole minutes count. Percentiles come from
    /// buckets, eight to each doubling.
    pub(crate) async fn service_summaries(&self, since_ns: i64) -> sqlx::Result<Vec<ServiceSummary>> {
        let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
            "SELECT service, bucket, sum(entries), sum(errors) FROM red WHERE minute >= $1 \
             GROUP BY service, bucket ORDER BY service, bucket",
        )
        .bind(rollup::minute_of(since_ns))
        .fetch_all(self.pool())
        .await?;
        Ok(rows.chunk_by(|a, b| a.0 == b.0).filter_map(summary).collect())
    }

    /// How often one service's span entered another service, since then: `(from, to, times)`.
    pub(crate) async fn calls_between_services(
        &self,
        since_ns: i64,
    ) -> sqlx::Result<Vec<(String, String, i64)>> {
        sqlx::query_as(
            "SELECT caller, callee, sum(times) FROM calls WHERE minute >= $1 \
             GROUP BY caller, callee ORDER BY caller, callee",
        )
        .bind(rollup::minute_of(since_ns))
        .fetch_all(self.pool())
        .await
    }

    /// Names of all services of which spans or logs are held.
    pub(crate) async fn services(&self) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar("SELECT DISTINCT service FROM origins ORDER BY service")
            .fetch_all(self.pool())
            .await
    }
}

/// `rows` are the buckets of one service.
fn summary(rows: &[(String, i64, i64, i64)]) -> Option<ServiceSummary> {
    let service = rows.first()?.0.clone();
    let buckets: Vec<_> = rows
        .iter()
        .map(|(_, bucket, entries, _)| {
            let (lower, upper) = rollup::bounds_of(*bucket);
            Bucket { lower, upper, count: entries.unsigned_abs() }
        })
        .collect();
    #[expect(clippy::cast_possible_truncation, reason = "durations are nanoseconds in 64 bits")]
    let at = |share| percentile(&buckets, share).map_or(0, |ns| ns as i64);
    Some(ServiceSummary {
        service,
        entries: rows.iter().map(|row| row.2).sum(),
        errors: rows.iter().map(|row| row.3).sum(),
        p50_ns: at(0.50),
        p99_ns: at(0.99),
    })
}
