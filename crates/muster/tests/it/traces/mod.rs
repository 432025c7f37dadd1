//! The shapes of the traces of a game's life: names, kinds, parents, links and the keys of attributes.

mod deeds;
mod moments;

pub(crate) use deeds::{cancelled, joined_by_button, made, moved_up};
pub(crate) use moments::{reminded, started};
