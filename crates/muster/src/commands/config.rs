use super::say;
use crate::failure::Failure;
use crate::settings::Settings;
use std::process::ExitCode;

/// Shows what is in effect, as a `muster.toml` would say it; secrets are only said to be there.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    say(settings.table().to_string().trim_end())?;
    for line in settings.secrets() {
        say(format_args!("# {line}"))?;
    }
    let telemetry = &settings.telemetry;
    let endpoint = match &telemetry.endpoint {
        Some(url) => url.origin().ascii_serialization(),
        None => "the embedded collector".to_owned(),
    };
    say(format_args!("# telemetry goes to {endpoint}"))?;
    say(format_args!("# TOKIO_WORKER_THREADS = {}", settings.workers))?;
    for setting in telemetry.settings() {
        say(format_args!("# {} = {}", setting.variable, setting.value))?;
    }
    Ok(ExitCode::SUCCESS)
}
