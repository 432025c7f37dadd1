//! One trace as a chapter of a game's story.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Scene,
    delivery::{self, Delivery},
    words::{self, Mark, number, text},
};
use crate::{
    ids::{SpanId, TraceId},
    store::{StoredLog, json},
};

/// From here on a log record is worth a line of the story: `SeverityNumber` of WARN.
const WORTH_TELLING: i32 = 13;
/// Outcomes that need no word.
const AS_MEANT: [&str; 2] = ["ok", "done"];
/// The kind of deliveries that bring the game's own card up to date.
const CARD: &str = "card";

/// Something that happened to a game, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Chapter {
    pub(crate) trace_id: TraceId,
    pub(crate) mark: Mark,
    pub(crate) title: String,
    /// What the title leaves out: "scheduled → `in_progress`".
    pub(crate) detail: Option<String>,
    /// The root span's name: by which door it came.
    pub(crate) door: String,
    /// The service where it began.
    pub(crate) service: String,
    /// The person who did it, or whom it is about.
    pub(crate) by: Option<String>,
    /// How it ended, if not as it was meant to.
    pub(crate) outcome: Option<String>,
    /// The status of a request that was not granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<i64>,
    #[serde(serialize_with = "crate::observatory::api::nanos_as_text")]
    pub(crate) start_unix_nano: i64,
    pub(crate) duration_ns: i64,
    /// When it was due, in RFC 3339; none for deeds.
    pub(crate) scheduled: Option<String>,
    pub(crate) lateness_ms: Option<i64>,
    /// Spans per service.
    pub(crate) services: Vec<(String, usize)>,
    pub(crate) spans: usize,
    pub(crate) errors: usize,
    /// The root has not ended yet.
    pub(crate) pending: bool,
    /// The traces that this one was scheduled by or called from, with the span there.
    pub(crate) follows: Vec<(TraceId, SpanId)>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) card_edits: Vec<Delivery>,
    /// Warnings and errors that were logged meanwhile.
    #[serde(serialize_with = "sentences")]
    pub(crate) logs: Vec<StoredLog>,
    /// All log records of the trace.
    pub(crate) log_count: usize,
}

impl Chapter {
    /// Nothing when the scene has no span.
    pub(super) fn of(game: &str, scene: &Scene) -> Option<Self> {
        let told = words::tell(&scene.spans)?;
        let (scheduled, lateness_ms) = timing(&told.attributes);
        let began_ns = told.span.start_ns();
        // What comes due has been late before its span began; a deed begins with its trace.
        let due_ns = lateness_ms.map_or(scene.summary.start_unix_nano, |late| began_ns - late * 1_000_000);
        let sent = delivery::of(game, &scene.spans, |end_ns| end_ns.saturating_sub(due_ns).max(0));
        let (card_edits, deliveries) = sent.into_iter().partition(|delivery| delivery.kind == CARD);
        let worth_telling = |log: &&StoredLog| log.record.severity_number >= WORTH_TELLING;
        let links = scene.spans.iter().flat_map(|span| span.links().map(|(id, there, _)| (id, there)));
        Some(Self {
            trace_id: scene.summary.trace_id,
            mark: told.mark,
            title: told.title,
            detail: told.detail,
            door: scene.summary.name.clone(),
            service: scene.summary.service.clone(),
            by: text(&told.attributes, "user.id"),
            outcome: text(&told.attributes, "muster.outcome")
                .filter(|word| !AS_MEANT.contains(&word.as_str())),
            refused: refusal(scene),
            start_unix_nano: scene.summary.start_unix_nano,
            duration_ns: scene.summary.duration_ns,
            scheduled,
            lateness_ms,
            services: scene.summary.services.clone(),
            spans: scene.summary.spans,
            errors: scene.summary.errors,
            pending: scene.summary.pending,
            follows: links.filter(|(id, _)| *id != scene.summary.trace_id).collect(),
            deliveries,
            card_edits,
            logs: scene.logs.iter().filter(worth_telling).cloned().collect(),
            log_count: scene.logs.len(),
        })
    }

    /// Says the same as another one, perhaps of somebody else, and neither has more to tell.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let is_plain = |chapter: &Self| {
            chapter.logs.is_empty()
                && chapter.errors == 0
                && chapter.outcome.is_none()
                && chapter.refused.is_none()
                && chapter.deliveries.len() < 2
        };
        self.mark == other.mark && self.title == other.title && is_plain(self) && is_plain(other)
    }
}

/// With what the request that the trace began with was refused, or failed.
fn refusal(scene: &Scene) -> Option<i64> {
    let root = scene.spans.iter().find(|span| span.parent.is_none())?;
    let status = number(&json::object(&root.span.attributes), "http.response.status_code");
    status.filter(|status| *status >= 400)
}

/// When it was due, and how late it was.
fn timing(attributes: &Map<String, Value>) -> (Option<String>, Option<i64>) {
    let of = |time: &str, lateness: &str| Some((text(attributes, time)?, number(attributes, lateness)));
    let timing = of("muster.notification.scheduled_time", "muster.notification.lateness_ms")
        .or_else(|| of("muster.transition.time", "muster.transition.lateness_ms"));
    timing.map_or((None, None), |(scheduled, late)| (Some(scheduled), late))
}

fn sentences<S: serde::Serializer>(logs: &[StoredLog], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(logs.iter().map(|log| {
        serde_json::json!({"severity": log.severity(), "body": json::value_of(log.record.body.as_ref())})
    }))
}
