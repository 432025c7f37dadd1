use crate::Readiness;
use bus::Bus;
use cache::Cache;
use clock::{Chance, Clock};
use domain::{GuildId, RoleId, UserId};
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

/// Who wants something: from a session, a token or a signed interaction, never from a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    /// How they came.
    pub door: Door,
    /// What Discord itself says of them with this very request.
    pub told: Option<Told>,
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
    pub const fn on_the_web(user: UserId, door: Door) -> Self {
        Self { user, door, told: None }
    }

    /// Somebody whose interaction Discord has passed on.
    pub const fn in_discord(user: UserId, door: Door, told: Option<Told>) -> Self {
        Self { user, door, told }
    }
}
