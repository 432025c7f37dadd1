use super::say;
use crate::failure::Failure;
use crate::settings::Settings;
use std::process::ExitCode;
use telemetry::LogFormat;

/// Shows what is in effect, as a `muster.toml` would say it; secrets are only said to be there.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let telemetry = &settings.telemetry;
    let text = |value: &dyn std::fmt::Display| toml::Value::String(value.to_string());
    let mut table = toml::Table::new();
    table.insert("listen".into(), text(&settings.listen));
    table.insert("internal-listen".into(), text(&settings.internal.listen));
    table.insert("practice".into(), text(&settings.practice));
    table.insert("otlp-grpc".into(), text(&settings.otlp_grpc));
    table.insert("otlp-http".into(), text(&settings.otlp_http));
    table.insert("data".into(), text(&settings.data.display()));
    if let Some(url) = &settings.public_url {
        table.insert("public-url".into(), text(url));
    }
    table.insert("discord-api".into(), text(&settings.discord_api));
    let format = match telemetry.log_format {
        LogFormat::Human => "human",
        LogFormat::Json => "json",
    };
    table.insert("log-format".into(), text(&format));
    table.insert("log".into(), text(&telemetry.log_filter));
    table.insert("environment".into(), text(&telemetry.environment));
    say(table.to_string().trim_end())?;
    let token = if settings.bot_token.is_some() { "set" } else { "not set: the practice Discord is used" };
    say(format_args!("# DISCORD_BOT_TOKEN is {token}"))?;
    let key = if settings.internal.key.is_some() { "set" } else { "not set: one is made at each start" };
    say(format_args!("# MUSTER_INTERNAL_KEY is {key}"))?;
    let endpoint = match &telemetry.endpoint {
        Some(url) => url.origin().ascii_serialization(),
        None => "the embedded collector".to_owned(),
    };
    say(format_args!("# telemetry goes to {endpoint}"))?;
    Ok(ExitCode::SUCCESS)
}
