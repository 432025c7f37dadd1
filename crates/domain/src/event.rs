use crate::{EventId, GameField, GameId, GuildId, Status, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of the envelope; outsiders may read it from the broker.
pub const ENVELOPE_VERSION: u32 = 1;

/// Something that happened, as it stands in the outbox and travels over the bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// [`ENVELOPE_VERSION`] of whoever wrote it.
    pub version: u32,
    /// Unique; a consumer takes effect once per id.
    pub id: EventId,
    /// Where.
    pub guild: GuildId,
    /// To which game; none for what concerns the whole guild.
    pub game: Option<GameId>,
    /// Counts a game's events from one, without a gap.
    pub sequence: u64,
    /// When.
    pub occurred_at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What happened. Ids only: whoever needs more asks the database, which knows the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum EventBody {
    /// A game was made.
    #[serde(rename = "game.created")]
    GameCreated {
        /// `draft` if it is announced later.
        status: Status,
    },
    /// A game was edited.
    #[serde(rename = "game.updated")]
    GameUpdated {
        /// The fields that changed.
        changed: Vec<GameField>,
        /// Whom that moved on the roster.
        #[serde(flatten)]
        roster: RosterChange,
    },
    /// A game was called off.
    #[serde(rename = "game.cancelled")]
    GameCancelled {
        /// By whom.
        by: UserId,
        /// From which status.
        from: Status,
    },
    /// A game moved on by itself.
    #[serde(rename = "game.status_changed")]
    GameStatusChanged {
        /// The old status.
        from: Status,
        /// The new one.
        to: Status,
    },
    /// Somebody joined, left, moved up or down.
    #[serde(rename = "participants.changed")]
    ParticipantsChanged(RosterChange),
    /// Somebody has to be told something now.
    #[serde(rename = "notification.due")]
    NotificationDue {
        /// `reminder` or `join_notice`.
        kind: String,
        /// Minutes before the start, or the person.
        #[serde(with = "as_text")]
        detail: u64,
        /// When it was due.
        scheduled_for: Timestamp,
        /// After which it is not sent any more.
        deadline: Option<Timestamp>,
    },
    /// The bot was removed from the guild.
    #[serde(rename = "guild.removed")]
    GuildRemoved {},
}

/// Who moved on a roster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterChange {
    /// Got on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<UserId>,
    /// Left by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<UserId>,
    /// Those who left and had been placed by the host, who is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placed_left: Vec<UserId>,
    /// Waited, has a seat now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promoted: Vec<UserId>,
    /// Had a seat, waits now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demoted: Vec<UserId>,
    /// Taken off it by somebody else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<UserId>,
}

impl RosterChange {
    /// Whether nobody moved.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The type of an event: its routing key on the bus.
pub type EventType = &'static str;

impl EventBody {
    /// The event's type, which is also its routing key.
    pub const fn event_type(&self) -> EventType {
        match self {
            Self::GameCreated { .. } => "game.created",
            Self::GameUpdated { .. } => "game.updated",
            Self::GameCancelled { .. } => "game.cancelled",
            Self::GameStatusChanged { .. } => "game.status_changed",
            Self::ParticipantsChanged(_) => "participants.changed",
            Self::NotificationDue { .. } => "notification.due",
            Self::GuildRemoved {} => "guild.removed",
        }
    }
}

/// A 64-bit number as a string, since JSON readers may keep 53 bits only.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    pub(super) fn serialize<S: Serializer>(n: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(n)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{GUILD, PLAYER, at, game};

    fn event(body: EventBody) -> Event {
        let id = EventId::new(uuid::Uuid::from_u128(1));
        let occurred_at = at("2026-11-22T19:00:00Z");
        Event {
            version: ENVELOPE_VERSION,
            id,
            guild: GUILD,
            game: Some(game().id),
            sequence: 3,
            occurred_at,
            body,
        }
    }

    fn of_every_type() -> Vec<EventBody> {
        let roster = RosterChange { promoted: vec![PLAYER], ..RosterChange::default() };
        vec![
            EventBody::GameCreated { status: Status::Draft },
            EventBody::GameUpdated {
                changed: vec![GameField::Start, GameField::Seats],
                roster: roster.clone(),
            },
            EventBody::GameCancelled { by: PLAYER, from: Status::Scheduled },
            EventBody::GameStatusChanged { from: Status::Scheduled, to: Status::InProgress },
            EventBody::ParticipantsChanged(roster),
            EventBody::NotificationDue {
                kind: "reminder".to_owned(),
                detail: u64::MAX,
                scheduled_for: at("2026-11-22T19:45:00Z"),
                deadline: None,
            },
            EventBody::GuildRemoved {},
        ]
    }

    #[test]
    fn the_envelope() {
        let change =
            RosterChange { left: vec![UserId::new(1)], promoted: vec![PLAYER], ..RosterChange::default() };
        let json = serde_json::to_string_pretty(&event(EventBody::ParticipantsChanged(change))).unwrap();
        insta::assert_snapshot!(json, @r#"
        {
          "version": 1,
          "id": "00000000-0000-0000-0000-000000000001",
          "guild": "100",
          "game": "00000000-0000-0000-0000-000000000007",
          "sequence": 3,
          "occurred_at": "2026-11-22T19:00:00Z",
          "type": "participants.changed",
          "data": {
            "left": [
              "1"
            ],
            "promoted": [
              "3"
            ]
          }
        }
        "#);
    }

    #[test]
    fn what_each_type_carries() {
        let lines: Vec<_> = of_every_type().iter().map(|body| serde_json::to_string(body).unwrap()).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {"type":"game.created","data":{"status":"draft"}}
        {"type":"game.updated","data":{"changed":["start","seats"],"promoted":["3"]}}
        {"type":"game.cancelled","data":{"by":"3","from":"scheduled"}}
        {"type":"game.status_changed","data":{"from":"scheduled","to":"in_progress"}}
        {"type":"participants.changed","data":{"promoted":["3"]}}
        {"type":"notification.due","data":{"kind":"reminder","detail":"18446744073709551615","scheduled_for":"2026-11-22T19:45:00Z","deadline":null}}
        {"type":"guild.removed","data":{}}
        "#);
    }

    #[test]
    fn events_survive_the_journey_and_are_routed_by_their_type() {
        for body in of_every_type() {
            let sent = event(body);
            let json = serde_json::to_value(&sent).unwrap();
            assert_eq!(json["type"], sent.body.event_type());
            assert_eq!(serde_json::from_value::<Event>(json.clone()).unwrap(), sent);
            assert_eq!(serde_json::from_str::<Event>(&json.to_string()).unwrap(), sent);
        }
    }

    #[test]
    fn an_empty_change_says_so() {
        assert!(RosterChange::default().is_empty());
        assert!(!RosterChange { demoted: vec![PLAYER], ..RosterChange::default() }.is_empty());
    }
}
