//! How many series one deployment has, and how many it may come to have.

use super::exported::{Exported, Series};
use serde_yaml_ng::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// All services of a deployment together.
const SERIES: usize = 3_000;
/// What tells how something ended. Any subject may end in any of the ways that one of its metric's has.
const ENDINGS: [&str; 2] = ["http.response.status_code", "error.type"];
/// Labels that vary independently of each other.
const FREE: [&str; 8] = ["action", "door", "kind", "outcome", "route", "status", "result", "cache"];
/// Ways to end that the story has not shown: another error or two for each subject.
const MORE_ENDINGS: usize = 2;

/// Counts, prints, and fails when it is too much.
pub(super) fn check(exported: &Exported) {
    let streams: BTreeSet<_> = exported.series.keys().map(Series::stream).collect();
    let mut by_metric = BTreeMap::<&str, (usize, usize)>::new();
    for (service, metric, _) in &streams {
        by_metric.entry(metric).or_default().0 += 1;
        by_metric.entry(metric).or_default().1 = 0;
        assert!(!service.is_empty());
    }
    for (metric, (_, grown)) in &mut by_metric {
        *grown = may_become(&streams, metric);
    }
    let counted: usize = by_metric.values().map(|(counted, _)| counted).sum();
    let grown: usize = by_metric.values().map(|(_, grown)| grown).sum();
    for (metric, (counted, grown)) in &by_metric {
        println!("{counted:5} may become {grown:5} {metric}");
    }
    println!("{counted} series, which may become {grown}, of {SERIES}");
    assert!(grown <= SERIES, "{grown} series are too many");
    no_id_is_a_label(&streams);
    only_listed_words_are_labels(&streams);
}

/// A label for which the registry lists words has no others.
fn only_listed_words_are_labels(streams: &BTreeSet<Stream>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let text = fs::read_to_string(root.join("telemetry/registry/attributes.yaml")).unwrap();
    let registry: Value = serde_yaml_ng::from_str(&text).unwrap();
    let groups = registry["groups"].as_sequence().unwrap().iter();
    let attributes = groups.flat_map(|group| group["attributes"].as_sequence().into_iter().flatten());
    let listed: BTreeMap<&str, Vec<&str>> = attributes
        .filter_map(|attribute| {
            let members = attribute["type"]["members"].as_sequence()?.iter();
            Some((attribute["id"].as_str()?, members.filter_map(|member| member["value"].as_str()).collect()))
        })
        .collect();
    assert!(listed.contains_key("action") && listed.contains_key("door"), "{listed:?}");
    for (_, metric, labels) in streams.iter().filter(|(_, metric, _)| metric.starts_with("muster.")) {
        for (key, value) in labels {
            let value = value.trim_matches('"');
            let is_listed = listed.get(key.as_str()).is_none_or(|words| words.contains(&value));
            assert!(is_listed, "{metric} has {key}={value}, which the registry does not list");
        }
    }
}

type Stream = (String, String, BTreeMap<String, String>);

impl Series {
    /// What it is, whichever process of the service it comes from.
    fn stream(&self) -> Stream {
        (self.service.clone(), self.metric.clone(), self.attributes.clone())
    }
}

/// For each service: its subjects, times the values of each free label, times the ways to end.
fn may_become(streams: &BTreeSet<Stream>, metric: &str) -> usize {
    let of_it = || streams.iter().filter(|(_, name, _)| name == metric);
    let services: BTreeSet<_> = of_it().map(|(service, ..)| service).collect();
    let only = |labels: &BTreeMap<String, String>, keep: &dyn Fn(&str) -> bool| -> Vec<_> {
        labels.iter().filter(|(key, _)| keep(key)).map(|(key, value)| format!("{key}={value}")).collect()
    };
    let is_ending = |key: &str| ENDINGS.contains(&key);
    let is_free = |key: &str| FREE.contains(&key);
    let endings: BTreeSet<_> = of_it().map(|(.., labels)| only(labels, &is_ending)).collect();
    let ways = if endings.iter().all(Vec::is_empty) { 1 } else { endings.len() + MORE_ENDINGS };
    let of_service = |service: &String| {
        let own = || of_it().filter(move |(name, ..)| name == service);
        let subjects: BTreeSet<_> =
            own().map(|(.., labels)| only(labels, &|key| !is_ending(key) && !is_free(key))).collect();
        let values = |free: &str| own().filter_map(|(.., labels)| labels.get(free)).collect::<BTreeSet<_>>();
        subjects.len() * ways * FREE.iter().map(|free| values(free).len().max(1)).product::<usize>()
    };
    services.into_iter().map(of_service).sum()
}

/// Ids belong on spans and records.
fn no_id_is_a_label(streams: &BTreeSet<Stream>) {
    for (_, metric, labels) in streams {
        for (key, value) in labels {
            let is_id = key.rsplit(['.', '_']).next() == Some("id");
            let digits = value.chars().filter(char::is_ascii_digit).count();
            assert!(!is_id && digits < 12, "{metric} has the id {key}={value}");
        }
    }
}
