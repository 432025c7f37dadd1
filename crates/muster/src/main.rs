//! Muster schedules games for Discord communities; this is the program.

mod banner;
mod cli;
mod commands;
mod failure;
mod folder;
mod lifecycle;
mod listeners;
mod service;
mod services;
mod settings;
mod up;
mod wiring;

use clap::Parser;
use cli::{Cli, Command};
use failure::Failure;
use settings::Settings;
use std::process::ExitCode;

/// The version with the revision of the source.
const VERSION: &str = env!("MUSTER_VERSION");

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    // One TLS implementation for every client in the process.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| Failure::Tls)?;
    let settings = Settings::read(&cli.options)?;
    match cli.command.unwrap_or(Command::Up) {
        Command::Up => up::run(settings),
        Command::Migrate => commands::migrate::run(&settings),
        Command::Doctor => commands::doctor::run(&settings),
        Command::Config => commands::config::run(&settings),
        Command::Token(token) => commands::token::run(&settings, &token),
        Command::Openapi => commands::openapi::run(),
    }
}
