//! The effective configuration: flags over environment over the environment file over `muster.toml` over defaults.

mod caps;
mod collector;
#[cfg(test)]
mod documented;
mod engines;
mod environment;
mod file;
mod internal;
mod parse;
mod shown;
mod workers;

use crate::cli::{Cli, Common};
use crate::failure::Failure;
use caps::Caps;
pub(crate) use engines::Engines;
use environment::Environment;
use file::FileSettings;
pub(crate) use internal::Internal;
use parse::{address, log_format, number, token, url};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use telemetry::{LogFormat, Secret, TelemetryConfig};
use url::Url;

/// The bot's token; it has no flag, since other people of the machine can read command lines.
const TOKEN_VARIABLE: &str = "DISCORD_BOT_TOKEN";

/// Everything that an operator can set.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) internal: Internal,
    /// Where a process without a dashboard answers supervisors.
    pub(crate) health: SocketAddr,
    pub(crate) engines: Engines,
    pub(crate) practice: SocketAddr,
    pub(crate) otlp_grpc: SocketAddr,
    pub(crate) otlp_http: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) public_url: Option<Url>,
    /// None: the practice Discord in this process.
    pub(crate) bot_token: Option<Secret<String>>,
    pub(crate) discord_api: Url,
    /// A practice Discord in another process: the bot plays there, in its time.
    pub(crate) practice_url: Option<Url>,
    /// Over how many connections to Discord the bot's guilds are spread.
    pub(crate) shards: NonZeroU32,
    pub(crate) telemetry: TelemetryConfig,
    /// How much telemetry the collector keeps.
    caps: Caps,
    /// Threads of each service.
    pub(crate) workers: usize,
    /// Where the flags among them come from.
    source: Cli,
}

impl Settings {
    /// Puts the layers together.
    pub(crate) fn read(source: &Cli) -> Result<Self, Failure> {
        let environment = Environment::read(source.common.env_file.as_deref())?;
        let cli = source.completed(&|name| environment.of_file(name));
        Ok(Self { source: source.clone(), ..Self::assemble(&cli, &|name| environment.get(name))? })
    }

    /// Reads the files again: what they say now.
    pub(crate) fn again(&self) -> Result<Self, Failure> {
        Self::read(&self.source)
    }

    fn assemble(cli: &Cli, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let (addresses, options) = (cli.addresses(), &cli.common);
        let file = FileSettings::read(options.config.as_deref())?;
        let pick = |flag: &Option<String>, in_file: &Option<String>, default: &str| {
            flag.clone().or_else(|| in_file.clone()).unwrap_or_else(|| default.to_owned())
        };
        let public_url = options.public_url.clone().or_else(|| file.public_url.clone());
        let data = options.data.clone().or_else(|| file.data.clone());
        let practice_url = options.practice_url.clone().or_else(|| file.practice_url.clone());
        let practice_url = practice_url.map(|value| url("MUSTER_PRACTICE_URL", &value)).transpose()?;
        let elsewhere = practice_url.as_ref().map(|practice| format!("{practice}api/v10"));
        let discord_api = pick(
            &options.discord_api,
            &file.discord_api,
            elsewhere.as_deref().unwrap_or(discord::DISCORD_API),
        );
        Ok(Self {
            listen: address("MUSTER_LISTEN", &pick(&addresses.listen, &file.listen, "127.0.0.1:8080"))?,
            internal: Internal::read(
                &pick(&addresses.internal_listen, &file.internal_listen, "127.0.0.1:0"),
                options.internal_url.as_ref().or(file.internal_url.as_ref()),
                variable,
            )?,
            health: address(
                "MUSTER_HEALTH_LISTEN",
                &pick(&options.health_listen, &file.health_listen, "127.0.0.1:8090"),
            )?,
            engines: Engines::read(variable)?,
            practice: address(
                "MUSTER_PRACTICE",
                &pick(&addresses.practice, &file.practice, "127.0.0.1:8081"),
            )?,
            otlp_grpc: address(
                "MUSTER_OTLP_GRPC",
                &pick(&addresses.otlp_grpc, &file.otlp_grpc, "127.0.0.1:4317"),
            )?,
            otlp_http: address(
                "MUSTER_OTLP_HTTP",
                &pick(&addresses.otlp_http, &file.otlp_http, "127.0.0.1:4318"),
            )?,
            data: data.unwrap_or_else(|| PathBuf::from("./muster-data")),
            public_url: public_url.map(|value| url("MUSTER_PUBLIC_URL", &value)).transpose()?,
            bot_token: variable(TOKEN_VARIABLE).map(|value| token(TOKEN_VARIABLE, &value)).transpose()?,
            discord_api: url("MUSTER_DISCORD_API", &discord_api)?,
            practice_url,
            shards: number("MUSTER_SHARDS", &pick(&options.shards, &file.shards, "1"))?,
            telemetry: telemetry(options, &file, variable)?,
            caps: Caps::read(options, &file)?,
            workers: workers::read(variable)?,
            source: cli.clone(),
        })
    }
}

impl Settings {
    /// Checks what every service in a process of its own shares with the others.
    pub(crate) fn needs_engines(&self) -> Result<(), Failure> {
        let Engines { database, redis, amqp, .. } = &self.engines;
        let needed = [("DATABASE_URL", database), ("REDIS_URL", redis), ("AMQP_URL", amqp)];
        match needed.into_iter().find(|(_, engine)| engine.is_none()) {
            Some((variable, _)) => Err(Failure::setting(variable, crate::engines::NEEDED)),
            None => Ok(()),
        }
    }

    /// The token, for a service that calls Discord from a process of its own.
    pub(crate) fn needs_token(&self) -> Result<Secret<String>, Failure> {
        let missing = || Failure::setting(TOKEN_VARIABLE, "a service that calls Discord needs it");
        self.bot_token.clone().ok_or_else(missing)
    }
}

fn telemetry(
    options: &Common,
    file: &FileSettings,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<TelemetryConfig, Failure> {
    let mut config = TelemetryConfig::from_lookup(variable)?;
    let format = options.log_format.clone().or_else(|| file.log_format.clone());
    config.log_format = match format {
        Some(format) => log_format("MUSTER_LOG_FORMAT", &format)?,
        None if std::io::IsTerminal::is_terminal(&std::io::stdout()) => LogFormat::Human,
        None => LogFormat::Json,
    };
    if let Some(filter) = options.log.clone().or_else(|| file.log.clone()) {
        config.log_filter = filter;
    }
    if let Some(environment) = options.environment.clone().or_else(|| file.environment.clone()) {
        config.environment = environment;
    }
    crate::VERSION.clone_into(&mut config.service_version);
    config.check()?;
    Ok(config)
}
