use crate::Readiness;
use bus::Bus;
use cache::Cache;
use clock::{Chance, Clock};
use domain::{GuildId, RoleId, UserId};
use std::sync::{Arc, OnceLock};
use store::Store;
use telemetry::Telemetry;
use tokio_util::task::TaskTracker;

/// What a verb works with: one value per service, made where the service is wired.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// The truth.
    pub store: Store,
    /// The same without spans, for looking whether there is anything to do: a look that finds nothing is no story.
    pub quiet: Store,
    /// What events leave by.
    pub bus: Bus,
    /// What may be forgotten at any time.
    pub cache: Cache,
    /// Asked for rights only.
    pub discord: discord::Rest,
    /// Of this service.
    pub telemetry: Telemetry,
    /// The time.
    pub clock: Clock,
    /// Ids and secrets.
    pub chance: Chance,
    /// What `/readyz` tells.
    pub readiness: Readiness,
    /// What goes on after an answer was given; waited for at the end.
    pub background: TaskTracker,
}

/// The door through which somebody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The JSON API.
    Api,
    /// A page of the dashboard.
    Page,
    /// A button in Discord.
    Button,
    /// A slash command.
    Command,
    /// Nobody: a daemon, at its time.
    Daemon,
}

impl Door {
    /// The word for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Page => "page",
            Self::Button => "button",
            Self::Command => "command",
            Self::Daemon => "daemon",
        }
    }
}

/// The guild that a request turns out to be about: what a door can tell of it that only knows of a game.
#[derive(Clone, Debug, Default)]
pub struct Whereabouts(Arc<OnceLock<GuildId>>);

impl Whereabouts {
    /// The guild, once somebody has found it out.
    pub fn guild(&self) -> Option<GuildId> {
        self.0.get().copied()
    }

    /// Notes the guild; the first one stays.
    pub fn is(&self, guild: GuildId) {
        let _ = self.0.set(guild);
    }
}

/// Who wants something: from a session, a token or a signed interaction, never from a parameter.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    /// How they came.
    pub door: Door,
    /// What Discord itself says of them with this very request.
    pub told: Option<Told>,
    /// Filled in by the verb that lets them in.
    pub whereabouts: Whereabouts,
}

/// Somebody's standing in a guild, as an interaction carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The guild.
    pub guild: GuildId,
    /// The name shown there.
    pub name: String,
    /// The roles held, without @everyone.
    pub roles: Vec<RoleId>,
}

impl Actor {
    /// Somebody who came through the dashboard or its API.
    pub fn on_the_web(user: UserId, door: Door) -> Self {
        Self::in_discord(user, door, None)
    }

    /// Somebody whose interaction Discord has passed on.
    pub fn in_discord(user: UserId, door: Door, told: Option<Told>) -> Self {
        Self { user, door, told, whereabouts: Whereabouts::default() }
    }
}
