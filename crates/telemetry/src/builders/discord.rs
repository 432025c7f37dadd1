//! Spans of what Discord sends us.

use opentelemetry::trace::SpanKind;

use crate::span::{Beginning, Parent, Start};
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
            beginning: Beginning::Named(SpanKind::Server, &["discord.interaction ", name]),
            operation: "discord.interaction",
            parent: Parent::Root,
            link: None,
        };
        self.start(start, |fields| {
            fields.text("discord.interaction.type", interaction.kind);
            fields.shown("discord.interaction.id", &interaction.id);
            if interaction.kind == "command" {
                fields.text("discord.command.name", interaction.name);
            }
        })
    }

    /// Starts the span of a gateway event: a root.
    pub fn gateway_event(&self, event: GatewayEvent<'_>) -> Span {
        let name = self.words().bounded(event.event);
        let start = Start {
            beginning: Beginning::Named(SpanKind::Consumer, &["discord.gateway ", name]),
            operation: "discord.gateway",
            parent: Parent::Root,
            link: None,
        };
        self.start(start, |fields| {
            fields.text("discord.gateway.event", event.event);
            fields.count("discord.shard.id", event.shard.into());
        })
    }
}
