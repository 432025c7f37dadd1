//! Log lines on stdout: an event is one line, whatever is in it.

use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

use crate::entry::Entry;
use crate::propagation::hex;
use crate::{LogFormat, ServiceName};

/// Writes lines.
#[derive(Debug)]
pub(crate) struct Lines<W> {
    service: ServiceName,
    format: LogFormat,
    writer: W,
}

impl<W: for<'w> MakeWriter<'w>> Lines<W> {
    pub(crate) const fn new(service: ServiceName, format: LogFormat, writer: W) -> Self {
        Self { service, format, writer }
    }

    pub(crate) fn write(&self, entry: &Entry) {
        let mut text = match self.format {
            LogFormat::Json => json(self.service, entry),
            LogFormat::Human => human(self.service, entry),
        };
        text.push('\n');
        // There is nowhere left to report that stdout is gone.
        let _ = self.writer.make_writer().write_all(text.as_bytes());
    }
}

fn json(service: ServiceName, entry: &Entry) -> String {
    let mut object = Object::begin(Vec::with_capacity(LINE_BYTES));
    object.text("timestamp", &now());
    object.text("level", entry.level.as_str());
    object.text("service", service.as_str());
    if let Some(name) = &entry.name {
        object.text("name", name);
    }
    object.text("target", entry.target);
    object.text("message", &entry.message);
    if let Some(span) = &entry.span {
        object.text("trace_id", &hex(&span.trace_id().to_bytes()));
        object.text("span_id", &hex(&span.span_id().to_bytes()));
    }
    if !entry.fields.is_empty() {
        object.key("fields");
        let mut fields = Object::begin(object.out);
        for (key, value) in &entry.fields {
            fields.value(key, value);
        }
        object = Object { out: fields.end(), is_empty: false };
    }
    // What was written is text, and escaped.
    let text = String::from_utf8(object.end()).unwrap_or_default();
    // JSON lets these pass, a terminal or an editor acts on them. Most lines have nothing beyond ASCII.
    if !text.bytes().any(|byte| byte >= 0x7f) {
        return text;
    }
    escape(&text, is_unseen, |c| format!("\\u{:04x}", u32::from(c)))
}

fn human(service: ServiceName, entry: &Entry) -> String {
    let mut text = format!("{} {:>5} {} {}", now(), entry.level, service, entry.target);
    if let Some(name) = &entry.name {
        let _ = write!(text, " {name}");
    }
    let _ = write!(text, ": {}", entry.message);
    for (key, value) in &entry.fields {
        let _ = match value {
            Value::String(value) => write!(text, " {key}={value}"),
            other => write!(text, " {key}={other}"),
        };
    }
    if let Some(span) = &entry.span {
        let _ = write!(text, " trace={} span={}", span.trace_id(), span.span_id());
    }
    escape(&text, is_unseen, |c| c.escape_default().to_string())
}

/// Room for most lines.
const LINE_BYTES: usize = 512;

/// A JSON object that is written member by member.
struct Object {
    out: Vec<u8>,
    is_empty: bool,
}

impl Object {
    fn begin(mut out: Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(b',');
        }
        self.json(key);
        self.out.push(b':');
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.json(value);
    }

    fn value(&mut self, key: &str, value: &Value) {
        self.key(key);
        self.json(value);
    }

    fn json<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Memory takes whatever is written, and texts and numbers can be.
        let _ = serde_json::to_writer(&mut self.out, value);
    }

    fn end(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }
}

fn now() -> String {
    let mut text = String::new();
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

/// What could make a line look like another, or like two: control characters, Unicode's bidirectional controls
/// (UAX #9), characters without width, and line and paragraph separators.
fn is_unseen(c: char) -> bool {
    let invisible = matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}');
    invisible || matches!(c, '\u{61C}' | '\u{FEFF}') || c.is_control()
}

fn escape(text: &str, is_unsafe: impl Fn(char) -> bool, escaped: impl Fn(char) -> String) -> String {
    if !text.contains(&is_unsafe) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unsafe(character) { safe.push_str(&escaped(character)) } else { safe.push(character) }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::logs::Log;
    use crate::people::People;
    use crate::records::{self, Records};
    use crate::{Limits, Secret, Telemetry, UserIds, Verb};

    const CHARACTERS: usize = 40;

    fn lines(format: LogFormat, story: impl FnOnce()) -> String {
        lines_about(&UserIds::Plain, format, story)
    }

    fn lines_about(user_ids: &UserIds, format: LogFormat, story: impl FnOnce()) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let writer = move || Sink(Arc::clone(&sink));
        let lines = Lines::new(ServiceName::Bot, format, writer);
        let limits = Limits { log_value_characters: CHARACTERS, ..Limits::default() };
        let records = Arc::new(Records::new(limits, records::Sink::Nowhere));
        let log = Log::new(Some(lines), records, (People::new(user_ids), limits));
        let subscriber = tracing_subscriber::registry().with(log);
        tracing::subscriber::with_default(subscriber, story);
        let bytes = written.lock().expect("no writer panicked").clone();
        String::from_utf8(bytes).expect("lines are text")
    }

    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no writer panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Timestamps are as long as they are fixed: `2026-11-22T15:49:00.000000Z`.
    fn without_time(text: &str) -> String {
        text.lines().map(|line| line.get(27..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn json_holds_the_event_and_stays_one_line() {
        let text = lines(LogFormat::Json, || {
            tracing::info!(
                name: "games.created", target: "actions",
                { seats = 4_u64, hint = "a\nb\u{1b}[31m\u{9b}x" },
                "A game was created."
            );
        });
        let mut line: Value = serde_json::from_str(text.trim_end()).expect("it is JSON");
        let timestamp = line["timestamp"].take();

        assert!(timestamp.as_str().is_some_and(|time| time.ends_with('Z')), "{timestamp}");
        assert_eq!(text.lines().count(), 1);
        assert!(!text.trim_end().contains(char::is_control), "{text:?}");
        insta::assert_json_snapshot!(line, @r#"
        {
          "fields": {
            "hint": "a\nb\u001b[31mx",
            "seats": 4
          },
          "level": "INFO",
          "message": "A game was created.",
          "name": "games.created",
          "service": "bot-service",
          "target": "actions",
          "timestamp": null
        }
        "#);
    }

    #[test]
    fn a_person_reads_a_sentence_and_no_escape_reaches_the_terminal() {
        let text = lines(LogFormat::Human, || {
            tracing::warn!(target: "store", seats = 4, hint = "a\nb\u{1b}[31m", "It is slow.");
        });

        insta::assert_snapshot!(without_time(&text), @r"  WARN bot-service store: It is slow. seats=4 hint=a\nb\u{1b}[31m");
    }

    #[test]
    fn a_person_reads_which_event_it_is_and_in_which_span() {
        let (telemetry, captured) = Telemetry::captured(ServiceName::Bot);
        let text = lines(LogFormat::Human, || {
            telemetry.verb(Verb { name: "games.create" }).in_scope(|| {
                tracing::info!(name: "games.created", target: "actions", "A game was created.");
            });
        });

        let span = &captured.spans()[0];
        let (trace_id, span_id) = (&span.trace_id, &span.span_id);
        let wanted = format!(
            "  INFO bot-service actions games.created: A game was created. trace={trace_id} span={span_id}"
        );
        assert_eq!(without_time(&text), wanted);
    }

    #[test]
    fn what_turns_or_breaks_a_line_unseen_is_escaped() {
        let story =
            || tracing::info!(target: "a", hint = "a\u{2028}b\u{202e}c\u{feff}d\u{61c}é", "\u{2029}Said.");

        insta::assert_snapshot!(without_time(&lines(LogFormat::Human, story)), @r"  INFO bot-service a: \u{2029}Said. hint=a\u{2028}b\u{202e}c\u{feff}d\u{61c}é");
        let json = lines(LogFormat::Json, story);
        let (_, json) = json.split_once("\"message\"").expect("it has one");
        insta::assert_snapshot!(json.trim_end(), @r#":"\u2029Said.","fields":{"hint":"a\u2028b\u202ec\ufeffd\u061cé"}}"#);
    }

    #[test]
    fn what_is_too_long_for_a_line_is_cut() {
        let story = || tracing::info!(target: "a", hint = "é".repeat(1_000_000), "{}", "ü".repeat(1_000_000));

        for format in [LogFormat::Json, LogFormat::Human] {
            let text = lines(format, story);
            let count = |wanted| text.chars().filter(|c| *c == wanted).count();
            assert_eq!((count('é'), count('ü')), (CHARACTERS, CHARACTERS), "{format:?}");
        }
    }

    #[test]
    fn people_are_hashed_whether_they_are_texts_or_numbers() {
        let hashed = UserIds::Hashed(Secret::new("a key of one deployment".to_owned()));
        let id = 80_351_110_224_678_912_u64;
        for format in [LogFormat::Json, LogFormat::Human] {
            let text = lines_about(&hashed, format, || {
                tracing::info!(target: "a", user_id = id, "A number.");
                tracing::info!(target: "a", user_id = id.to_string(), "A text.");
                tracing::info!(target: "a", user_id = %id, "A text.");
                tracing::info!(target: "a", { "user.id" = i64::try_from(id).unwrap_or(0) }, "A number.");
            });

            assert!(!text.contains("80351110224678912"), "{text}");
            assert_eq!(text.matches("caef1978ee346bdb8ade7779eea468ac").count(), 4, "{text}");
        }
    }
}
