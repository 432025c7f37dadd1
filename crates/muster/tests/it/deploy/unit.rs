use super::{program, read};

/// The unit's settings, without its comments.
fn settings() -> Vec<(String, String)> {
    let unit = read("deploy/systemd/muster.service");
    let lines = unit.lines().filter(|line| !line.starts_with('#') && !line.starts_with('['));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn value(name: &str) -> String {
    let found = settings().into_iter().find(|(given, _)| given == name);
    found.unwrap_or_else(|| panic!("the unit has no {name}")).1
}

#[test]
fn the_unit_runs_everything_in_one_process_with_few_rights() {
    let command = value("ExecStart");
    let (path, command) = command.rsplit_once(' ').unwrap();
    assert_eq!(path, "/usr/local/bin/muster");
    assert!(program::has(command), "muster has no command {command}");
    for right in
        ["NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "DynamicUser", "LockPersonality"]
    {
        assert_eq!(value(right), "yes", "{right}");
    }
    assert_eq!(value("ProtectSystem"), "strict");
    assert_eq!(value("Restart"), "on-failure");
    assert_eq!(value("TimeoutStopSec"), "20s", "it needs up to fifteen");
}

#[test]
fn the_program_knows_every_variable_of_the_unit() {
    let variables = value("Environment");
    assert!(variables.contains("MUSTER_DATA=/var/lib/muster"));
    let variables: Vec<_> = variables.split(' ').map(|word| word.split_once('=').unwrap()).collect();
    for (variable, _) in &variables {
        assert!(program::reads(variable), "muster reads no {variable}");
    }
    let values: Vec<_> = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    assert_eq!(program::complaint(&values), "");
}
