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
    let moments = [(0, false)].iter().chain(&trial.moments);
    let questions: Vec<_> = moments.map(|(minute, fires)| question(trial, *minute, *fires)).collect();
    json!({
        "name": trial.alert,
        "interval": "1m",
        "input_series": series.collect::<Vec<_>>(),
        "promql_expr_test": questions,
    })
}

/// Each trial is played with the rules of its file alone: all rules are evaluated for every minute of each.
#[test]
fn every_alert_fires_and_clears() {
    let Some(promtool) = promtool() else { return };
    let trials = dashboards::trials().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut played = 0;
    for (nth, rules) in rule_files().iter().enumerate() {
        let text = std::fs::read_to_string(rules).unwrap();
        let own = trials.iter().filter(|trial| text.contains(&format!("alert: {}\n", trial.alert)));
        let tests: Vec<_> = own.map(test).collect();
        played += tests.len();
        let all =
            json!({"rule_files": [rules.to_str().unwrap()], "evaluation_interval": "1m", "tests": tests});
        let file = scratch.path().join(format!("{nth}.yaml"));
        std::fs::write(&file, serde_yaml_ng::to_string(&all).unwrap()).unwrap();
        run(Command::new(&promtool).args(["test", "rules"]).arg(file));
    }
    assert_eq!(played, trials.len());
}

/// The sides of each `or` and `and`, and the series that a rule reads: each is played.
#[test]
fn each_side_of_each_rule_has_a_trial() {
    let trials = dashboards::trials().unwrap();
    for file in dashboards::files().unwrap().into_iter().filter(|file| file.path.starts_with("alerts/")) {
        let groups: Value = serde_yaml_ng::from_str(&file.text).unwrap();
        for rule in groups["groups"][0]["rules"].as_array().unwrap() {
            let Some(name) = rule["alert"].as_str() else { continue };
            let own: Vec<_> = trials.iter().filter(|trial| trial.alert == name).collect();
            let fires = |trial: &&dashboards::Trial| trial.moments.iter().any(|(_, fires)| *fires);
            let says_no = own.iter().any(|trial| !fires(trial));
            let expression = rule["expr"].as_str().unwrap();
            assert_eq!(expression.contains(" and "), says_no, "{name}: one window by itself");
            for metric in metrics(expression).iter().filter(|metric| !metric.starts_with("muster:")) {
                let is_played = own.iter().filter(|trial| fires(trial)).any(|trial| {
                    trial.series.iter().any(|(series, _)| series.split('{').next() == Some(metric))
                });
                assert!(is_played, "{name} is not tried with {metric}");
            }
        }
    }
}

/// The metrics that an expression reads.
fn metrics(expression: &str) -> BTreeSet<String> {
    let part_of = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = expression.split(|c| !part_of(c)).filter(|word| word.contains(['_', ':']) || *word == "up");
    let known = |word: &&str| {
        dashboards::known().values().any(|series| {
            series.shown.iter().any(|shown| {
                word.strip_prefix(shown.as_str())
                    .is_some_and(|end| end.is_empty() || ["_bucket", "_sum", "_count"].contains(&end))
            })
        })
    };
    words.filter(known).map(str::to_owned).collect()
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
    let tried: BTreeSet<_> = dashboards::trials().unwrap().iter().map(|trial| trial.alert.clone()).collect();
    assert_eq!(alerts, tried);
}
