//! Every `PromQL` query parses and selects series that something sends, by labels that they have.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{Expr, VectorSelector, parse};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What Prometheus and OTLP put on every series.
const EVERYWHERE: [&str; 4] = ["__name__", "job", "instance", "le"];

/// Queries of panels and of rules, with where they stand.
fn queries() -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for file in dashboards::files().unwrap() {
        if file.path.starts_with("dashboards/") {
            let board: Value = serde_json::from_str(&file.text).unwrap();
            for panel in board["panels"].as_array().unwrap() {
                let targets = panel["targets"].as_array().unwrap().iter();
                for target in targets.filter(|target| target["datasource"]["type"] == "prometheus") {
                    let at = format!("{}: {}", file.path, panel["title"].as_str().unwrap());
                    queries.push((at, target["expr"].as_str().unwrap().to_owned()));
                }
            }
        } else {
            let groups: Value = serde_yaml_ng::from_str(&file.text).unwrap();
            for rule in groups["groups"][0]["rules"].as_array().unwrap() {
                let name = rule["alert"].as_str().or(rule["record"].as_str()).unwrap();
                let at = format!("{}: {name}", file.path);
                queries.push((at, rule["expr"].as_str().unwrap().to_owned()));
            }
        }
    }
    queries
}

/// As Grafana sends it.
fn without_variables(query: &str) -> String {
    query.replace("$__rate_interval", "5m").replace("$service", "muster/api-service")
}

#[derive(Default)]
struct Selectors(Vec<VectorSelector>);

impl ExprVisitor for Selectors {
    type Error = ();

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, ()> {
        match expr {
            Expr::VectorSelector(selector) => self.0.push(selector.clone()),
            Expr::MatrixSelector(selector) => self.0.push(selector.vs.clone()),
            _ => {}
        }
        Ok(true)
    }
}

fn selectors(query: &str) -> Result<Vec<VectorSelector>, String> {
    let mut selectors = Selectors::default();
    walk_expr(&mut selectors, &parse(&without_variables(query))?).unwrap();
    Ok(selectors.0)
}

/// The names that a selector selects; none where it selects by labels alone.
fn names(selector: &VectorSelector) -> Vec<String> {
    let by_matcher = selector.matchers.matchers.iter().filter(|matcher| matcher.name == "__name__");
    let by_matcher = by_matcher.flat_map(|matcher| matcher.value.split('|').map(str::to_owned));
    selector.name.clone().into_iter().chain(by_matcher).collect()
}

/// Every name that Prometheus may show, with its labels where they are known.
fn shown() -> BTreeMap<String, Option<Vec<String>>> {
    let mut shown = BTreeMap::new();
    for series in dashboards::known().values() {
        for name in &series.shown {
            let parts: &[&str] = if series.kind == dashboards::Kind::Histogram {
                &["_bucket", "_sum", "_count"]
            } else {
                &[""]
            };
            for part in parts {
                shown.insert(format!("{name}{part}"), series.labels.clone());
            }
        }
    }
    shown
}

/// What is wrong with a query; `kept` are the series of recording rules.
fn wrong(query: &str, kept: &BTreeSet<String>) -> Vec<String> {
    let selectors = match selectors(query) {
        Ok(selectors) => selectors,
        Err(error) => return vec![error],
    };
    let shown = shown();
    let mut wrong = Vec::new();
    for selector in &selectors {
        for name in names(selector).into_iter().filter(|name| !kept.contains(name)) {
            match shown.get(&name) {
                None => wrong.push(format!("nothing is called {name}")),
                Some(None) => {}
                Some(Some(labels)) => {
                    let strange = |matcher: &&Matcher| {
                        !EVERYWHERE.contains(&matcher.name.as_str()) && !labels.contains(&matcher.name)
                    };
                    let strange = selector.matchers.matchers.iter().filter(strange);
                    wrong.extend(strange.map(|matcher| format!("{name} has no label {}", matcher.name)));
                }
            }
        }
    }
    wrong
}

fn kept() -> BTreeSet<String> {
    let rules = dashboards::files().unwrap().into_iter().filter(|file| file.path.starts_with("alerts/"));
    let rules = rules.map(|file| serde_yaml_ng::from_str::<Value>(&file.text).unwrap());
    let all = rules.flat_map(|groups| groups["groups"][0]["rules"].as_array().unwrap().clone());
    all.filter_map(|rule| rule["record"].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_query_parses_and_selects_what_something_sends() {
    let kept = kept();
    let all = queries();
    assert!(all.len() > 100, "there are only {} queries", all.len());
    let wrong: Vec<_> = all
        .iter()
        .flat_map(|(at, query)| wrong(query, &kept).into_iter().map(move |wrong| format!("{at}: {wrong}")))
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_query_that_means_nothing_is_found() {
    let kept = BTreeSet::new();
    let complaint = |query| wrong(query, &kept).join(", ");
    assert_eq!(complaint("sum(rate(muster_games_changes_total[5m]))"), "");
    assert_eq!(complaint("sum(rate(muster_games_changes[5m]))"), "nothing is called muster_games_changes");
    assert_eq!(complaint("muster_outbox_oldest_age"), "nothing is called muster_outbox_oldest_age");
    assert_eq!(
        complaint("muster_games_changes_total{guild=\"1\"}"),
        "muster_games_changes_total has no label guild"
    );
    assert_ne!(complaint("sum(rate(muster_games_changes_total[5m])"), "");
    assert_eq!(complaint("{__name__=~\"pg_up|pg_upp\"}"), "nothing is called pg_upp", "{:?}", MatchOp::Equal);
}

#[test]
fn every_metric_of_ours_is_on_a_dashboard() {
    let queries: String = queries().into_iter().map(|(_, query)| query + "\n").collect();
    let unseen: Vec<_> = telemetry::registry::metrics()
        .iter()
        .map(|metric| &dashboards::known()[metric.name])
        .filter(|series| !series.shown.iter().any(|shown| queries.contains(shown)))
        .map(|series| series.name.as_str())
        .collect();
    assert_eq!(unseen, [""; 0]);
}
