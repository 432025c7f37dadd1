//! What our messages look like, from plain values.

mod card;
mod notice;

pub use card::{CardStatus, CardView, Player, card};
pub use notice::{Notice, NoticeView, Standing, notice};

/// Colours of a message's frame, as 0xRRGGBB.
mod colour {
    pub(super) const OPEN: u32 = 0x0035_6FD6;
    pub(super) const RUNNING: u32 = 0x002F_8F5B;
    pub(super) const OVER: u32 = 0x006B_7280;
    pub(super) const OFF: u32 = 0x00C2_3B3B;
    pub(super) const ATTENTION: u32 = 0x00C7_7D0A;
}
