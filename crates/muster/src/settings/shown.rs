//! The settings as people may see them.

use super::Settings;
use telemetry::LogFormat;

impl Settings {
    /// What is in effect, as a `muster.toml` would say it; what is secret is left out.
    pub(crate) fn table(&self) -> toml::Table {
        let telemetry = &self.telemetry;
        let text = |value: &dyn std::fmt::Display| toml::Value::String(value.to_string());
        let mut table = toml::Table::new();
        table.insert("listen".into(), text(&self.listen));
        table.insert("internal-listen".into(), text(&self.internal.listen));
        table.insert("practice".into(), text(&self.practice));
        table.insert("otlp-grpc".into(), text(&self.otlp_grpc));
        table.insert("otlp-http".into(), text(&self.otlp_http));
        table.insert("data".into(), text(&self.data.display()));
        if let Some(url) = &self.public_url {
            table.insert("public-url".into(), text(url));
        }
        table.insert("discord-api".into(), text(&self.discord_api));
        let format = match telemetry.log_format {
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        };
        table.insert("log-format".into(), text(&format));
        table.insert("log".into(), text(&telemetry.log_filter));
        table.insert("environment".into(), text(&telemetry.environment));
        table
    }

    /// What is secret: only whether it is there, and what happens where it isn't.
    pub(crate) fn secrets(&self) -> [(&'static str, &'static str); 2] {
        let told = |is_set: bool, otherwise| if is_set { "set" } else { otherwise };
        [
            ("DISCORD_BOT_TOKEN", told(self.bot_token.is_some(), "not set: the practice Discord is used")),
            ("MUSTER_INTERNAL_KEY", told(self.internal.key.is_some(), "not set: one is made at each start")),
        ]
    }
}
