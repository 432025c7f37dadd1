//! From stored points to what a chart shows: rates of counters, percentiles of histograms.

use std::collections::HashMap;

use crate::store::{Bucket, Point, Series, SeriesKind, percentile};

/// A line of a chart: what it is called, and its values by Unix nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) label: &'static str,
    pub(crate) values: Vec<(i64, f64)>,
}

/// The lines of one series: a gauge is itself, a counter its rate per second, a histogram three percentiles.
pub(crate) fn lines(series: &Series) -> Vec<Line> {
    match series.kind {
        SeriesKind::Gauge => {
            let values = series.points.iter().filter_map(|point| Some((point.time_ns, point.value?)));
            vec![Line { label: "value", values: values.collect() }]
        }
        SeriesKind::Counter => {
            let rate = |step: &Step<'_>| Some((step.now.time_ns, step.risen()? / step.seconds()));
            vec![Line { label: "per second", values: steps(series).iter().filter_map(rate).collect() }]
        }
        SeriesKind::Histogram => percentiles(series),
    }
}

fn percentiles(series: &Series) -> Vec<Line> {
    let steps = steps(series);
    let line = |label, share| {
        let value = |step: &Step<'_>| Some((step.now.time_ns, percentile(&step.new_buckets(), share)?));
        Line { label, values: steps.iter().filter_map(value).collect() }
    };
    vec![line("p50", 0.50), line("p95", 0.95), line("p99", 0.99)]
}

/// What a histogram measured last, between its two newest points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Newest {
    /// Where the slowest hundredth begins, as far as buckets tell.
    pub(crate) p99: f64,
    /// It is more than that: it lies in a bucket without an end.
    pub(crate) is_more: bool,
    /// At least so many lie above the limit.
    pub(crate) above: u64,
    pub(crate) all: u64,
}

/// The newest measurements of a histogram against a limit; `None` where there are none.
pub(crate) fn newest(series: &Series, limit: f64) -> Option<Newest> {
    let buckets = steps(series).into_iter().rev().map(|step| step.new_buckets());
    let buckets = buckets.into_iter().find(|buckets| buckets.iter().any(|bucket| bucket.count > 0))?;
    let count = |fits: fn(&Bucket, f64) -> bool| -> u64 {
        buckets.iter().filter(|bucket| fits(bucket, limit)).map(|bucket| bucket.count).sum()
    };
    let all = count(|_, _| true);
    Some(Newest {
        p99: percentile(&buckets, 0.99)?,
        is_more: count(|bucket, _| bucket.upper.is_infinite()) * 100 > all,
        above: count(|bucket, limit| bucket.lower >= limit),
        all,
    })
}

/// What happened between two points.
struct Step<'a> {
    /// `None` when counting began anew: then the point itself is what happened.
    before: Option<&'a Point>,
    now: &'a Point,
    since_ns: i64,
}

impl Step<'_> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds of a step need no more than 53 bits of nanoseconds"
    )]
    fn seconds(&self) -> f64 {
        (self.now.time_ns - self.since_ns) as f64 / 1e9
    }

    fn risen(&self) -> Option<f64> {
        Some(self.now.value? - self.before.and_then(|point| point.value).unwrap_or_default())
    }

    fn new_buckets(&self) -> Vec<Bucket> {
        let key = |bucket: &Bucket| (bucket.lower.to_bits(), bucket.upper.to_bits());
        let before = self.before.map_or(&[][..], |point| &point.buckets);
        let before: HashMap<_, u64> = before.iter().map(|bucket| (key(bucket), bucket.count)).collect();
        let newer = |bucket: &Bucket| Bucket {
            count: bucket.count.saturating_sub(before.get(&key(bucket)).copied().unwrap_or_default()),
            ..*bucket
        };
        self.now.buckets.iter().map(newer).collect()
    }
}

/// The steps of a series. The first point counts from its start if that is known and not long before.
fn steps(series: &Series) -> Vec<Step<'_>> {
    let mut steps = Vec::with_capacity(series.points.len());
    let mut last: Option<&Point> = None;
    for now in &series.points {
        let goes_on = last.filter(|last| !series.is_delta && continues(last, now));
        let since_ns =
            goes_on.or(last.filter(|_| series.is_delta)).map_or(now.start_ns, |point| point.time_ns);
        let is_known = goes_on.is_some() || now.start_ns > 0;
        if is_known && since_ns < now.time_ns {
            steps.push(Step { before: goes_on, now, since_ns });
        }
        last = Some(now);
    }
    steps
}

/// Counting went on from one point to the next: same start, nothing fell.
fn continues(last: &Point, now: &Point) -> bool {
    let fell = last.value > now.value && now.count.is_none();
    last.start_ns == now.start_ns && !fell && last.count <= now.count
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    fn point(second: i64, value: f64) -> Point {
        Point {
            time_ns: second * SECOND_NS,
            start_ns: SECOND_NS,
            value: Some(value),
            count: None,
            buckets: Vec::new(),
            exemplars: Vec::new(),
        }
    }

    fn series(kind: SeriesKind, points: Vec<Point>) -> Series {
        Series {
            name: "x".into(),
            kind,
            unit: String::new(),
            service: "api-service".into(),
            instance: String::new(),
            is_delta: false,
            attributes: Map::new(),
            points,
        }
    }

    #[test]
    fn a_counter_is_its_rate_and_survives_a_restart() {
        let mut restarted = point(41, 3.0);
        restarted.start_ns = 31 * SECOND_NS;
        let points = vec![point(11, 20.0), point(21, 30.0), point(31, 30.0), restarted];
        let rates: Vec<f64> =
            lines(&series(SeriesKind::Counter, points))[0].values.iter().map(|v| v.1).collect();
        assert_eq!(rates, [2.0, 1.0, 0.0, 0.3]);
    }

    #[test]
    fn percentiles_are_of_what_is_new() {
        let with = |second, slow| Point {
            count: Some(100 + slow),
            buckets: vec![
                Bucket { lower: 0.0, upper: 1.0, count: 100 },
                Bucket { lower: 1.0, upper: 2.0, count: slow },
            ],
            ..point(second, 0.0)
        };
        let lines = lines(&series(SeriesKind::Histogram, vec![with(11, 0), with(21, 10)]));
        assert_eq!(lines[0].values, [(11 * SECOND_NS, 0.5), (21 * SECOND_NS, 1.5)]);
    }

    /// The last bound is the limit: a percentile alone would never be above it.
    #[test]
    fn what_lies_beyond_the_last_bound_is_above_the_limit() {
        let with = |second, fine, slow| Point {
            count: Some(fine + slow),
            buckets: vec![
                Bucket { lower: 0.25, upper: 0.5, count: fine },
                Bucket { lower: 0.5, upper: f64::INFINITY, count: slow },
            ],
            ..point(second, 0.0)
        };
        let newest = |points| newest(&series(SeriesKind::Histogram, points), 0.5).unwrap();
        let slow = newest(vec![with(11, 100, 0), with(21, 150, 50), with(31, 150, 50)]);
        assert_eq!(slow, Newest { p99: 0.5, is_more: true, above: 50, all: 100 });
        let fine = newest(vec![with(11, 1_000, 1)]);
        assert_eq!((fine.is_more, fine.above), (false, 1));
    }
}
