//! Buckets of histograms: one form for explicit and exponential bounds, and percentiles from it.

use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, exponential_histogram_data_point::Buckets,
};

/// So many measurements lie above `lower` and up to `upper`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) count: u64,
}

/// The buckets of a histogram with explicit bounds that are not empty.
pub(super) fn explicit(point: &HistogramDataPoint) -> Vec<Bucket> {
    let lower = std::iter::once(f64::NEG_INFINITY).chain(point.explicit_bounds.iter().copied());
    let upper = point.explicit_bounds.iter().copied().chain([f64::INFINITY]);
    let buckets = lower.zip(upper).zip(&point.bucket_counts);
    buckets
        .filter(|(_, count)| **count > 0)
        .map(|((lower, upper), count)| Bucket { lower, upper, count: *count })
        .collect()
}

/// The buckets of an exponential histogram that are not empty, lowest first.
///
/// Bucket `i` of the positive range lies between base^i and base^(i+1), base = 2^(2^-scale) (metrics data model,
/// "`ExponentialHistogram`").
pub(super) fn exponential(point: &ExponentialHistogramDataPoint) -> Vec<Bucket> {
    let power = (-f64::from(point.scale)).exp2();
    let positive = ranges(point.positive.as_ref(), power);
    let negative = ranges(point.negative.as_ref(), power);
    let negative =
        negative.into_iter().rev().map(|b| Bucket { lower: -b.upper, upper: -b.lower, count: b.count });
    let near = point.zero_threshold.abs();
    let zero =
        (point.zero_count > 0).then_some(Bucket { lower: -near, upper: near, count: point.zero_count });
    negative.chain(zero).chain(positive).collect()
}

fn ranges(buckets: Option<&Buckets>, power: f64) -> Vec<Bucket> {
    let Some(buckets) = buckets else { return Vec::new() };
    let bound = |index: i64| {
        #[expect(clippy::cast_precision_loss, reason = "an index has 33 bits")]
        let index = index as f64;
        (index * power).exp2()
    };
    let indexed = (i64::from(buckets.offset)..).zip(&buckets.bucket_counts);
    indexed
        .filter(|(_, count)| **count > 0)
        .map(|(index, count)| Bucket { lower: bound(index), upper: bound(index + 1), count: *count })
        .collect()
}

/// As they are stored: `[[lower, upper, count], …]`, infinity as null.
pub(super) fn to_json(buckets: &[Bucket]) -> String {
    let finite = |bound: f64| bound.is_finite().then_some(bound);
    let rows: Vec<_> = buckets.iter().map(|b| (finite(b.lower), finite(b.upper), b.count)).collect();
    serde_json::to_string(&rows).unwrap_or_default()
}

/// Reads back what [`to_json`] wrote.
pub(super) fn from_json(text: &str) -> Vec<Bucket> {
    let rows: Vec<(Option<f64>, Option<f64>, u64)> = serde_json::from_str(text).unwrap_or_default();
    let bucket = |(lower, upper, count): (Option<f64>, Option<f64>, u64)| Bucket {
        lower: lower.unwrap_or(f64::NEG_INFINITY),
        upper: upper.unwrap_or(f64::INFINITY),
        count,
    };
    rows.into_iter().map(bucket).collect()
}

/// The value below which `share` (0 to 1) of the measurements lie, linear within a bucket, as the
/// `histogram_quantile` of Prometheus: in a bucket without an end, its finite bound; `None` without measurements.
pub(crate) fn percentile(buckets: &[Bucket], share: f64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "shares of counts need no more than 53 bits")]
    let count = |bucket: &Bucket| bucket.count as f64;
    let rank = share * buckets.iter().map(count).sum::<f64>();
    let mut below = 0.0;
    for bucket in buckets.iter().filter(|bucket| bucket.count > 0) {
        if below + count(bucket) >= rank {
            return Some(within(bucket, (rank - below) / count(bucket)));
        }
        below += count(bucket);
    }
    None
}

fn within(bucket: &Bucket, part: f64) -> f64 {
    match (bucket.lower.is_finite(), bucket.upper.is_finite()) {
        (true, true) => (bucket.upper - bucket.lower).mul_add(part, bucket.lower),
        // Durations and sizes do not fall below zero.
        (false, true) if bucket.upper > 0.0 => bucket.upper * part,
        (false, true) => bucket.upper,
        (true, false) => bucket.lower,
        (false, false) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(bounds: &[f64], counts: &[u64]) -> Vec<Bucket> {
        explicit(&HistogramDataPoint {
            explicit_bounds: bounds.into(),
            bucket_counts: counts.into(),
            ..HistogramDataPoint::default()
        })
    }

    #[test]
    fn a_percentile_is_linear_within_its_bucket() {
        let buckets = histogram(&[0.1, 0.2, 0.4], &[0, 10, 10, 0]);
        assert!((percentile(&buckets, 0.25).unwrap() - 0.15).abs() < 1e-9);
        assert!((percentile(&buckets, 0.75).unwrap() - 0.3).abs() < 1e-9);
        assert_eq!(percentile(&histogram(&[0.1], &[0, 5]), 0.99), Some(0.1));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn buckets_survive_being_stored() {
        let buckets = histogram(&[1.0], &[2, 3]);
        assert_eq!(to_json(&buckets), "[[null,1.0,2],[1.0,null,3]]");
        assert_eq!(from_json(&to_json(&buckets)), buckets);
    }

    #[test]
    fn exponential_buckets_have_the_bounds_of_their_scale() {
        let positive = Some(Buckets { offset: 1, bucket_counts: vec![0, 2] });
        let point = ExponentialHistogramDataPoint { scale: 0, zero_count: 1, positive, ..Default::default() };
        let zero = Bucket { lower: -0.0, upper: 0.0, count: 1 };
        assert_eq!(exponential(&point), [zero, Bucket { lower: 4.0, upper: 8.0, count: 2 }]);
    }
}
