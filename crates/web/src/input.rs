//! Reading what clients send, with an answer that says what is wrong.

mod form;
mod json;
mod path;
mod query;

pub(crate) use form::{Submitted, is_form};
pub(crate) use json::Json;
pub(crate) use path::{GamePath, GuildPath};
pub(crate) use query::Query;
