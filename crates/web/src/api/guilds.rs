//! `/guilds`: one endpoint a file.

mod channels;
mod list;
mod show;
mod templates;

pub(crate) use channels::*;
pub(crate) use list::*;
pub(crate) use show::*;
pub(crate) use templates::*;
