//! Attributes of spans, one typed constructor each.
//!
//! An [`Attr`] borrows its value: it is written only when the span is recorded.

use std::fmt::{self, Display};

use crate::otlp::fields::Fields;
use crate::people::People;

/// One attribute of a span.
#[derive(Clone, Copy)]
pub struct Attr<'a> {
    key: &'static str,
    value: Borrowed<'a>,
}

#[derive(Clone, Copy)]
enum Borrowed<'a> {
    Shown(&'a dyn Display),
    Text(&'a str),
    Id(u64),
    Person(u64),
    Count(i64),
    Millis(u64),
    Flag(bool),
}

impl Attr<'_> {
    pub(crate) fn write(self, fields: &mut Fields, people: &People) {
        match self.value {
            Borrowed::Shown(value) => fields.shown(self.key, value),
            Borrowed::Text(value) => fields.text(self.key, value),
            Borrowed::Person(value) if people.are_hidden() => {
                fields.text(self.key, &people.written(&value.to_string()));
            }
            Borrowed::Id(value) | Borrowed::Person(value) => fields.shown(self.key, &value),
            Borrowed::Count(value) => fields.number(self.key, value),
            Borrowed::Millis(value) => fields.count(self.key, value),
            Borrowed::Flag(value) => fields.flag(self.key, value),
        }
    }
}

impl fmt::Debug for Attr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Attr").field(&self.key).finish()
    }
}

/// The constructors: `attr::game_id(&id)`, `attr::outcome("full")` and so on.
pub mod attr {
    use super::{Attr, Borrowed, Display};

    macro_rules! attributes {
        ($($(#[$doc:meta])+ $name:ident($value:ident: $type:ty) = $variant:ident($key:literal $(, $convert:expr)?);)+) => {
            $($(#[$doc])+ pub fn $name<'a>($value: $type) -> Attr<'a> {
                Attr { key: $key, value: Borrowed::$variant(attributes!(@value $value $(, $convert)?)) }
            })+
        };
        (@value $value:ident) => { $value };
        (@value $value:ident, $convert:expr) => { $convert };
    }

    attributes! {
        /// `muster.game.id`.
        game_id(id: &'a impl Display) = Shown("muster.game.id");
        /// `muster.template.id`.
        template_id(id: &'a impl Display) = Shown("muster.template.id");
        /// `muster.delivery.id`.
        delivery_id(id: &'a impl Display) = Shown("muster.delivery.id");
        /// `muster.event.type`: the type of the event that a message carries.
        event_type(name: &'a str) = Text("muster.event.type");
        /// `muster.outcome`: how it ended, a small set of words; a refusal is not an error.
        outcome(word: &'static str) = Text("muster.outcome");
        /// `muster.interaction.ack_ms`: milliseconds until Discord had our answer.
        ack_ms(millis: u64) = Millis("muster.interaction.ack_ms");
        /// `muster.cycle.oldest_lateness_ms`: how late the oldest row of a cycle was, in milliseconds.
        oldest_lateness_ms(millis: u64) = Millis("muster.cycle.oldest_lateness_ms");
        /// `muster.notification.lateness_ms`: due until dispatched, in milliseconds.
        notification_lateness_ms(millis: u64) = Millis("muster.notification.lateness_ms");
        /// `muster.transition.lateness_ms`: due until applied, in milliseconds.
        transition_lateness_ms(millis: u64) = Millis("muster.transition.lateness_ms");
        /// `muster.cache.hit`.
        cache_hit(hit: bool) = Flag("muster.cache.hit");
        /// `user.id`: the Discord id of the person.
        user_id(id: u64) = Person("user.id");
        /// `discord.guild.id`.
        guild_id(id: u64) = Id("discord.guild.id");
        /// `discord.channel.id`.
        channel_id(id: u64) = Id("discord.channel.id");
        /// `discord.message.id`.
        message_id(id: u64) = Id("discord.message.id");
        /// `discord.command.name`.
        command_name(name: &'a str) = Text("discord.command.name");
        /// `discord.rate_limit.bucket`: as Discord's header names it.
        rate_limit_bucket(bucket: &'a str) = Text("discord.rate_limit.bucket");
        /// `discord.error.code`: the `code` of Discord's error object.
        discord_error_code(code: u64) = Count("discord.error.code", i64::try_from(code).unwrap_or(i64::MAX));
        /// `client.address`.
        client_address(address: &'a impl Display) = Shown("client.address");
        /// `server.address`.
        server_address(address: &'a str) = Text("server.address");
        /// `db.namespace`: the database, by its name or number.
        db_namespace(name: &'a str) = Text("db.namespace");
        /// `server.port`.
        server_port(port: u16) = Count("server.port", i64::from(port));
        /// `user_agent.original`.
        user_agent(agent: &'a str) = Text("user_agent.original");
        /// `network.protocol.version`: `1.1`, `2`.
        protocol_version(version: &'static str) = Text("network.protocol.version");
        /// `http.request.resend_count`: which retry this is, from 1.
        resend_count(count: u32) = Count("http.request.resend_count", i64::from(count));
        /// `db.response.status_code`: the SQLSTATE, or SQLite's result code.
        db_status_code(code: &'a str) = Text("db.response.status_code");
        /// `muster.delivery.attempt`, from 1.
        delivery_attempt(attempt: u32) = Count("muster.delivery.attempt", i64::from(attempt));
    }
}
