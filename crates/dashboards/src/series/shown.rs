use super::Kind;

/// UCUM's units that have a word in names, after the rules by which OTLP becomes Prometheus
/// (<https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>) and the tables of Prometheus'
/// own translator (<https://github.com/prometheus/otlptranslator>).
const WORDS: [(&str, &str); 24] = [
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
/// A minute behind a stroke is `m` there, and not `min`.
const PER_WORDS: [(&str, &str); 7] = [
    ("s", "second"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// What Prometheus, and so Grafana Cloud, calls a metric that comes by OTLP.
pub fn shown(name: &str, kind: Kind, unit: &str) -> String {
    let mut words = parts(name);
    for word in unit_words(unit) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if kind == Kind::Counter {
        words.retain(|word| word != "total");
        words.push("total".to_owned());
    }
    if kind == Kind::Gauge && unit == "1" {
        words.retain(|word| word != "ratio");
        words.push("ratio".to_owned());
    }
    let name = words.join("_");
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// What stands between letters that Prometheus doesn't know.
fn parts(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn unit_words(unit: &str) -> Vec<String> {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let per = word(per, &PER_WORDS).map(|per| format!("per_{per}"));
    word(main, &WORDS).into_iter().chain(per).collect()
}

/// What is between braces explains, and is no unit.
fn word(unit: &str, words: &[(&str, &str)]) -> Option<String> {
    let unit = unit.trim();
    if unit == "1" || unit.contains(['{', '}']) {
        return None;
    }
    let word = words.iter().find(|(short, _)| *short == unit).map_or(unit, |(_, word)| word);
    Some(parts(word).join("_")).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_the_endings_of_their_units_and_kinds() {
        let all = [
            shown("muster.outbox.oldest.age", Kind::Gauge, "s"),
            shown("muster.outbox.pending", Kind::Gauge, "{row}"),
            shown("muster.games.fill", Kind::Histogram, "1"),
            shown("muster.tokio.busy_ratio", Kind::Gauge, "1"),
            shown("muster.discord.gateway.connected", Kind::Gauge, "1"),
            shown("muster.games.changes", Kind::Counter, "{change}"),
            shown("http.server.request.duration", Kind::Histogram, "s"),
            shown("process.memory.usage", Kind::UpDown, "By"),
            shown("redis.commands", Kind::Gauge, "{ops}/s"),
            shown("redis.memory.fragmentation_ratio", Kind::Gauge, "1"),
            shown("redis.uptime", Kind::Counter, "s"),
            shown("postgresql.backends", Kind::UpDown, "1"),
            shown("postgresql.bgwriter.duration", Kind::Counter, "ms"),
            shown("postgresql.commits", Kind::Counter, "1"),
            shown("redis_commands_processed_total", Kind::Counter, ""),
            shown("rain", Kind::Gauge, "l/min"),
            shown("turns", Kind::Gauge, "{turn}/m"),
            shown("9.lives", Kind::UpDown, ""),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        muster_outbox_oldest_age_seconds
        muster_outbox_pending
        muster_games_fill
        muster_tokio_busy_ratio
        muster_discord_gateway_connected_ratio
        muster_games_changes_total
        http_server_request_duration_seconds
        process_memory_usage_bytes
        redis_commands_per_second
        redis_memory_fragmentation_ratio
        redis_uptime_seconds_total
        postgresql_backends
        postgresql_bgwriter_duration_milliseconds_total
        postgresql_commits_total
        redis_commands_processed_total
        rain_l_per_min
        turns_per_minute
        _9_lives
        "#);
    }
}
