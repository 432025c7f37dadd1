//! Ids in paths.

use crate::errors::{ApiError, Problems};
use crate::state::Snowflake;

/// The snowflake of a path segment; what isn't one is an invalid form body, as Discord says it.
pub(super) fn snowflake(name: &str, text: &str) -> Result<Snowflake, ApiError> {
    text.parse().map_err(|_| {
        let message = format!("Value \"{text}\" is not snowflake.");
        Problems::one(name, "NUMBER_TYPE_COERCE", message).into()
    })
}
