//! What became of one message that somebody should get.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::words::{number, text};
use crate::{
    ids::SpanId,
    store::{StoredSpan, json},
};

/// Outcomes after which there will be another attempt.
const PUT_OFF: [&str; 11] = [
    "no_answer",
    "rate_limited",
    "cooling_down",
    "token_refused",
    "new_dms",
    "channel_forbidden",
    "forbidden",
    "not_found",
    "put_off",
    "redirected",
    "lost",
];
/// Outcomes that mean that it is out.
const OUT: [&str; 3] = ["sent", "edited", "reposted"];
/// Outcomes that mean that it could not be sent, though it should have been.
const DEAD: [&str; 4] = ["refused", "failed", "bad_request", "unknown_user"];
/// Opening the conversation is not yet an answer to the message.
const OPENS_CONVERSATION: &str = "/users/@me/channels";

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fate {
    /// The message is out.
    Sent,
    /// There will be another attempt, or this one has not ended.
    Waiting,
    /// It was not sent on purpose.
    Skipped,
    /// It could not be sent.
    Failed,
}

/// One message to one recipient, with all its attempts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// The person it is for; none when it is for a channel.
    pub(crate) user: Option<String>,
    /// The channel it went to last; none while it is a direct message.
    pub(crate) channel: Option<String>,
    pub(crate) fate: Fate,
    /// The last attempt's own word for it.
    pub(crate) outcome: Option<String>,
    /// From when it was due, or from the deed that it tells of, to the end of the last attempt.
    pub(crate) lateness_ms: Option<i64>,
    /// First to last.
    pub(crate) attempts: Vec<Attempt>,
}

/// One try to deliver.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    pub(crate) span_id: SpanId,
    /// From 1.
    pub(crate) number: i64,
    #[serde(serialize_with = "crate::observatory::api::nanos_as_text")]
    pub(crate) start_unix_nano: i64,
    pub(crate) duration_ns: i64,
    pub(crate) outcome: Option<String>,
    /// What Discord said last; none when it was not asked.
    pub(crate) answer: Option<Answer>,
}

/// What Discord answered.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Answer {
    /// Method and template, such as `POST /channels/{channel.id}/messages`.
    pub(crate) request: String,
    /// None when the answer never came.
    pub(crate) status: Option<i64>,
    /// Discord's own code of an error.
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
}

impl Delivery {
    /// It went somewhere else than at first.
    pub(crate) fn is_redirected(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.outcome.as_deref() == Some("redirected"))
    }

    fn add(&mut self, attempt: Attempt, attributes: &Map<String, Value>) {
        self.channel = text(attributes, "discord.channel.id").or(self.channel.take());
        self.attempts.push(attempt);
    }
}

/// The deliveries of a trace, by their first attempts. `due` is when they were due, in Unix nanoseconds of the spans' clock.
pub(super) fn of(game: &str, spans: &[StoredSpan], due: impl Fn(i64) -> i64) -> Vec<Delivery> {
    let mut answers: HashMap<SpanId, Answer> = HashMap::new();
    for span in spans.iter().filter(|span| span.kind() == "client") {
        if let (Some(parent), Some(answer)) = (span.parent, answer(span)) {
            answers.insert(parent, answer);
        }
    }
    let mut deliveries: Vec<Delivery> = Vec::new();
    for span in spans {
        let attributes = json::object(&span.span.attributes);
        let Some(id) = text(&attributes, "muster.delivery.id") else { continue };
        if text(&attributes, "muster.game.id").as_deref() != Some(game) {
            continue;
        }
        let at = deliveries.iter().position(|delivery| delivery.id == id).unwrap_or_else(|| {
            deliveries.push(begin(id, &attributes));
            deliveries.len() - 1
        });
        deliveries[at].add(attempt(span, &attributes, answers.remove(&span.id)), &attributes);
    }
    for delivery in &mut deliveries {
        settle(delivery, &due);
    }
    deliveries
}

fn begin(id: String, attributes: &Map<String, Value>) -> Delivery {
    Delivery {
        id,
        kind: text(attributes, "muster.delivery.kind").unwrap_or_default(),
        user: text(attributes, "user.id"),
        channel: None,
        fate: Fate::Waiting,
        outcome: None,
        lateness_ms: None,
        attempts: Vec::new(),
    }
}

fn attempt(span: &StoredSpan, attributes: &Map<String, Value>, answer: Option<Answer>) -> Attempt {
    Attempt {
        span_id: span.id,
        number: number(attributes, "muster.delivery.attempt").unwrap_or(1),
        start_unix_nano: span.start_ns(),
        duration_ns: span.duration_ns(),
        outcome: text(attributes, "muster.outcome"),
        answer,
    }
}

/// Says how it stands, by its last attempt.
fn settle(delivery: &mut Delivery, due: &impl Fn(i64) -> i64) {
    delivery.attempts.sort_by_key(|attempt| (attempt.number, attempt.start_unix_nano));
    let Some(last) = delivery.attempts.last() else { return };
    delivery.outcome.clone_from(&last.outcome);
    let refused = last.answer.as_ref().is_some_and(|answer| answer.status == Some(404));
    delivery.fate = match fate(last.outcome.as_deref()) {
        // A message that was looked for in vain is sent anew; a place that is not there is the end.
        Fate::Waiting if refused && last.outcome.as_deref() == Some("not_found") => Fate::Failed,
        fate => fate,
    };
    let end = last.start_unix_nano.saturating_add(last.duration_ns);
    delivery.lateness_ms = (delivery.fate == Fate::Sent).then(|| due(end) / 1_000_000);
}

fn fate(outcome: Option<&str>) -> Fate {
    match outcome {
        None => Fate::Waiting,
        Some(word) if OUT.contains(&word) => Fate::Sent,
        Some(word) if PUT_OFF.contains(&word) => Fate::Waiting,
        Some(word) if DEAD.contains(&word) => Fate::Failed,
        Some(_) => Fate::Skipped,
    }
}

fn answer(span: &StoredSpan) -> Option<Answer> {
    let attributes = json::object(&span.span.attributes);
    let template = text(&attributes, "url.template")?;
    if template.ends_with(OPENS_CONVERSATION) && span.status() != "error" {
        return None;
    }
    let status = span.span.status.as_ref();
    Some(Answer {
        request: span.span.name.clone(),
        status: number(&attributes, "http.response.status_code"),
        code: text(&attributes, "discord.error.code"),
        message: status
            .map(|status| status.message.clone())
            .filter(|message| !message.is_empty())
            .or_else(|| text(&attributes, "error.type")),
    })
}

#[cfg(test)]
mod tests {
    use super::{Fate, fate};

    #[test]
    fn a_word_decides_how_it_stands() {
        let words = [None, Some("sent"), Some("rate_limited"), Some("not_on_roster"), Some("refused")];
        assert_eq!(words.map(fate), [Fate::Waiting, Fate::Sent, Fate::Waiting, Fate::Skipped, Fate::Failed]);
    }
}
