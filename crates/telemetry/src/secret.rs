//! Values that must not reach a span, a log or a metric.
//!
//! Neither type has a conversion to an attribute or a log value: a leak does not compile.
//!
//! ```compile_fail
//! let token = telemetry::Secret::new("canary");
//! telemetry::attr::game_id(&token); // no `Display`
//! ```
//!
//! ```compile_fail
//! let token = telemetry::Secret::new("canary");
//! tracing::info!(token, "a log line"); // no `tracing::Value`
//! ```
//!
//! ```compile_fail
//! let name = telemetry::Personal::new("canary".to_owned());
//! telemetry::attr::command_name(&name); // no `Deref`
//! ```
//!
//! ```compile_fail
//! let token = telemetry::Secret::new("canary".to_owned());
//! serde_json::to_string(&token); // no `Serialize`
//! ```

use std::fmt;

use serde::Deserialize;

/// A credential: a token, a cookie, a code, a connection password.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a credential.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The credential itself, for the one call that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What belongs to a person: a name, a message's text.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Wraps a personal value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the page or the message that shows it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_value() {
        let shown = format!("{:?} {:?}", Secret::new("canary"), Personal::new("canary"));

        assert_eq!(shown, "Secret(…) Personal(…)");
    }
}
