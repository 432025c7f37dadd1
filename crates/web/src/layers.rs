//! What surrounds every handler.

pub(crate) mod guard;
pub(crate) mod observe;
pub(crate) mod present;
pub(crate) mod rescue;
