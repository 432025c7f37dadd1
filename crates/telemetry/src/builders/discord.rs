//! Spans of what Discord sends us.

use std::borrow::Cow;

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::{count, text};
use crate::span::{Parent, Start};
use crate::{Span, Telemetry};

/// A command that somebody typed or a component that somebody pressed.
#[derive(Clone, Copy, Debug)]
pub struct Interaction<'a> {
    /// `discord.interaction.type`: `command`, `component`, `autocomplete`, `modal`.
    pub kind: &'static str,
    /// The command's or component's name: one of few, without ids.
    pub name: &'a str,
    /// `discord.interaction.id`.
    pub id: u64,
}

/// An event from the gateway.
#[derive(Clone, Copy, Debug)]
pub struct GatewayEvent<'a> {
    /// `discord.gateway.event`: `GUILD_CREATE`.
    pub event: &'a str,
    /// `discord.shard.id`.
    pub shard: u32,
}

impl Telemetry {
    /// Starts the span of an interaction: a root, since Discord sends no trace context.
    pub fn interaction(&self, interaction: Interaction<'_>) -> Span {
        let name = self.words().bounded(interaction.name);
        let start = Start {
            name: Cow::Owned(format!("discord.interaction {name}")),
            kind: SpanKind::Server,
            operation: "discord.interaction",
            parent: Parent::Root,
            link: None,
            group: None,
        };
        self.start(start, || {
            let command =
                (interaction.kind == "command").then(|| text("discord.command.name", interaction.name));
            let id = KeyValue::new("discord.interaction.id", interaction.id.to_string());
            [KeyValue::new("discord.interaction.type", interaction.kind), id].into_iter().chain(command)
        })
    }

    /// Starts the span of a gateway event: a root.
    pub fn gateway_event(&self, event: GatewayEvent<'_>) -> Span {
        let name = self.words().bounded(event.event);
        let start = Start {
            name: Cow::Owned(format!("discord.gateway {name}")),
            kind: SpanKind::Consumer,
            operation: "discord.gateway",
            parent: Parent::Root,
            link: None,
            group: None,
        };
        self.start(start, || {
            [text("discord.gateway.event", event.event), count("discord.shard.id", event.shard.into())]
        })
    }
}
