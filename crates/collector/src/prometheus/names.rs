//! Names and units as Prometheus writes them.

use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};

use super::family::Kind;

/// Units by what they are called in a name (UCUM, as OpenTelemetry uses it).
const UNITS: [(&str, &str); 17] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("W", "watts"),
    ("Hz", "hertz"),
    ("Cel", "celsius"),
    ("%", "percent"),
];
const PER: [(&str, &str); 4] = [("s", "second"), ("min", "minute"), ("h", "hour"), ("d", "day")];

/// The label of attributes whose names have no letter that Prometheus knows.
const NAMELESS: &str = "key";

/// The kind and the name of a metric, without the `_total` of counters; none when it has no data, or no letter that Prometheus knows.
pub(super) fn of(metric: &Metric) -> Option<(Kind, String)> {
    let (kind, is_gauge) = match metric.data.as_ref()? {
        Data::Gauge(_) => (Kind::Gauge, true),
        Data::Sum(sum) if sum.is_monotonic => (Kind::Counter, false),
        // A sum that may fall is a gauge to Prometheus.
        Data::Sum(_) => (Kind::Gauge, false),
        Data::Histogram(_) | Data::ExponentialHistogram(_) => (Kind::Histogram, false),
        Data::Summary(_) => (Kind::Summary, false),
    };
    let mut name = sanitized(&metric.name, ':');
    if name.is_empty() {
        return None;
    }
    for part in unit(&metric.unit, is_gauge) {
        if !name.split('_').any(|token| token == part) {
            name = format!("{name}_{part}");
        }
    }
    if kind == Kind::Counter {
        name = name.trim_end_matches("_total").to_owned();
    }
    Some((kind, name))
}

/// The words that a unit adds to a name: `By/s` is `bytes`, `per_second`.
fn unit(unit: &str, is_gauge: bool) -> Vec<String> {
    if unit == "1" {
        return if is_gauge { vec!["ratio".into()] } else { Vec::new() };
    }
    let (main, per) = unit.split_once('/').map_or((unit, None), |(main, per)| (main, Some(per)));
    let word = |unit: &str, of: &[(&str, &str)]| {
        let known = of.iter().find(|(short, _)| *short == unit).map(|(_, word)| (*word).to_owned());
        known.unwrap_or_else(|| sanitized(unit, '_'))
    };
    // What stands in braces is a remark.
    let main = (!main.is_empty() && !main.starts_with('{')).then(|| word(main, &UNITS));
    let per = per.filter(|per| !per.is_empty() && !per.starts_with('{'));
    main.into_iter().chain(per.map(|per| format!("per_{}", word(per, &PER)))).collect()
}

/// A label's name. Some labels mean something to Prometheus, and so cannot be attributes.
pub(super) fn label(key: &str) -> String {
    match sanitized(key, '_') {
        key if key.is_empty() => NAMELESS.into(),
        key if ["le", "quantile"].contains(&key.as_str()) => format!("exported_{key}"),
        key => key,
    }
}

/// Letters, digits, underscores and `also`; everything else is an underscore, of which never two stand together.
fn sanitized(name: &str, also: char) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        let letter = if letter.is_ascii_alphanumeric() || letter == also { letter } else { '_' };
        if letter != '_' || !text.ends_with('_') {
            text.push(letter);
        }
    }
    let text = text.trim_end_matches('_');
    if text.starts_with(|letter: char| letter.is_ascii_digit()) {
        format!("_{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::metrics::v1::{Gauge, Histogram, Sum};

    use super::*;

    fn named(name: &str, unit: &str, data: Data) -> String {
        of(&Metric { name: name.into(), unit: unit.into(), data: Some(data), ..Metric::default() }).unwrap().1
    }

    #[test]
    fn names_are_those_that_prometheus_shows() {
        let counter = || Data::Sum(Sum { is_monotonic: true, ..Sum::default() });
        let level = || Data::Sum(Sum::default());
        let gauge = || Data::Gauge(Gauge::default());
        let histogram = || Data::Histogram(Histogram::default());
        assert_eq!(
            named("http.server.request.duration", "s", histogram()),
            "http_server_request_duration_seconds"
        );
        assert_eq!(named("process.cpu.time", "s", counter()), "process_cpu_time_seconds");
        assert_eq!(named("muster.tokio.busy_ratio", "1", gauge()), "muster_tokio_busy_ratio");
        assert_eq!(
            named("redis.memory.fragmentation_ratio", "1", gauge()),
            "redis_memory_fragmentation_ratio"
        );
        assert_eq!(named("postgresql.backends", "1", level()), "postgresql_backends");
        assert_eq!(named("redis.commands", "{ops}/s", gauge()), "redis_commands_per_second");
        assert_eq!(named("redis.net.input", "By", counter()), "redis_net_input_bytes");
        assert_eq!(
            named("postgresql.bgwriter.duration", "ms", counter()),
            "postgresql_bgwriter_duration_milliseconds"
        );
        assert_eq!(named("9..lives", "", gauge()), "_9_lives");
        assert_eq!(label("http.response.status_code"), "http_response_status_code");
        assert_eq!(["le", "", "é", "__name__"].map(label), ["exported_le", "key", "key", "_name"]);
        let metric = Metric { name: "日本".into(), data: Some(gauge()), ..Metric::default() };
        assert!(of(&metric).is_none());
    }
}
