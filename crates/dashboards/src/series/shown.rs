use super::Kind;

/// UCUM's units that have a word in names, after the rules by which OTLP becomes Prometheus
/// (<https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>).
const WORDS: [(&str, &str); 9] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("%", "percent"),
];
const PER_WORDS: [(&str, &str); 4] = [("s", "second"), ("m", "minute"), ("h", "hour"), ("d", "day")];

/// What Prometheus, and so Grafana Cloud, calls a metric that comes by OTLP.
pub fn shown(name: &str, kind: Kind, unit: &str) -> String {
    let mut words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
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
    words.join("_")
}

/// What is between braces explains, and is no unit.
fn unit_words(unit: &str) -> Vec<String> {
    let (main, per) = unit.split_once('/').map_or((unit, None), |(main, per)| (main, Some(per)));
    let mut words: Vec<String> = word(main, &WORDS).into_iter().map(str::to_owned).collect();
    if let Some(per) = per.and_then(|per| word(per, &PER_WORDS)) {
        words.extend(["per".to_owned(), per.to_owned()]);
    }
    words
}

fn word<'a>(unit: &'a str, words: &[(&str, &'a str)]) -> Option<&'a str> {
    if unit.is_empty() || unit == "1" || unit.contains(['{', '}']) {
        return None;
    }
    Some(words.iter().find(|(short, _)| *short == unit).map_or(unit, |(_, word)| word))
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
        "#);
    }
}
