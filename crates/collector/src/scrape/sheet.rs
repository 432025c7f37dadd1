//! What was read from a server, as metrics.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    metrics::v1::{
        AggregationTemporality, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
        metric::Data, number_data_point,
    },
    resource::v1::Resource,
};

/// Starts of a server that are no further apart are the same one.
const SAME_START_NS: u64 = 5_000_000_000;

/// A metric's name and unit.
pub(crate) type Name = (&'static str, &'static str);
/// Attributes of a point.
pub(crate) type Labels<'a> = [(&'static str, &'a str)];

/// A number, whole or not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Whole(i64),
    Real(f64),
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Whole(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

/// The metrics of one scrape.
#[derive(Debug)]
pub(crate) struct Sheet {
    resource: Resource,
    scope: &'static str,
    now_ns: u64,
    /// Since when sums count; zero where the server does not say.
    pub(super) start_ns: u64,
    /// The server itself has answered; what is missing is a part of it.
    pub(super) is_answered: bool,
    metrics: Vec<Metric>,
}

impl Sheet {
    pub(crate) fn new(kind: &'static str, address: &str, now_ns: i64) -> Self {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
        let attributes = vec![
            text("service.name", kind),
            text("service.instance.id", address),
            text("server.address", host),
            KeyValue {
                key: "server.port".into(),
                value: port
                    .parse()
                    .ok()
                    .map(|port| AnyValue { value: Some(any_value::Value::IntValue(port)) }),
                ..KeyValue::default()
            },
        ];
        let resource = Resource { attributes, ..Resource::default() };
        Self {
            resource,
            scope: kind,
            now_ns: now_ns.unsigned_abs(),
            start_ns: 0,
            is_answered: false,
            metrics: Vec::new(),
        }
    }

    /// The server has been up for so many seconds, and sums count since then.
    ///
    /// Servers tell it in whole seconds, by which it would be another moment each time: the start that an earlier scrape
    /// found stays, until the server was started anew.
    pub(super) fn up_for(&mut self, seconds: u64) {
        let start_ns = self.now_ns.saturating_sub(seconds.saturating_mul(1_000_000_000));
        if self.start_ns.abs_diff(start_ns) > SAME_START_NS {
            self.start_ns = start_ns;
        }
    }

    /// Adds to what is known of the server itself.
    pub(crate) fn describe(&mut self, key: &str, value: &str) {
        self.resource.attributes.push(text(key, value));
    }

    /// A value of this moment.
    pub(crate) fn gauge(&mut self, name: Name, value: impl Into<Number>, labels: &Labels<'_>) {
        let point = self.point(value.into(), labels);
        match self.metric(name, || Data::Gauge(Gauge::default())) {
            Some(Data::Gauge(gauge)) => gauge.data_points.push(point),
            _ => debug_assert!(false, "{} has two types", name.0),
        }
    }

    /// A sum that only rises.
    pub(crate) fn counter(&mut self, name: Name, value: impl Into<Number>, labels: &Labels<'_>) {
        self.sum(name, value.into(), labels, true);
    }

    /// A sum that may fall: a count of what is there now.
    pub(super) fn level(&mut self, name: Name, value: impl Into<Number>, labels: &Labels<'_>) {
        self.sum(name, value.into(), labels, false);
    }

    fn sum(&mut self, name: Name, value: Number, labels: &Labels<'_>, is_monotonic: bool) {
        let point = NumberDataPoint { start_time_unix_nano: self.start_ns, ..self.point(value, labels) };
        let aggregation_temporality = AggregationTemporality::Cumulative as i32;
        let empty = || Data::Sum(Sum { aggregation_temporality, is_monotonic, data_points: Vec::new() });
        match self.metric(name, empty) {
            Some(Data::Sum(sum)) => sum.data_points.push(point),
            _ => debug_assert!(false, "{} has two types", name.0),
        }
    }

    /// The metric of that name, made by `empty` if it is new.
    fn metric(&mut self, (name, unit): Name, empty: impl FnOnce() -> Data) -> Option<&mut Data> {
        let at = self.metrics.iter().position(|metric| metric.name == name).unwrap_or_else(|| {
            let data = Some(empty());
            self.metrics.push(Metric { name: name.into(), unit: unit.into(), data, ..Metric::default() });
            self.metrics.len() - 1
        });
        self.metrics[at].data.as_mut()
    }

    fn point(&self, value: Number, labels: &Labels<'_>) -> NumberDataPoint {
        let value = match value {
            Number::Whole(value) => number_data_point::Value::AsInt(value),
            Number::Real(value) => number_data_point::Value::AsDouble(value),
        };
        NumberDataPoint {
            attributes: labels.iter().map(|(key, value)| text(key, value)).collect(),
            time_unix_nano: self.now_ns,
            value: Some(value),
            ..NumberDataPoint::default()
        }
    }

    /// As a sender would export it.
    pub(crate) fn into_export(self) -> ExportMetricsServiceRequest {
        let name = format!("muster/collector/{}", self.scope);
        let scope = InstrumentationScope { name, ..InstrumentationScope::default() };
        let scope_metrics =
            ScopeMetrics { scope: Some(scope), metrics: self.metrics, ..ScopeMetrics::default() };
        let resource_metrics = vec![ResourceMetrics {
            resource: Some(self.resource),
            scope_metrics: vec![scope_metrics],
            ..ResourceMetrics::default()
        }];
        ExportMetricsServiceRequest { resource_metrics }
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(any_value::Value::StringValue(value.into())) });
    KeyValue { key: key.into(), value, ..KeyValue::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_stays_until_the_server_starts_anew() {
        let second = 1_000_000_000_u64;
        let mut start_ns = 0;
        let mut starts = Vec::new();
        // Once a minute and a bit, from a server that tells whole seconds; then it was started anew.
        for (now_ns, uptime) in [(1_000_900_000_000, 100), (1_060_950_000_000, 160), (1_121_010_000_000, 20)]
        {
            let mut sheet = Sheet::new("redis", "127.0.0.1:6379", now_ns);
            sheet.start_ns = start_ns;
            sheet.up_for(uptime);
            start_ns = sheet.start_ns;
            starts.push(start_ns / second);
        }
        assert_eq!(starts, [900, 900, 1_101]);
    }
}
