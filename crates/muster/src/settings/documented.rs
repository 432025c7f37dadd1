//! `docs/RUNTIME_CONFIG.md` and `.env.example` against the variables that are read.

use super::Settings;
use crate::cli::Cli;
use clap::{CommandFactory, Parser};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use telemetry::TelemetryConfig;

fn file(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    std::fs::read_to_string(root.join(name)).unwrap()
}

/// The variables behind flags, of all commands.
fn of_flags(command: &clap::Command, names: &mut BTreeSet<String>) {
    let variables = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str());
    names.extend(variables.map(str::to_owned));
    for command in command.get_subcommands() {
        of_flags(command, names);
    }
}

/// The variables of the collector, also those that are only looked for beside another one.
fn of_the_collector(names: &RefCell<BTreeSet<String>>) {
    let address = "http://127.0.0.1:9";
    let own = [("MUSTER_FORWARD_OTLP_ENDPOINT", address), ("MUSTER_COLLECTOR_TLS_CERTIFICATE", "/dev/null")];
    let cloud = [
        ("GRAFANA_CLOUD_OTLP_ENDPOINT", address),
        ("GRAFANA_CLOUD_INSTANCE_ID", "1"),
        ("GRAFANA_CLOUD_API_KEY", "key"),
        ("MUSTER_COLLECTOR_TLS_CERTIFICATE", "/dev/null"),
        ("MUSTER_COLLECTOR_TLS_KEY", "/dev/null"),
    ];
    for given in [&own[..], &cloud] {
        let get = |name: &str| {
            names.borrow_mut().insert(name.to_owned());
            given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        // What is wrong with the values is no matter.
        let _ = collector::Options::read(get, Path::new("/nowhere"));
    }
    names.borrow_mut().insert("MUSTER_OTLP_TOKEN".to_owned());
}

fn read_variables() -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::new());
    let cli = Cli::try_parse_from(["muster"]).unwrap();
    Settings::assemble(&cli, &|name| {
        names.borrow_mut().insert(name.to_owned());
        None
    })
    .unwrap();
    of_the_collector(&names);
    let mut names = names.into_inner();
    names.extend(TelemetryConfig::default().settings().into_iter().map(|setting| setting.variable));
    of_flags(&Cli::command(), &mut names);
    names
}

#[test]
fn every_variable_is_documented_and_the_reverse() {
    let document = file("docs/RUNTIME_CONFIG.md");
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let names = rows.map(|(name, _)| name.to_owned());
    let is_variable = |name: &String| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let documented: BTreeSet<_> = names.filter(is_variable).collect();
    assert_eq!(documented, read_variables(), "docs/RUNTIME_CONFIG.md (left) and the code (right)");
}

#[test]
fn every_variable_has_an_example_and_the_reverse() {
    let example = file(".env.example");
    let lines = example.lines().filter_map(|line| line.trim_start_matches('#').split_once('='));
    let names = lines.map(|(name, _)| name.to_owned());
    let examples: BTreeSet<_> = names.filter(|name| !name.contains(' ')).collect();
    assert_eq!(examples, read_variables(), ".env.example (left) and the code (right)");
}
