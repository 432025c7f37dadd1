//! Metrics for pages and scripts.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Bucket, Exemplar, buckets, exemplars};
use crate::store::Reader;

/// A chart shows at most so many points, over all its series; the newest.
const MAX_POINTS: i64 = 20_000;

/// One metric in the list of names.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub(crate) struct MetricName {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) unit: String,
    pub(crate) description: String,
    /// Services that send it, separated by commas.
    pub(crate) services: String,
    /// How many series it has.
    pub(crate) series: i64,
}

/// How the points of a series are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SeriesKind {
    /// Values of a moment.
    Gauge,
    /// Sums that only rise: their rate is what tells.
    Counter,
    /// Distributions.
    Histogram,
}

/// A series with its points, earliest first.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) kind: SeriesKind,
    pub(crate) unit: String,
    pub(crate) service: String,
    /// `service.instance.id`.
    pub(crate) instance: String,
    /// Each point counts from the point before, not from the start.
    pub(crate) is_delta: bool,
    pub(crate) attributes: Map<String, Value>,
    pub(crate) points: Vec<Point>,
}

/// A measurement, or many of them.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) time_ns: i64,
    /// When counting began; changes when a sender starts anew.
    pub(crate) start_ns: i64,
    /// The number; of a histogram its sum.
    pub(crate) value: Option<f64>,
    pub(crate) count: Option<u64>,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) exemplars: Vec<Exemplar>,
}

#[derive(sqlx::FromRow)]
struct SeriesRow {
    id: i64,
    name: String,
    kind: String,
    unit: String,
    service: String,
    instance: String,
    temporality: String,
    attributes: String,
}

#[derive(sqlx::FromRow)]
struct PointRow {
    series_id: i64,
    time_ns: i64,
    start_ns: i64,
    value: Option<f64>,
    count: Option<i64>,
    buckets: Option<String>,
    exemplars: Option<String>,
}

/// The newest value of a series.
#[derive(Clone, Debug)]
pub(crate) struct Latest {
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) attributes: Map<String, Value>,
    pub(crate) value: f64,
}

impl Reader {
    /// The newest values of all series whose name begins so, of points since then. A process that has ended counts no
    /// more once its last point is older.
    pub(crate) async fn latest(&self, prefix: &str, since_ns: i64) -> sqlx::Result<Vec<Latest>> {
        let rows: Vec<(String, String, String, f64)> = sqlx::query_as(
            "SELECT s.name, s.service, s.attributes, p.value FROM \
             (SELECT DISTINCT id, name, service, attributes FROM series WHERE name >= $1 AND name < $1 || 'zz') s \
             JOIN (SELECT series_id, value, max(time_ns) FROM points WHERE time_ns >= $2 AND value IS NOT NULL \
                   AND series_id IN (SELECT id FROM series WHERE name >= $1 AND name < $1 || 'zz') \
                   GROUP BY series_id) p ON p.series_id = s.id ORDER BY s.name, s.service, s.attributes",
        )
        .bind(prefix)
        .bind(since_ns)
        .fetch_all(self.pool())
        .await?;
        let latest = rows.into_iter().map(|(name, service, attributes, value)| Latest {
            name,
            service,
            attributes: serde_json::from_str(&attributes).unwrap_or_default(),
            value,
        });
        Ok(latest.collect())
    }

    /// All metrics that are held, by name.
    pub(crate) async fn metric_names(&self) -> sqlx::Result<Vec<MetricName>> {
        sqlx::query_as(
            "SELECT name, max(kind) AS kind, max(unit) AS unit, max(description) AS description, \
             group_concat(DISTINCT service) AS services, count(DISTINCT id) AS series \
             FROM series GROUP BY name ORDER BY name",
        )
        .fetch_all(self.pool())
        .await
    }

    /// The series of one metric with their points since then, by service and attributes.
    pub(crate) async fn series(&self, name: &str, since_ns: i64) -> sqlx::Result<Vec<Series>> {
        let rows: Vec<SeriesRow> = sqlx::query_as(
            "SELECT DISTINCT id, name, kind, unit, service, instance, temporality, attributes FROM series \
             WHERE name = $1 ORDER BY service, attributes, id",
        )
        .bind(name)
        .fetch_all(self.pool())
        .await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let mut points = self.points(&ids, since_ns).await?;
        let series = rows.into_iter().map(|row| series(row, &mut points));
        Ok(series.filter(|series| !series.points.is_empty()).collect())
    }

    async fn points(&self, series: &[i64], since_ns: i64) -> sqlx::Result<HashMap<i64, Vec<Point>>> {
        let mut rows: Vec<PointRow> = sqlx::query_as(
            "SELECT series_id, time_ns, start_ns, value, count, buckets, exemplars FROM points \
             WHERE series_id IN (SELECT value FROM json_each($1)) AND time_ns >= $2 \
             ORDER BY time_ns DESC LIMIT $3",
        )
        .bind(serde_json::to_string(series).unwrap_or_default())
        .bind(since_ns)
        .bind(MAX_POINTS)
        .fetch_all(self.pool())
        .await?;
        rows.reverse();
        let mut points: HashMap<i64, Vec<Point>> = HashMap::new();
        for row in rows {
            points.entry(row.series_id).or_default().push(point(&row));
        }
        Ok(points)
    }
}

fn series(row: SeriesRow, points: &mut HashMap<i64, Vec<Point>>) -> Series {
    Series {
        points: points.remove(&row.id).unwrap_or_default(),
        name: row.name,
        kind: match row.kind.as_str() {
            "counter" => SeriesKind::Counter,
            "histogram" => SeriesKind::Histogram,
            _ => SeriesKind::Gauge,
        },
        unit: row.unit,
        service: row.service,
        instance: row.instance,
        is_delta: row.temporality == "delta",
        attributes: serde_json::from_str(&row.attributes).unwrap_or_default(),
    }
}

fn point(row: &PointRow) -> Point {
    Point {
        time_ns: row.time_ns,
        start_ns: row.start_ns,
        value: row.value,
        count: row.count.and_then(|count| u64::try_from(count).ok()),
        buckets: row.buckets.as_deref().map(buckets::from_json).unwrap_or_default(),
        exemplars: row.exemplars.as_deref().map(exemplars::from_json).unwrap_or_default(),
    }
}
