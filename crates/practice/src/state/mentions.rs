//! Whom a text mentions, and whom it may.

use super::messages::Mentions;
use super::snowflake::Snowflake;

/// Discord's `allowed_mentions`; the default allows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllowedMentions {
    pub(crate) parse_users: bool,
    pub(crate) parse_roles: bool,
    pub(crate) parse_everyone: bool,
    pub(crate) users: Vec<Snowflake>,
    pub(crate) roles: Vec<Snowflake>,
}

impl AllowedMentions {
    /// What a text without the field may do: everything.
    pub(crate) fn everything() -> Self {
        Self { parse_users: true, parse_roles: true, parse_everyone: true, ..Self::default() }
    }
}

/// The mentions of `content` that `allowed` lets through, each once, in the order of the text.
pub(crate) fn mentions_in(content: &str, allowed: &AllowedMentions) -> Mentions {
    let mut found = Mentions::default();
    for piece in content.split('<').skip(1) {
        let Some((inside, _)) = piece.split_once('>') else { continue };
        if let Some(role) = inside.strip_prefix("@&").and_then(|id| id.parse().ok()) {
            if (allowed.parse_roles || allowed.roles.contains(&role)) && !found.roles.contains(&role) {
                found.roles.push(role);
            }
        } else if let Some(user) = user_id(inside)
            && (allowed.parse_users || allowed.users.contains(&user))
            && !found.users.contains(&user)
        {
            found.users.push(user);
        }
    }
    found.everyone = allowed.parse_everyone && (content.contains("@everyone") || content.contains("@here"));
    found
}

fn user_id(inside: &str) -> Option<Snowflake> {
    let id = inside.strip_prefix('@')?;
    id.strip_prefix('!').unwrap_or(id).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allowed_mentions_count() {
        let text = "<@1> <@!2> <@&3> <@1> @everyone <@x> <#4>";
        let everything = mentions_in(text, &AllowedMentions::everything());
        assert_eq!(everything.users, [Snowflake(1), Snowflake(2)]);
        assert_eq!(everything.roles, [Snowflake(3)]);
        assert!(everything.everyone);

        assert_eq!(mentions_in(text, &AllowedMentions::default()), Mentions::default());

        let one = AllowedMentions { users: vec![Snowflake(2)], ..AllowedMentions::default() };
        assert_eq!(mentions_in(text, &one).users, [Snowflake(2)]);
    }
}
