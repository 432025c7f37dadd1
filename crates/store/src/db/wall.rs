//! Whose rows a transaction may touch, as PostgreSQL is told: the second wall between guilds.
//!
//! Every policy of row-level security asks the three settings that are set here, for the transaction only. Without
//! them, a guild's rows are not there. SQLite has no such wall: it serves one process, and the predicates of the
//! statements are the first wall on both.

use super::run::answered;
use super::tx::Connection;
use crate::{GuildScope, StoreError, Tx};
use domain::UserId;

/// Whose rows the database shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wall {
    /// Nobody's.
    #[default]
    Unset,
    /// Those of one guild.
    Guild(GuildScope),
    /// What was heard of one person's memberships.
    Person(UserId),
    /// Those of the guilds that one person is a member of, as far as was heard.
    Viewer(UserId),
    /// What there is to do, of every guild: due moments, deliveries, cards, events.
    Work,
}

const RAISE: &str = "SELECT set_config('app.guild', $1, true), set_config('app.person', $2, true), \
     set_config('app.work', $3, true)";
/// The person is known by then, so that their memberships can be seen.
const RAISE_FOR_VIEWER: &str = "SELECT set_config('app.guild', \
     COALESCE((SELECT string_agg(CAST(guild AS text), ',') FROM members WHERE user_id = $1), ''), true)";

impl Tx {
    /// From here on the rows of this guild.
    pub(crate) async fn within(&mut self, scope: GuildScope) -> Result<(), StoreError> {
        self.raise(Wall::Guild(scope)).await
    }

    /// From here on what was heard of this person.
    pub(crate) async fn as_person(&mut self, user: UserId) -> Result<(), StoreError> {
        self.raise(Wall::Person(user)).await
    }

    /// From here on the rows of all guilds of this person.
    pub(crate) async fn as_viewer(&mut self, user: UserId) -> Result<(), StoreError> {
        self.raise(Wall::Viewer(user)).await
    }

    /// From here on what there is to do, for no guild in particular.
    pub(crate) async fn as_work(&mut self) -> Result<(), StoreError> {
        self.raise(Wall::Work).await
    }

    async fn raise(&mut self, wall: Wall) -> Result<(), StoreError> {
        let Connection::Pg(tx) = &mut self.connection else { return Ok(()) };
        if self.wall == wall {
            return Ok(());
        }
        let (guild, person, work) = match wall {
            Wall::Guild(scope) => (scope.column().to_string(), String::new(), ""),
            Wall::Person(user) | Wall::Viewer(user) => (String::new(), signed(user).to_string(), ""),
            Wall::Unset => (String::new(), String::new(), ""),
            Wall::Work => (String::new(), String::new(), "on"),
        };
        let raised = Box::pin(async {
            sqlx::query(RAISE).bind(guild).bind(person).bind(work).execute(&mut **tx).await?;
            if let Wall::Viewer(user) = wall {
                sqlx::query(RAISE_FOR_VIEWER).bind(signed(user)).execute(&mut **tx).await?;
            }
            Ok(())
        });
        let result = answered(self.patience, raised).await;
        self.failed |= result.is_err();
        self.wall = wall;
        Ok(result?)
    }
}

const fn signed(user: UserId) -> i64 {
    user.get().cast_signed()
}
