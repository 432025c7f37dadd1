use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where the files are kept.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("deploy/grafana")
}

/// Whoever changes a definition runs `cargo xtask dashboards`.
#[test]
fn the_committed_files_are_current() {
    let made = dashboards::files().unwrap();
    for file in &made {
        let committed = std::fs::read_to_string(folder().join(&file.path)).unwrap_or_default();
        assert!(committed == file.text, "deploy/grafana/{} is stale: run cargo xtask dashboards", file.path);
    }
    let made: BTreeSet<_> = made.into_iter().map(|file| file.path).collect();
    let kept: BTreeSet<_> = ["dashboards", "alerts"].iter().flat_map(|part| names(part)).collect();
    assert_eq!(kept, made, "deploy/grafana/ holds (left) what is made (right)");
}

fn names(part: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder().join(part)).unwrap();
    entries.map(|entry| format!("{part}/{}", entry.unwrap().file_name().to_str().unwrap())).collect()
}

#[test]
fn there_are_the_dashboards_and_alerts_that_operators_need() {
    let paths: Vec<_> = dashboards::files().unwrap().into_iter().map(|file| file.path).collect();
    insta::assert_snapshot!(paths.join("\n"), @r"
    dashboards/services.json
    dashboards/game.json
    dashboards/deliveries.json
    dashboards/discord.json
    dashboards/infrastructure.json
    dashboards/telemetry.json
    alerts/muster-objectives.yaml
    alerts/muster-causes.yaml
    ");
}
