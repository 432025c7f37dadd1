//! docs/ARCHITECTURE.md against the manifests, as cargo reads them.

use crate::repository::{read, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The rows of the table between two comments, cells without their backticks, the head left out.
fn table(name: &str) -> Vec<Vec<String>> {
    let text = read("docs/ARCHITECTURE.md");
    let after = text.split_once(&format!("<!-- {name}:begin -->")).unwrap().1;
    let inside = after.split_once(&format!("<!-- {name}:end -->")).unwrap().0;
    let cells = |row: &str| {
        row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect::<Vec<_>>()
    };
    inside.trim().lines().skip(2).map(cells).collect()
}

fn names(list: &str) -> BTreeSet<String> {
    list.split(", ").filter(|name| *name != "–").map(str::to_owned).collect()
}

/// The workspace's packages by name.
fn packages() -> BTreeMap<String, Value> {
    let cargo = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version=1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter().cloned();
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), package)).collect()
}

/// What a package is built on, its tests aside.
fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_table_of_crates_is_the_truth() {
    let packages = packages();
    let ours: BTreeSet<_> = packages.keys().cloned().collect();
    let written: BTreeSet<_> =
        table("crates").into_iter().map(|row| (row[0].clone(), row[1].clone(), names(&row[2]))).collect();
    let truth = packages.iter().map(|(name, package)| {
        let description = package["description"].as_str().unwrap_or_default().to_owned();
        (name.clone(), description, &dependencies(package) & &ours)
    });
    let truth: BTreeSet<_> = truth.collect();
    let (missing, wrong) = (&truth - &written, &written - &truth);
    assert_eq!((missing, wrong), Default::default(), "docs/ARCHITECTURE.md lacks (left), and has (right)");
}

#[test]
fn fenced_libraries_stay_inside() {
    let packages = packages();
    for row in table("fences") {
        let (library, allowed) = (&row[0], names(&row[1]));
        let fenced = |name: &String| {
            name == library
                || name.starts_with(&format!("{library}-"))
                || name.starts_with(&format!("{library}_"))
        };
        let users: BTreeSet<_> = packages
            .iter()
            .filter(|(_, package)| dependencies(package).iter().any(fenced))
            .map(|(name, _)| name.clone())
            .collect();
        let outside: Vec<_> = users.difference(&allowed).collect();
        assert!(outside.is_empty(), "{library} is used outside its fence, by {outside:?}");
        let stale: Vec<_> = allowed.difference(&users).collect();
        assert!(stale.is_empty(), "{library} is allowed to {stale:?}, which have no need of it");
    }
}

#[test]
fn only_tests_use_the_harness() {
    let users: Vec<_> = packages()
        .into_iter()
        .filter(|(_, package)| dependencies(package).contains("testkit"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(users, [""; 0]);
}
