//! What is emitted against what is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Event, Span, table};
use crate::Captured;

/// What a metric may always say: that it has too many series.
const OVERFLOW: &str = "otel.metric.overflow";

/// Names that were seen somewhere: captured in a test, or read from a collector.
#[derive(Clone, Debug, Default)]
pub struct Emitted {
    spans: BTreeSet<(String, String, BTreeSet<String>)>,
    metrics: BTreeMap<String, BTreeSet<String>>,
    events: BTreeMap<String, BTreeSet<String>>,
}

/// Where the registry and what is emitted differ; its text is a line for each difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Emitted, and not in the registry.
    pub unlisted: BTreeSet<String>,
    /// In the registry, and not emitted.
    pub unemitted: BTreeSet<String>,
}

impl Emitted {
    /// Adds a span: its kind (`server` and so on), its name and the keys of its attributes.
    pub fn span<K: Into<String>>(&mut self, kind: &str, name: &str, attributes: impl IntoIterator<Item = K>) {
        let attributes = attributes.into_iter().map(Into::into).collect();
        self.spans.insert((kind.to_ascii_lowercase(), name.to_owned(), attributes));
    }

    /// Adds a metric: its name and the keys of the attributes of all its points.
    pub fn metric<K: Into<String>>(&mut self, name: &str, attributes: impl IntoIterator<Item = K>) {
        let attributes = attributes.into_iter().map(Into::into);
        self.metrics.entry(name.to_owned()).or_default().extend(attributes);
    }

    /// Adds a log record that has a name: it and the keys of its attributes.
    pub fn event<K: Into<String>>(&mut self, name: &str, attributes: impl IntoIterator<Item = K>) {
        self.events.entry(name.to_owned()).or_default().extend(attributes.into_iter().map(Into::into));
    }

    /// Adds all that a service's captured telemetry holds.
    pub fn captured(&mut self, captured: &Captured) {
        for span in captured.spans() {
            self.span(&format!("{:?}", span.kind), &span.name, span.attributes.into_keys());
        }
        for metric in captured.metrics() {
            let keys = metric.points.into_iter().flat_map(|point| point.attributes.into_keys());
            self.metric(&metric.name, keys);
        }
        for log in captured.logs() {
            if let Some(name) = &log.name {
                self.event(name, log.attributes.into_keys());
            }
        }
    }
}

/// Compares what was emitted with the registry.
pub fn compare(emitted: &Emitted) -> Comparison {
    let mut seen = Seen::default();
    for (kind, name, attributes) in &emitted.spans {
        seen.span(kind, name, attributes);
    }
    for (name, attributes) in &emitted.metrics {
        seen.metric(name, attributes);
    }
    for (name, attributes) in &emitted.events {
        seen.event(name, attributes);
    }
    let unemitted = listed().filter(|line| !seen.listed.contains(line)).collect();
    Comparison { unlisted: seen.unlisted, unemitted }
}

#[derive(Default)]
struct Seen {
    listed: BTreeSet<String>,
    unlisted: BTreeSet<String>,
}

impl Seen {
    fn span(&mut self, kind: &str, name: &str, attributes: &BTreeSet<String>) {
        match kind_of(kind, name, &attributes.iter().map(String::as_str).collect()) {
            Some(span) => {
                self.listed.insert(format!("span {}", span.id));
                let known = |key: &str| span.required.contains(&key) || span.optional.contains(&key);
                self.attributes(&format!("span {}", span.id), attributes, known);
            }
            None => {
                self.unlisted.insert(format!("{kind} span \"{name}\" with {attributes:?}"));
            }
        }
    }

    fn metric(&mut self, name: &str, attributes: &BTreeSet<String>) {
        self.listed.insert(format!("metric {name}"));
        if let Some(metric) = table::METRICS.iter().find(|metric| metric.name == name) {
            let known = |key: &str| metric.attributes.contains(&key) || key == OVERFLOW;
            self.attributes(&format!("metric {name}"), attributes, known);
        } else if !table::IMPORTED_METRICS.contains(&name) {
            self.unlisted.insert(format!("metric {name}"));
        }
    }

    fn event(&mut self, name: &str, attributes: &BTreeSet<String>) {
        match event_of(name) {
            Some(event) => {
                self.listed.insert(format!("event {}", event.name));
                let known = |key: &str| event.attributes.contains(&key);
                self.attributes(&format!("event {}", event.name), attributes, known);
            }
            None => {
                self.unlisted.insert(format!("event {name}"));
            }
        }
    }

    fn attributes(&mut self, of: &str, keys: &BTreeSet<String>, is_known: impl Fn(&str) -> bool) {
        for key in keys {
            self.listed.insert(format!("attribute {key}"));
            if !is_known(key) {
                self.unlisted.insert(format!("attribute {key} of {of}"));
            }
        }
    }
}

/// All that the registry lists, a line each.
fn listed() -> impl Iterator<Item = String> {
    let spans = table::SPANS.iter().map(|span| format!("span {}", span.id));
    let metrics =
        table::METRICS.iter().map(|metric| metric.name).chain(table::IMPORTED_METRICS.iter().copied());
    let events = table::EVENTS.iter().map(|event| format!("event {}", event.name));
    let attributes = table::ATTRIBUTES.iter().map(|key| format!("attribute {key}"));
    spans.chain(metrics.map(|name| format!("metric {name}"))).chain(events).chain(attributes)
}

/// The kind of span that one of this kind (`server` and so on), name and attributes is: of those whose name and
/// required attributes fit, the one that says most.
pub fn kind_of(kind: &str, name: &str, attributes: &BTreeSet<&str>) -> Option<&'static Span> {
    let fits = |span: &&Span| span.kind == kind && span.required.iter().all(|key| attributes.contains(key));
    let named = |span: &'static Span| {
        let literal = span.names.iter().filter_map(|pattern| literal_bytes(pattern, name)).max()?;
        Some(((span.required.len(), literal), span))
    };
    let all = table::SPANS.iter().filter(fits).filter_map(named);
    all.max_by_key(|(says, _)| *says).map(|(_, span)| span)
}

fn event_of(name: &str) -> Option<&'static Event> {
    let fitting =
        table::EVENTS.iter().filter_map(|event| literal_bytes(event.name, name).map(|bytes| (bytes, event)));
    fitting.max_by_key(|(bytes, _)| *bytes).map(|(_, event)| event)
}

/// How many bytes of a pattern a name repeats, if it fits; braces stand for at least one character.
fn literal_bytes(pattern: &str, name: &str) -> Option<usize> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return (pattern == name).then_some(pattern.len());
    };
    let (_, after) = rest.split_once('}')?;
    let name = name.strip_prefix(before)?;
    let places = name.char_indices().skip(1).map(|(place, _)| place).chain([name.len()]);
    let ends = places.filter(|place| *place > 0).filter_map(|place| literal_bytes(after, &name[place..]));
    ends.max().map(|bytes| bytes + before.len())
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.unlisted {
            writeln!(f, "not listed: {line}")?;
        }
        for line in &self.unemitted {
            writeln!(f, "not emitted: {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_stand_for_something() {
        assert_eq!(literal_bytes("publish {exchange}", "publish muster.events"), Some(8));
        assert_eq!(literal_bytes("publish {exchange}", "publish "), None);
        assert_eq!(literal_bytes("{operation}.exception", "games.create.exception"), Some(10));
        assert_eq!(literal_bytes("{operation}.exception", ".exception"), None);
        assert_eq!(literal_bytes("{group}.{verb}", "games.join"), Some(1));
        assert_eq!(literal_bytes("a", "ab"), None);
    }

    #[test]
    fn differences_are_told_both_ways() {
        let mut emitted = Emitted::default();
        emitted.span("internal", "games.join", ["muster.action", "muster.secret"]);
        emitted.span("server", "GET /", ["http.request.method"]);
        emitted.metric("muster.games.changes", ["action", "game"]);
        emitted.metric("muster.unheard_of", ["kind"]);
        emitted.event("games.create.exception", ["exception.type"]);
        emitted.event("unheard.of", [] as [&str; 0]);
        let found = compare(&emitted);

        let unlisted: Vec<&str> = found.unlisted.iter().map(String::as_str).collect();
        assert_eq!(
            unlisted,
            [
                "attribute game of metric muster.games.changes",
                "attribute muster.secret of span verb",
                "event unheard.of",
                "metric muster.unheard_of",
                "server span \"GET /\" with {\"http.request.method\"}",
            ]
        );
        assert!(found.unemitted.contains("span http.server"));
        assert!(!found.unemitted.contains("span verb") && !found.unemitted.contains("attribute action"));
        assert!(!found.unemitted.contains("event {operation}.exception"));
    }
}
