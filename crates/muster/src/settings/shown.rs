//! The settings as people may see them.

use super::{Engines, Settings};
use telemetry::{LogFormat, Secret};
use url::Url;

/// What stands where a secret was.
const MASK: &str = "***";

impl Settings {
    /// What is in effect, as a `muster.toml` would say it; what is secret is left out.
    pub(crate) fn table(&self) -> toml::Table {
        let telemetry = &self.telemetry;
        let mut table = toml::Table::new();
        let mut tell = |key: &str, value: String| table.insert(key.to_owned(), toml::Value::String(value));
        tell("listen", self.listen.to_string());
        tell("internal-listen", self.internal.listen.to_string());
        tell("health-listen", self.health.to_string());
        tell("practice", self.practice.to_string());
        tell("otlp-grpc", self.otlp_grpc.to_string());
        tell("otlp-http", self.otlp_http.to_string());
        tell("data", self.data.display().to_string());
        let urls = [
            ("public-url", self.public_url.as_ref()),
            ("internal-url", self.internal.url.as_ref()),
            ("practice-url", self.practice_url.as_ref()),
            ("discord-api", Some(&self.discord_api)),
        ];
        for (key, url) in urls {
            if let Some(url) = url {
                tell(key, masked(url));
            }
        }
        tell("shards", self.shards.to_string());
        tell("log-format", log_format(telemetry.log_format).to_owned());
        tell("log", telemetry.log_filter.clone());
        tell("environment", telemetry.environment.clone());
        for (key, cap) in self.caps.shown() {
            tell(key, cap);
        }
        table
    }

    /// What comes from the environment alone, a line each: where the engines are, and whether there are keys.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let Engines { database, migration, redis, amqp } = &self.engines;
        let addresses = [
            ("DATABASE_URL", database, "a file in the data folder is used"),
            ("DATABASE_MIGRATION_URL", migration, "DATABASE_URL is used"),
            ("REDIS_URL", redis, "the memory of the process is used"),
            ("AMQP_URL", amqp, "channels of the process are used"),
        ];
        let addresses = addresses.map(|(variable, url, otherwise)| {
            let not_set = || format!("{variable} is not set: {otherwise}");
            url.as_ref().map_or_else(not_set, |url| format!("{variable} = {}", address(url)))
        });
        let keys = [
            ("DISCORD_BOT_TOKEN", self.bot_token.is_some(), "the practice Discord is used"),
            ("MUSTER_INTERNAL_KEY", self.internal.key.is_some(), "one is made at each start"),
        ];
        let keys = keys.map(|(variable, is_set, otherwise)| {
            if is_set { format!("{variable} is set") } else { format!("{variable} is not set: {otherwise}") }
        });
        addresses.into_iter().chain(keys).collect()
    }
}

const fn log_format(format: LogFormat) -> &'static str {
    match format {
        LogFormat::Human => "human",
        LogFormat::Json => "json",
    }
}

/// The address of an engine without what opens it.
fn address(url: &Secret<String>) -> String {
    // They were read as addresses before; what is none is not shown.
    Url::parse(url.expose()).map_or_else(|_| MASK.to_owned(), |url| masked(&url))
}

/// The address without its password and its query, where some clients look for one, too.
fn masked(url: &Url) -> String {
    let mut shown = url.clone();
    if shown.password().is_some() && shown.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    if shown.query().is_some() {
        shown.set_query(Some(MASK));
    }
    shown.set_fragment(None);
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_opens_it() {
        let shown = |url: &str| address(&Secret::new(url.to_owned()));
        for (url, expected) in [
            ("postgres://muster:s3cret@db:5432/muster", "postgres://muster:***@db:5432/muster"),
            ("postgres://db/muster?user=x&password=s3cret", "postgres://db/muster?***"),
            ("redis://:s3cret@[::1]:6379/3#s3cret", "redis://:***@[::1]:6379/3"),
            ("amqp://muster:s%33cret@rabbit/%2f", "amqp://muster:***@rabbit/%2f"),
            ("amqps://rabbit", "amqps://rabbit"),
            ("s3cret", "***"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
