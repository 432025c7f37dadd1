//! Services by the spans with which traces enter them.

use sqlx::QueryBuilder;

use crate::store::Reader;

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
    /// Services that served or consumed something since then, by name. Percentiles are exact (nearest rank).
    pub(crate) async fn service_summaries(&self, since_ns: i64) -> sqlx::Result<Vec<ServiceSummary>> {
        let rows: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
            "WITH entries AS MATERIALIZED (
                 SELECT service, duration_ns, error FROM spans WHERE entry AND start_ns >= $1
             ), ranked AS (
                 SELECT service, duration_ns, error,
                        row_number() OVER (PARTITION BY service ORDER BY duration_ns) AS rank,
                        count(*) OVER (PARTITION BY service) AS entries
                 FROM entries
             )
             SELECT service, entries, sum(error),
                    min(CASE WHEN rank * 100 >= entries * 50 THEN duration_ns END),
                    min(CASE WHEN rank * 100 >= entries * 99 THEN duration_ns END)
             FROM ranked GROUP BY service ORDER BY service",
        )
        .bind(since_ns)
        .fetch_all(self.pool())
        .await?;
        let summaries = rows.into_iter().map(|(service, entries, errors, p50_ns, p99_ns)| ServiceSummary {
            service,
            entries,
            errors,
            p50_ns,
            p99_ns,
        });
        Ok(summaries.collect())
    }

    /// How often one service's span entered another service, since then: `(from, to, times)`.
    ///
    /// Parents are looked for within the slice of the child: at the seam of two slices a few calls go uncounted.
    pub(crate) async fn calls_between_services(
        &self,
        since_ns: i64,
    ) -> sqlx::Result<Vec<(String, String, i64)>> {
        let mut query = QueryBuilder::new("SELECT caller, callee, count(*) FROM (");
        for (nth, slice) in self.slices().await?.into_iter().enumerate() {
            query.push(if nth == 0 { "" } else { " UNION ALL " });
            query
                .push(format!(
                    "SELECT p.service AS caller, c.service AS callee FROM spans_{slice} c JOIN spans_{slice} p \
                     ON p.trace_id = c.trace_id AND p.span_id = c.parent_id \
                     WHERE c.entry AND p.service <> c.service AND c.start_ns >= "
                ))
                .push_bind(since_ns);
        }
        query.push(") GROUP BY caller, callee ORDER BY caller, callee");
        query.build_query_as().fetch_all(self.pool()).await
    }

    /// Names of all services of which spans or logs are held.
    pub(crate) async fn services(&self) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar("SELECT DISTINCT service FROM origins ORDER BY service")
            .fetch_all(self.pool())
            .await
    }
}
