//! What happened, from the names of spans: a title for people and a mark for the line of time.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::store::{StoredSpan, json};

/// Spans that say how something was done, not what.
const MEANS: [&str; 3] = ["permissions.check", "events.take", "notifications.dispatch"];

/// The sign of a chapter on the line of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mark {
    Created,
    Changed,
    Joined,
    Left,
    Cancelled,
    /// A moment came due at which people are told something.
    Notice,
    /// The game became something else.
    Status,
    Other,
}

/// What a chapter is called, and the span that tells it.
#[derive(Clone, Debug)]
pub(super) struct Told<'a> {
    pub(super) mark: Mark,
    pub(super) title: String,
    pub(super) detail: Option<String>,
    pub(super) span: &'a StoredSpan,
    pub(super) attributes: Map<String, Value>,
}

/// The span that tells best what happened, in words: a status that changed, a notice that came due, a deed; else the
/// first span.
pub(super) fn tell(spans: &[StoredSpan]) -> Option<Told<'_>> {
    let tellers: [Teller; 3] = [status, notice, deed];
    for teller in tellers {
        for span in spans {
            let attributes = json::object(&span.span.attributes);
            if let Some(Words { mark, title, detail }) = teller(span, &attributes) {
                return Some(Told { mark, title, detail, span, attributes });
            }
        }
    }
    let span = spans.iter().find(|span| span.parent.is_none()).or(spans.first())?;
    let attributes = json::object(&span.span.attributes);
    Some(Told { mark: Mark::Other, title: span.span.name.clone(), detail: None, span, attributes })
}

type Teller = fn(&StoredSpan, &Map<String, Value>) -> Option<Words>;

struct Words {
    mark: Mark,
    title: String,
    detail: Option<String>,
}

fn status(_: &StoredSpan, attributes: &Map<String, Value>) -> Option<Words> {
    let (old, new) = (
        text(attributes, "muster.transition.old_status")?,
        text(attributes, "muster.transition.new_status")?,
    );
    let title = match new.as_str() {
        "in_progress" => "Started".into(),
        "scheduled" => "Scheduled".into(),
        "cancelled" => "Cancelled".into(),
        _ => sentence(&new),
    };
    Some(Words { mark: Mark::Status, title, detail: Some(format!("{old} → {new}")) })
}

fn notice(_: &StoredSpan, attributes: &Map<String, Value>) -> Option<Words> {
    let kind = text(attributes, "muster.notification.kind")?;
    Some(Words { mark: Mark::Notice, title: sentence(&kind), detail: None })
}

fn deed(span: &StoredSpan, attributes: &Map<String, Value>) -> Option<Words> {
    let action = text(attributes, "muster.action").filter(|action| !MEANS.contains(&action.as_str()))?;
    attributes.get("muster.game.id")?;
    let (mark, title) = match action.as_str() {
        "games.create" => (Mark::Created, "Created".into()),
        "games.edit" => (Mark::Changed, "Changed".into()),
        "games.join" => (Mark::Joined, "Joined".into()),
        "games.leave" => (Mark::Left, "Left".into()),
        "games.cancel" => (Mark::Cancelled, "Cancelled".into()),
        _ => (Mark::Other, span.span.name.clone()),
    };
    Some(Words { mark, title, detail: None })
}

/// `join_notice` as "Join notice".
pub(crate) fn sentence(word: &str) -> String {
    let spaced = word.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An attribute as text.
pub(super) fn text(attributes: &Map<String, Value>, key: &str) -> Option<String> {
    attributes.get(key).map(json::plain)
}

/// An attribute as a whole number.
pub(super) fn number(attributes: &Map<String, Value>, key: &str) -> Option<i64> {
    attributes.get(key)?.as_i64()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_words() {
        assert_eq!(super::sentence("join_notice"), "Join notice");
        assert_eq!(super::sentence(""), "");
    }
}
