//! Names and units as Prometheus writes them.

use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};

use super::family::Kind;

/// Units by what they are called in a name, after Prometheus' own translator
/// (<https://github.com/prometheus/otlptranslator>). The dashboards of a Prometheus ask for names of its making, so that
/// its oddities are kept.
const UNITS: [(&str, &str); 24] = [
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
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Hz", "hertz"),
    ("Cel", "celsius"),
    ("%", "percent"),
];
/// What comes behind a stroke; a minute is `m` here, and not `min`.
const PER: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

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
    let mut words = words(&metric.name);
    if words.is_empty() {
        return None;
    }
    for word in unit_words(&metric.unit) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if kind == Kind::Counter && words.iter().any(|word| word != "total") {
        words.retain(|word| word != "total");
    }
    if is_gauge && metric.unit == "1" {
        words.retain(|word| word != "ratio");
        words.push("ratio".into());
    }
    let digit = words[0].starts_with(|letter: char| letter.is_ascii_digit());
    Some((kind, format!("{}{}", if digit { "_" } else { "" }, words.join("_"))))
}

/// The parts of a name between whatever Prometheus has no letter for.
fn words(name: &str) -> Vec<String> {
    let parts = name.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == ':'));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The words that a unit adds to a name: `By/s` is `bytes`, `per_second`.
fn unit_words(unit: &str) -> impl Iterator<Item = String> {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let per = unit_word(per, &PER).map(|per| format!("per_{per}"));
    unit_word(main, &UNITS).into_iter().chain(per)
}

/// What stands in braces is a remark, and one is no unit.
fn unit_word(unit: &str, known: &[(&str, &str)]) -> Option<String> {
    let unit = unit.trim();
    if unit == "1" || unit.contains(['{', '}']) {
        return None;
    }
    let found = known.iter().find(|(short, _)| *short == unit);
    Some(words(found.map_or(unit, |(_, word)| word)).join("_")).filter(|word| !word.is_empty())
}

/// A label's name. Some labels mean something to Prometheus, and so cannot be attributes.
pub(super) fn label(key: &str) -> String {
    match sanitized(key) {
        key if key.is_empty() => NAMELESS.into(),
        key if ["le", "quantile"].contains(&key.as_str()) => format!("exported_{key}"),
        key => key,
    }
}

/// Letters and digits; everything else is an underscore, of which never two stand together.
fn sanitized(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        let letter = if letter.is_ascii_alphanumeric() { letter } else { '_' };
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
        assert_eq!(named("a.ratio.of.b", "1", gauge()), "a_of_b_ratio");
        assert_eq!(named("a.total.of.b", "", counter()), "a_of_b");
        assert_eq!(named("requests", "1/s", gauge()), "requests_per_second");
        assert_eq!(named("rain", "l/min", gauge()), "rain_l_per_min");
        assert_eq!(named("turns", "{turn}/m", gauge()), "turns_per_minute");
        assert_eq!(label("http.response.status_code"), "http_response_status_code");
        assert_eq!(["le", "", "é", "__name__"].map(label), ["exported_le", "key", "key", "_name"]);
        let metric = Metric { name: "日本".into(), data: Some(gauge()), ..Metric::default() };
        assert!(of(&metric).is_none());
    }
}
