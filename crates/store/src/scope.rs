use crate::{CardRow, DeliveryRow, DueRow};
use domain::{Event, GuildId, Membership};

/// The right to touch the rows of one guild, without which no query of them can be written.
///
/// It can be had only from something that shows where one stands: a membership that the authoriser has
/// checked, an event, a row that was claimed. There is no way to make one from a number that a stranger sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuildScope(GuildId);

impl GuildScope {
    /// The guild of a row that is about to be written whole.
    pub(crate) const fn new(guild: GuildId) -> Self {
        Self(guild)
    }

    /// The guild that an event happened in.
    pub fn of_event(event: &Event) -> Self {
        Self(event.guild)
    }

    /// The guild of a member whom the authoriser has let in.
    pub fn of_member(member: &Membership) -> Self {
        Self(member.guild)
    }

    /// The guild whose due row this process has claimed.
    pub fn of_due(row: &DueRow) -> Self {
        Self(row.guild)
    }

    /// The guild whose delivery this process has claimed.
    pub fn of_delivery(row: &DeliveryRow) -> Self {
        Self(row.guild)
    }

    /// The guild whose card this process has claimed.
    pub fn of_card(row: &CardRow) -> Self {
        Self(row.guild)
    }

    /// The guild that Discord's gateway tells of.
    pub const fn of_gateway(guild: GuildId) -> Self {
        Self(guild)
    }

    /// Its id.
    pub const fn guild(self) -> GuildId {
        self.0
    }

    pub(crate) const fn column(self) -> i64 {
        self.0.get().cast_signed()
    }
}
