use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::path::PathBuf;
use uuid::Uuid;

/// Schedules games for Discord communities. Without a command it runs everything in one process.
#[derive(Clone, Debug, Parser)]
#[command(name = "muster", version = crate::VERSION)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) addresses: Addresses,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Where the process listens. Values are read as text here, so that a wrong one is named in one line wherever it
/// came from; flags go over the environment.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Addresses {
    /// Where the dashboard and its API listen [default: 127.0.0.1:8080]
    #[arg(long, env = "MUSTER_LISTEN", value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Where our own services ask the API, signed [default: a free port of 127.0.0.1]
    #[arg(long, env = "MUSTER_INTERNAL_LISTEN", value_name = "ADDRESS")]
    pub(crate) internal_listen: Option<String>,
    /// Where the practice Discord listens [default: 127.0.0.1:8081]
    #[arg(long, env = "MUSTER_PRACTICE", value_name = "ADDRESS")]
    pub(crate) practice: Option<String>,
    /// Where the collector takes OTLP over gRPC [default: 127.0.0.1:4317]
    #[arg(long, env = "MUSTER_OTLP_GRPC", value_name = "ADDRESS")]
    pub(crate) otlp_grpc: Option<String>,
    /// Where the collector takes OTLP over HTTP [default: 127.0.0.1:4318]
    #[arg(long, env = "MUSTER_OTLP_HTTP", value_name = "ADDRESS")]
    pub(crate) otlp_http: Option<String>,
}

/// What every command knows.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Common {
    /// The data folder [default: ./muster-data]
    #[arg(long, global = true, env = "MUSTER_DATA", value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Where people reach the dashboard [default: http:// and the address it listens on]
    #[arg(long, global = true, env = "MUSTER_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Where processes without a dashboard answer supervisors [default: 127.0.0.1:8090]
    #[arg(long, global = true, env = "MUSTER_HEALTH_LISTEN", value_name = "ADDRESS")]
    pub(crate) health_listen: Option<String>,
    /// Where the daemons reach the API's listener for siblings, such as <http://api:8082>
    #[arg(long, global = true, env = "MUSTER_INTERNAL_URL", value_name = "URL")]
    pub(crate) internal_url: Option<String>,
    /// Over how many connections to Discord the bot's guilds are spread [default: 1]
    #[arg(long, global = true, env = "MUSTER_SHARDS", value_name = "NUMBER")]
    pub(crate) shards: Option<String>,
    /// A practice Discord in another process (muster practice), such as <http://127.0.0.1:8081>
    #[arg(long, global = true, env = "MUSTER_PRACTICE_URL", value_name = "URL")]
    pub(crate) practice_url: Option<String>,
    /// The API of a Discord other than the real one, such as <http://127.0.0.1:8081/api/v10>
    #[arg(long, global = true, env = "MUSTER_DISCORD_API", value_name = "URL")]
    pub(crate) discord_api: Option<String>,
    /// How log lines look: human or json [default: human on a terminal]
    #[arg(long, global = true, env = "MUSTER_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
    /// Which events are logged, such as info,store=debug [default: info]
    #[arg(long, global = true, env = "MUSTER_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// The name of this deployment in telemetry [default: development]
    #[arg(long, global = true, env = "MUSTER_ENVIRONMENT", value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// How much telemetry the collector stores; the oldest goes first [default: 512MiB]
    #[arg(long, global = true, env = "MUSTER_TELEMETRY_MAX_BYTES", value_name = "SIZE")]
    pub(crate) telemetry_max_bytes: Option<String>,
    /// How long it stores telemetry [default: 7d]
    #[arg(long, global = true, env = "MUSTER_TELEMETRY_MAX_AGE", value_name = "AGE")]
    pub(crate) telemetry_max_age: Option<String>,
    /// How much telemetry may wait on disk to be passed on; the oldest goes first [default: 256MiB]
    #[arg(long, global = true, env = "MUSTER_FORWARD_MAX_BYTES", value_name = "SIZE")]
    pub(crate) forward_max_bytes: Option<String>,
    /// A file of variables, for those that the environment doesn't have [default: .env, if there is one]
    #[arg(long, global = true, env = "MUSTER_ENV_FILE", value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// The configuration file [default: muster.toml, if there is one]
    #[arg(long, global = true, env = "MUSTER_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in this process: API, bot, daemons, collector, and the practice Discord without a bot token
    Up(Addresses),
    /// Run the API and the dashboard alone
    Api(Addresses),
    /// Run a bot alone; several share the shards and the work
    Bot,
    /// Run a notification daemon alone
    NotificationDaemon,
    /// Run a status transition daemon alone
    StatusTransitionDaemon,
    /// Run the collector and its Observatory alone
    Collector(Addresses),
    /// Run a practice Discord alone, for services in other processes
    Practice(Addresses),
    /// Bring the database's schema up to date
    Migrate,
    /// Move the embedded database into the empty PostgreSQL that the settings name
    Transfer,
    /// What the database holds that was given up: events, due moments and messages
    Dead(Dead),
    /// Events that could not be handled
    Events(Events),
    /// Check the configuration and every connection, and say how to mend what is wrong
    Doctor(Doctor),
    /// Show the effective configuration, secrets masked
    Config(Addresses),
    /// Tokens for the JSON API
    Token(Token),
    /// Print the OpenAPI document of the JSON API
    Openapi,
}

impl Cli {
    /// The same command line with what else is known of variables: flags and the environment are stronger.
    pub(crate) fn completed(&self, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let complete = |arg: clap::Arg| {
            let known = arg.get_env().and_then(|name| variable(name.to_str()?));
            known.map_or(arg.clone(), |value| arg.default_value(value))
        };
        let command = Self::command().mut_args(complete);
        let command = command.mut_subcommands(|command| command.mut_args(complete));
        // It could be read before, and nothing of it is required: what is wrong with a value is found out later.
        command
            .try_get_matches_from(std::env::args_os())
            .and_then(|matches| Self::from_arg_matches(&matches))
            .unwrap_or_else(|_| self.clone())
    }

    /// The addresses, where the command takes them.
    pub(crate) fn addresses(&self) -> &Addresses {
        match &self.command {
            Some(
                Command::Up(own)
                | Command::Api(own)
                | Command::Practice(own)
                | Command::Collector(own)
                | Command::Config(own),
            ) => own,
            Some(Command::Doctor(doctor)) => &doctor.addresses,
            _ => &self.addresses,
        }
    }
}

/// What to check.
#[derive(Args, Clone, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) addresses: Addresses,
    /// Check the way to Grafana Cloud instead: the three variables `GRAFANA_CLOUD_…`, and an empty export of each signal
    #[arg(long)]
    pub(crate) grafana_cloud: bool,
}

/// Tokens for the JSON API.
#[derive(Args, Clone, Debug)]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

/// What to do with tokens.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it alone
    Create {
        /// For one of the people of the practice guild
        #[arg(long, value_name = "NAME")]
        practice: String,
    },
}

/// What was given up.
#[derive(Args, Clone, Debug)]
pub(crate) struct Dead {
    #[command(subcommand)]
    pub(crate) command: GivenUp,
}

/// What to do with what was given up.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum GivenUp {
    /// List it, oldest first
    List,
    /// Have it tried again, all or one; what is past its deadline stays
    Retry {
        /// Its id, as the list gives it
        id: Option<Uuid>,
    },
}

/// Events on the bus.
#[derive(Args, Clone, Debug)]
pub(crate) struct Events {
    #[command(subcommand)]
    pub(crate) command: EventsCommand,
}

/// Which events.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Those that failed too often
    Dead {
        #[command(subcommand)]
        command: DeadCommand,
    },
}

/// What to do with dead letters.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DeadCommand {
    /// List them, oldest first
    List,
    /// Print one
    Show {
        /// Its id, as the list gives it
        id: Uuid,
    },
    /// Put them back into their queue, all or one
    Redrive {
        /// Its id, as the list gives it
        id: Option<Uuid>,
    },
}
