//! Every alert fires and clears on a made-up history, as Prometheus' own `promtool` plays it.

use crate::files::folder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// The path of `promtool`.
const VARIABLE: &str = "MUSTER_TEST_PROMTOOL";

fn promtool() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test is configured by its caller's environment")]
    let path = std::env::var_os(VARIABLE);
    if path.is_none() {
        println!("left out: {VARIABLE} is not set");
    }
    path.map(PathBuf::from)
}

fn rule_files() -> Vec<PathBuf> {
    let alerts = dashboards::files().unwrap().into_iter().filter(|file| file.path.starts_with("alerts/"));
    alerts.map(|file| folder().join(file.path)).collect()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn promtool_takes_the_rules() {
    if let Some(promtool) = promtool() {
        run(Command::new(promtool).args(["check", "rules"]).args(rule_files()));
    }
}

/// How many alerts of that name fire at a minute.
fn question(trial: &dashboards::Trial, minute: u32, fires: bool) -> Value {
    let firing = format!("count(ALERTS{{alertname=\"{}\", alertstate=\"firing\"}})", trial.alert);
    let samples = if fires { json!([{"labels": "{}", "value": 1}]) } else { json!([]) };
    json!({"expr": firing, "eval_time": format!("{minute}m"), "exp_samples": samples})
}

fn test(trial: &dashboards::Trial) -> Value {
    let series = trial.series.iter().map(|(series, values)| json!({"series": series, "values": values}));
    let questions = [
        question(trial, 0, false),
        question(trial, trial.fires_at, true),
        question(trial, trial.clears_at, false),
    ];
    json!({
        "name": trial.alert,
        "interval": "1m",
        "input_series": series.collect::<Vec<_>>(),
        "promql_expr_test": questions,
    })
}

#[test]
fn every_alert_fires_and_clears() {
    let Some(promtool) = promtool() else { return };
    let tests: Vec<_> = dashboards::trials().unwrap().iter().map(test).collect();
    let files: Vec<_> = rule_files().iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    let all = json!({"rule_files": files, "evaluation_interval": "1m", "tests": tests});
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("tests.yaml");
    std::fs::write(&file, serde_yaml_ng::to_string(&all).unwrap()).unwrap();
    run(Command::new(promtool).args(["test", "rules"]).arg(file));
}

#[test]
fn each_alert_has_a_trial_and_says_what_to_do() {
    let mut alerts = BTreeSet::new();
    for file in dashboards::files().unwrap().into_iter().filter(|file| file.path.starts_with("alerts/")) {
        let groups: Value = serde_yaml_ng::from_str(&file.text).unwrap();
        for rule in groups["groups"][0]["rules"].as_array().unwrap() {
            if let Some(name) = rule["alert"].as_str() {
                let said =
                    ["summary", "description"].map(|part| rule["annotations"][part].as_str().unwrap().len());
                assert!(said.iter().all(|length| *length > 20), "{name} says too little");
                assert!(["page", "ticket"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{name}");
                alerts.insert(name.to_owned());
            }
        }
    }
    let tried: BTreeSet<_> =
        dashboards::trials().unwrap().iter().map(|trial| trial.alert.to_owned()).collect();
    assert_eq!(alerts, tried);
}
