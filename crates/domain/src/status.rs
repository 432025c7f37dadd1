use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a game is in its life.
///
/// ```text
/// draft ──► scheduled ──► in_progress ──► completed ──► archived
///   └──────────┴───────────────┴──► cancelled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not announced yet; only its host and managers see it.
    Draft,
    /// Announced and open.
    Scheduled,
    /// Its start has come.
    InProgress,
    /// Its end has come.
    Completed,
    /// Put away; final.
    Archived,
    /// Called off; final.
    Cancelled,
}

impl Status {
    /// Every status, in the order of a game's life.
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::Scheduled, Self::InProgress, Self::Completed, Self::Archived, Self::Cancelled];

    /// The table of transitions, the only one there is.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft, Self::Scheduled | Self::Cancelled)
                | (Self::Scheduled, Self::InProgress | Self::Cancelled)
                | (Self::InProgress, Self::Completed | Self::Cancelled)
                | (Self::Completed, Self::Archived)
        )
    }

    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Archived | Self::Cancelled)
    }

    /// Whether people can still get on the roster.
    pub const fn takes_signups(self) -> bool {
        matches!(self, Self::Scheduled)
    }

    /// Whether people can still leave the roster: until completion.
    pub const fn lets_leave(self) -> bool {
        matches!(self, Self::Draft | Self::Scheduled | Self::InProgress)
    }

    /// The name used in the database, in events and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Archived => "archived",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no status.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no status of a game")]
pub struct UnknownStatus(String);

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_transitions() {
        let rows = Status::ALL.map(|from| {
            let to: Vec<_> =
                Status::ALL.into_iter().filter(|to| from.may_become(*to)).map(Status::as_str).collect();
            format!("{from} -> [{}]", to.join(", "))
        });
        insta::assert_snapshot!(rows.join("\n"), @r"
        draft -> [scheduled, cancelled]
        scheduled -> [in_progress, cancelled]
        in_progress -> [completed, cancelled]
        completed -> [archived]
        archived -> []
        cancelled -> []
        ");
    }

    #[test]
    fn final_means_that_nothing_follows() {
        for from in Status::ALL {
            assert_eq!(from.is_final(), !Status::ALL.into_iter().any(|to| from.may_become(to)), "{from}");
            assert_eq!(from.as_str().parse::<Status>().unwrap(), from);
        }
    }
}
