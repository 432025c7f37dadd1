//! Muster schedules games for Discord communities; this is the program.

mod alone;
mod banner;
mod cli;
mod commands;
mod engines;
mod failure;
mod folder;
mod gather;
mod lifecycle;
mod listeners;
mod practice_clock;
mod reload;
mod service;
mod services;
mod settings;
mod up;
mod wiring;

use alone::Role;
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
    telemetry::tell_panics();
    // One TLS implementation for every client in the process.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| Failure::Tls)?;
    let settings = Settings::read(&cli)?;
    match cli.command {
        None | Some(Command::Up(_)) => up::run(settings),
        Some(Command::Api(_)) => alone::run(settings, Role::Api),
        Some(Command::Bot) => alone::run(settings, Role::Bot),
        Some(Command::NotificationDaemon) => alone::run(settings, Role::NotificationDaemon),
        Some(Command::StatusTransitionDaemon) => alone::run(settings, Role::StatusTransitionDaemon),
        Some(Command::Collector(_)) => gather::run(&settings),
        Some(Command::Practice(_)) => commands::practice::run(settings),
        Some(Command::Migrate) => commands::migrate::run(&settings),
        Some(Command::Transfer) => commands::transfer::run(&settings),
        Some(Command::Dead(dead)) => commands::dead::run(&settings, &dead),
        Some(Command::Events(events)) => commands::events::run(&settings, &events),
        Some(Command::Doctor(doctor)) if doctor.grafana_cloud => commands::doctor::grafana_cloud(&settings),
        Some(Command::Doctor(_)) => commands::doctor::run(&settings),
        Some(Command::Config(_)) => commands::config::run(&settings),
        Some(Command::Token(token)) => commands::token::run(&settings, &token),
        Some(Command::Openapi) => commands::openapi::run(),
    }
}
