//! The services that Muster is made of.

use std::fmt;

/// A service of ours, as it is called in `service.name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceName {
    /// The JSON API and the pages.
    Api,
    /// The Discord bot.
    Bot,
    /// The daemon that tells people.
    NotificationDaemon,
    /// The daemon that moves games along.
    StatusTransitionDaemon,
    /// The OTLP receiver and the Observatory.
    Collector,
}

impl ServiceName {
    /// The value of the resource attribute `service.name`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api-service",
            Self::Bot => "bot-service",
            Self::NotificationDaemon => "notification-daemon",
            Self::StatusTransitionDaemon => "status-transition-daemon",
            Self::Collector => "collector",
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
