//! Each kind of span says what the contract asks of it: always what is required, and what else its story gives rise to.
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of a type that borrows is no such pointer"
)]

use super::exported::Exported;
use crate::shape::said;
use serde_json::Value;
use telemetry::registry;

/// What a span has to say when something is so.
struct Duty {
    /// The kind, as the registry calls it.
    kind: &'static str,
    says: &'static [&'static str],
    when: fn(&Span) -> bool,
}

/// A span in its surroundings.
struct Span<'a> {
    span: &'a Value,
    exported: &'a Exported,
}

const fn duty(kind: &'static str, says: &'static [&'static str], when: fn(&Span) -> bool) -> Duty {
    Duty { kind, says, when }
}

/// What the contract lists beside what is required, and when it is due.
const DUTIES: &[Duty] = &[
    duty("http.server", &["client.address"], always),
    duty("http.server", &["http.response.status_code"], always),
    duty("http.server", &["network.protocol.version"], always),
    duty("http.server", &["user_agent.original", "server.address", "server.port"], |it| !it.is_a_siblings()),
    duty("http.server", &["http.route"], |it| it.number("http.response.status_code") != 404),
    duty("http.server", &["error.type"], |it| it.number("http.response.status_code") >= 500),
    duty("http.server", &["user.id"], |it| it.is_somebodys()),
    duty("http.server", &["muster.game.id"], |it| {
        it.text("http.route").contains("/games/{id}") && it.is_well()
    }),
    duty("http.server", &["discord.guild.id"], |it| {
        ["/guilds/{", "/games/{id}"].iter().any(|part| it.text("http.route").contains(part)) && it.is_well()
    }),
    duty("http.client", &["url.template"], always),
    duty("http.client", &["http.response.status_code"], |it| it.text("error.type") != "no_answer"),
    duty("http.client", &["error.type"], |it| {
        it.number("http.response.status_code") >= 400 && !it.is_limit()
    }),
    duty("http.client", &["discord.rate_limit.bucket"], |it| it.is_well() && it.is_counted_by_discord()),
    duty("http.client", &["discord.error.code"], |it| it.number("http.response.status_code") == 403),
    duty("http.client", &["http.request.resend_count"], |it| it.follows_a_limit()),
    duty("database", &["db.collection.name"], |it| it.is_about_a_table()),
    duty("database", &["db.response.returned_rows"], |it| {
        it.text("db.operation.name") == "SELECT" && it.is_well()
    }),
    duty("database", &["db.response.status_code"], |it| !it.is_well()),
    duty("publish", &["messaging.rabbitmq.destination.routing_key", "messaging.message.id"], always),
    duty("publish", &["messaging.message.body.size"], always),
    duty("publish", &["muster.game.id"], |it| it.is_of_a_game()),
    duty("process", &["messaging.rabbitmq.destination.routing_key", "messaging.message.id"], always),
    duty("process", &["messaging.rabbitmq.message.delivery_tag", "muster.event.type"], always),
    duty("process", &["muster.game.id"], |it| it.is_of_a_game()),
    duty("settle", &["messaging.rabbitmq.message.delivery_tag"], always),
    duty("interaction", &["discord.interaction.id", "discord.guild.id", "discord.channel.id"], always),
    duty("interaction", &["user.id", "muster.interaction.ack_ms"], always),
    duty("interaction", &["discord.command.name"], |it| it.text("discord.interaction.type") == "command"),
    duty("interaction", &["muster.game.id"], |it| it.text("discord.interaction.type") == "component"),
    duty("gateway", &["discord.guild.id"], |it| it.text("discord.gateway.event") == "GUILD_CREATE"),
    duty("notification.cycle", &["muster.cycle.wake_reason", "muster.cycle.oldest_lateness_ms"], always),
    duty("status_transition.cycle", &["muster.cycle.wake_reason", "muster.cycle.oldest_lateness_ms"], always),
    duty("notification.dispatch", &["muster.notification.lateness_ms"], always),
    duty("notification.dispatch", &["muster.outcome"], |it| it.is_well()),
    duty("notification.dispatch", &["discord.guild.id"], always),
    duty("notification.dispatch", &["user.id"], |it| it.text("muster.notification.kind") == "join_notice"),
    duty("status_transition.apply", &["muster.transition.lateness_ms"], always),
    duty("status_transition.apply", &["muster.outcome"], |it| it.is_well()),
    duty("status_transition.apply", &["discord.guild.id"], always),
    duty("delivery", &["muster.outcome"], |it| it.is_well()),
    duty("delivery", &["discord.channel.id"], |it| {
        ["announcement", "card"].contains(&it.text("muster.delivery.kind"))
    }),
    duty("delivery", &["user.id"], |it| !["announcement", "card"].contains(&it.text("muster.delivery.kind"))),
    duty("verb", &["muster.outcome"], always),
    duty("verb", &["user.id"], |it| !it.is_done_by_nobody()),
    duty("verb", &["discord.guild.id"], |it| it.is_about_a_game() && it.is_welcome()),
    duty("verb", &["muster.game.id"], |it| it.is_about_a_game() && it.is_welcome()),
    duty("verb", &["muster.template.id"], |it| it.text("muster.action") == "games.create" && it.is_welcome()),
];

const fn always(_: &Span) -> bool {
    true
}

/// Looks at every span; fails with a line for each that says too little, and for each duty that never came up.
pub(super) fn check(exported: &Exported) {
    let mut wrong = Vec::new();
    let mut seen = vec![0; DUTIES.len()];
    for span in &exported.spans {
        let span = Span { span, exported };
        let kind = span.kind();
        let lacks = |key: &&&str| span.span["attributes"].get(**key).is_none_or(|value| *value == "");
        let missing = kind.required.iter().filter(lacks).map(|key| (*key, "always"));
        wrong.extend(missing.map(|(key, _)| format!("{key} is missing on {}", span.shown())));
        for (duty, seen) in DUTIES.iter().zip(&mut seen).filter(|(duty, _)| duty.kind == kind.id) {
            if (duty.when)(&span) {
                *seen += 1;
                wrong.extend(
                    duty.says.iter().filter(lacks).map(|key| format!("{key} is due on {}", span.shown())),
                );
            }
        }
    }
    let idle = DUTIES.iter().zip(seen).filter(|(_, seen)| *seen == 0);
    wrong.extend(idle.map(|(duty, _)| format!("{:?} never came up on {}", duty.says, duty.kind)));
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An error is recorded once in its span, before anything else is said there or in what it is made of.
pub(super) fn errors_come_first(exported: &Exported) {
    let is_exception = |log: &&Value| said(log, "event_name").ends_with(".exception");
    let failures: Vec<_> =
        exported.logs.iter().filter(is_exception).filter(|log| log["span_id"].is_string()).collect();
    assert!(failures.len() > 5, "the story has its troubles: {failures:#?}");
    let is_told = |span: &Value| failures.iter().any(|failure| failure["span_id"] == span["span_id"]);
    let untold = exported.spans.iter().filter(|span| span["status"] == "error");
    let untold: Vec<_> =
        untold.filter(|span| !is_told(span) || said(span, "status_message").is_empty()).collect();
    assert!(untold.is_empty(), "an error has its record and its description: {untold:#?}");
    for failure in failures {
        let beside: Vec<_> =
            exported.logs.iter().filter(|log| log["span_id"] == failure["span_id"]).collect();
        assert_eq!(beside.iter().copied().filter(is_exception).count(), 1, "once: {beside:#?}");
        let family = exported.family(failure);
        let is_loud = |log: &&&Value| ["WARN", "ERROR"].contains(&said(log, "severity"));
        let first = family.iter().find(is_loud).unwrap();
        assert!(is_exception(first), "{first:#} comes before {failure:#}");
        let span = exported.spans.iter().find(|span| span["span_id"] == failure["span_id"]);
        assert!(span.is_none_or(|span| span["status"] == "error"), "{span:#?}");
    }
}

impl Span<'_> {
    fn kind(&self) -> &'static registry::Span {
        let keys = self.span["attributes"].as_object().unwrap().keys().map(String::as_str).collect();
        let found = registry::kind_of(said(self.span, "kind"), said(self.span, "name"), &keys);
        found.unwrap_or_else(|| panic!("the registry lists no such span: {:#}", self.span))
    }

    fn shown(&self) -> String {
        let keys: Vec<_> = self.span["attributes"].as_object().unwrap().keys().map(String::as_str).collect();
        format!("{} {} [{}]", said(self.span, "service"), said(self.span, "name"), keys.join(" "))
    }

    fn text(&self, key: &str) -> &str {
        said(&self.span["attributes"], key)
    }

    fn number(&self, key: &str) -> i64 {
        self.span["attributes"][key].as_i64().unwrap_or_default()
    }

    fn is_well(&self) -> bool {
        self.span["status"] == "unset" && self.number("http.response.status_code") < 400
    }

    fn is_limit(&self) -> bool {
        self.number("http.response.status_code") == 429
    }

    fn children(&self) -> impl Iterator<Item = &Value> {
        let of_it = |other: &&Value| {
            other["parent_span_id"] == self.span["span_id"] && other["trace_id"] == self.span["trace_id"]
        };
        self.exported.spans.iter().filter(of_it)
    }

    /// A verb in it is done by somebody. Whoever signs in is known only when it is done.
    fn is_somebodys(&self) -> bool {
        let is_known =
            |child: &Value| child["attributes"].get("user.id").is_some() && child["name"] != "people.sign_in";
        self.children().any(is_known)
    }

    /// Another service's call on the internal listener.
    fn is_a_siblings(&self) -> bool {
        self.text("http.route").starts_with("/internal/")
    }

    /// Answers to interactions have no bucket.
    fn is_counted_by_discord(&self) -> bool {
        let template = self.text("url.template");
        !template.ends_with("/callback") && template != "/gateway/bot" && !template.starts_with("/internal")
    }

    /// The same call, right before, under the same parent, was answered with 429.
    fn follows_a_limit(&self) -> bool {
        let before = self.exported.spans.iter().filter(|other| {
            let same = |key: &str| other[key] == self.span[key];
            same("trace_id") && same("parent_span_id") && same("name")
        });
        let begun = |span: &Value| said(span, "start_unix_nano").to_owned();
        let last = before.filter(|other| begun(other) < begun(self.span)).max_by_key(|other| begun(other));
        last.is_some_and(|last| last["attributes"]["http.response.status_code"] == 429)
    }

    /// A message that tells of one game.
    fn is_of_a_game(&self) -> bool {
        let key = self.text("messaging.rabbitmq.destination.routing_key");
        key.starts_with("game.") || key == "participants.changed"
    }

    fn is_about_a_table(&self) -> bool {
        ["SELECT", "INSERT", "UPDATE", "DELETE"].contains(&self.text("db.operation.name"))
    }

    /// Signing in and out come before anybody is known; the rest is done by the system.
    fn is_done_by_nobody(&self) -> bool {
        let system = [
            "events.take",
            "games.transition",
            "guilds.recall",
            "guilds.remove",
            "guilds.sync",
            "notifications.dispatch",
            "people.sign_in",
            "people.sign_out",
        ];
        system.contains(&self.text("muster.action"))
    }

    fn is_about_a_game(&self) -> bool {
        self.text("muster.action").starts_with("games.") && self.text("muster.action") != "games.list"
    }

    /// Whoever may not know of a game is not told its guild.
    fn is_welcome(&self) -> bool {
        !["not_found", "forbidden", "invalid", "unavailable", "broken"].contains(&self.text("muster.outcome"))
    }
}
