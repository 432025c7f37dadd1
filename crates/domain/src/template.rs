use crate::{GuildId, TemplateId, Terms};

/// What a game is made from: some things it fixes for hosts, others it fills in.
///
/// A game copies what it needs, so that editing a template never touches existing games.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// The guild it belongs to.
    pub guild: GuildId,
    /// 1–100 characters.
    pub name: String,
    /// At most 2,000 characters.
    pub description: String,
    /// Its place in the guild's list.
    pub position: u32,
    /// Whether it is the guild's default; each guild has exactly one.
    pub is_default: bool,
    /// What its games are made with.
    pub terms: Terms,
}

impl Template {
    /// The template that a guild starts with.
    pub fn first(id: TemplateId, guild: GuildId, channel: crate::ChannelId) -> Self {
        Self {
            id,
            guild,
            name: "Default".to_owned(),
            description: String::new(),
            position: 0,
            is_default: true,
            terms: Terms::in_channel(channel),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixtures::template;

    #[test]
    fn the_first_template_of_a_guild() {
        let terms = serde_json::to_string(&template().terms).unwrap();
        insta::assert_snapshot!(terms, @r#"{"channel":"200","ping_roles":[],"player_roles":[],"host_roles":[],"priority_roles":[],"archive_after_minutes":null,"seats":10,"minutes":60,"reminders":[60,15],"place":"","instructions":"","signup":"open"}"#);
        assert!(template().is_default);
    }
}
