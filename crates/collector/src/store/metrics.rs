//! Data points in and out, by series.

use std::collections::HashMap;

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{AggregationTemporality, ExponentialHistogramDataPoint, Metric, metric::Data},
};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::SqliteConnection;

use super::{
    Origin,
    origin::digest,
    write::{ROWS_PER_INSERT, Tally, insert_rows},
};
use crate::store::json;

mod buckets;
mod exemplars;
mod points;
mod read;

pub(crate) use buckets::{Bucket, percentile};
pub(crate) use exemplars::{Exemplar, read as read_exemplars};
use points::Row;
pub(crate) use read::{Latest, MetricName, Point, Series, SeriesKind};

/// The upper bounds and counts of an exponential histogram, its count, its sum, and its exemplars.
pub(crate) fn exponential_buckets(
    point: &ExponentialHistogramDataPoint,
) -> (Vec<(f64, u64)>, u64, f64, Vec<Exemplar>) {
    let buckets = buckets::exponential(point).iter().map(|bucket| (bucket.upper, bucket.count)).collect();
    (buckets, point.count, point.sum.unwrap_or_default(), exemplars::read(&point.exemplars))
}

/// What the points of one series have in common. Named by a digest of all of it.
#[derive(Serialize)]
struct SeriesKey<'a> {
    name: &'a str,
    kind: &'static str,
    unit: &'a str,
    service: &'a str,
    instance: &'a str,
    temporality: &'static str,
    attributes: &'a Map<String, Value>,
}

struct SeriesRow {
    id: i64,
    name: String,
    kind: &'static str,
    unit: String,
    description: String,
    service: String,
    instance: String,
    temporality: &'static str,
    attributes: String,
}

/// Writes the data points of one export. A point that its series has already for that time is a duplicate.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    slice: i64,
    request: &ExportMetricsServiceRequest,
) -> sqlx::Result<Tally> {
    let mut series = HashMap::new();
    let mut rows = Vec::new();
    for resource in &request.resource_metrics {
        let origin = Origin::new(resource.resource.as_ref(), None, [&resource.schema_url, ""]);
        for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            for (attributes, point) in points::of(metric) {
                let row = series_row(&origin, metric, &json::object(attributes));
                rows.push((row.id, point));
                series.entry(row.id).or_insert(row);
            }
        }
    }
    insert_series(db, slice, &series.into_values().collect::<Vec<_>>()).await?;
    insert_points(db, slice, &rows).await
}

fn series_row(origin: &Origin, metric: &Metric, attributes: &Map<String, Value>) -> SeriesRow {
    let (kind, temporality) = kind_of(metric);
    let key = SeriesKey {
        name: &metric.name,
        kind,
        unit: &metric.unit,
        service: &origin.service,
        instance: &origin.instance,
        temporality,
        attributes,
    };
    SeriesRow {
        id: digest(&serde_json::to_vec(&key).unwrap_or_default()),
        name: metric.name.clone(),
        kind,
        unit: metric.unit.clone(),
        description: metric.description.clone(),
        service: origin.service.clone(),
        instance: origin.instance.clone(),
        temporality,
        attributes: Value::Object(attributes.clone()).to_string(),
    }
}

/// The kind of a series and its temporality, as they are stored.
fn kind_of(metric: &Metric) -> (&'static str, &'static str) {
    let temporality = |number: i32| match AggregationTemporality::try_from(number) {
        Ok(AggregationTemporality::Delta) => "delta",
        _ => "cumulative",
    };
    match &metric.data {
        Some(Data::Sum(sum)) if sum.is_monotonic => ("counter", temporality(sum.aggregation_temporality)),
        // A sum that may fall is read like a gauge: its value is what matters, not its rate.
        Some(Data::Sum(_) | Data::Gauge(_)) | None => ("gauge", "none"),
        Some(Data::Histogram(h)) => ("histogram", temporality(h.aggregation_temporality)),
        Some(Data::ExponentialHistogram(h)) => ("histogram", temporality(h.aggregation_temporality)),
        Some(Data::Summary(_)) => ("histogram", "cumulative"),
    }
}

async fn insert_series(db: &mut SqliteConnection, slice: i64, rows: &[SeriesRow]) -> sqlx::Result<()> {
    let head = format!(
        "INSERT OR IGNORE INTO series_{slice} \
         (id, name, kind, unit, description, service, instance, temporality, attributes) "
    );
    for rows in rows.chunks(ROWS_PER_INSERT) {
        insert_rows(db, (&head, ""), rows, |mut row, series| {
            row.push_bind(series.id)
                .push_bind(&*series.name)
                .push_bind(series.kind)
                .push_bind(&*series.unit)
                .push_bind(&*series.description)
                .push_bind(&*series.service)
                .push_bind(&*series.instance)
                .push_bind(series.temporality)
                .push_bind(&*series.attributes);
        })
        .await?;
    }
    Ok(())
}

async fn insert_points(db: &mut SqliteConnection, slice: i64, rows: &[(i64, Row)]) -> sqlx::Result<Tally> {
    let head = format!(
        "INSERT OR IGNORE INTO points_{slice} (series_id, time_ns, start_ns, value, count, min, max, buckets, exemplars) "
    );
    let mut stored = 0;
    for rows in rows.chunks(ROWS_PER_INSERT) {
        stored += insert_rows(db, (&head, ""), rows, |mut row, (series_id, point)| {
            row.push_bind(*series_id)
                .push_bind(point.time_ns)
                .push_bind(point.start_ns)
                .push_bind(point.value)
                .push_bind(point.count)
                .push_bind(point.min)
                .push_bind(point.max)
                .push_bind(point.buckets.as_deref())
                .push_bind(point.exemplars.as_deref());
        })
        .await?
        .rows_affected();
    }
    Ok(Tally::of(rows.len(), stored))
}
