//! Members of a guild, for their rights.

use super::Rest;
use super::route::{Part, Route};
use crate::RestError;
use crate::wire;
use domain::{GuildId, RoleId, UserId};
use reqwest::Method;
use serde::Deserialize;
use telemetry::Personal;

/// Discord's code for somebody who isn't a member of the guild.
const UNKNOWN_MEMBER: u32 = 10_007;
/// Discord's code for somebody who isn't anybody.
const UNKNOWN_USER: u32 = 10_013;

/// A member of a guild.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// The name that the guild sees.
    pub name: Personal<String>,
    /// The roles held, without @everyone.
    pub roles: Vec<RoleId>,
}

#[derive(Deserialize)]
struct MemberObject {
    user: wire::User,
    nick: Option<String>,
    roles: Vec<RoleId>,
}

impl Rest {
    /// Asks for a member of a guild; none when the person isn't one.
    pub async fn member(&self, guild: GuildId, user: UserId) -> Result<Option<Member>, RestError> {
        let parts = vec![Part::Id(guild.get()), Part::Id(user.get())];
        let route = Route::new(Method::GET, ("GET", "/guilds/{guild.id}/members/{user.id}"), parts);
        match self.get::<MemberObject>(route).await {
            Ok(found) => Ok(Some(Member {
                user: found.user.id,
                name: found.user.shown_as(found.nick),
                roles: found.roles,
            })),
            Err(error) if matches!(error.code(), Some(UNKNOWN_MEMBER | UNKNOWN_USER)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
