//! What the documents lead to is there.

use crate::repository::{read, root};

const DOCUMENTS: [&str; 5] =
    ["README.md", "docs/ARCHITECTURE.md", "docs/OBSERVABILITY.md", "docs/OPERATIONS.md", "docs/TELEMETRY.md"];

/// The targets of a document's links, those to other sites left out.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.starts_with("http")).collect()
}

/// A heading as a link names it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-'].contains(c))
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn every_link_leads_somewhere() {
    for document in DOCUMENTS {
        let text = read(document);
        let anchors: Vec<_> = text.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
        for link in links(&text) {
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            let target = root().join(document).parent().unwrap().join(file);
            assert!(file.is_empty() || target.exists(), "{document}: {link}");
            assert!(!file.is_empty() || anchors.iter().any(|anchor| anchor == part), "{document}: {link}");
        }
    }
}

/// Each alert is explained, and no other is spoken of.
#[test]
fn the_alerts_of_the_document_are_those_of_the_rules() {
    let document = read("docs/OBSERVABILITY.md");
    let rules = read("deploy/grafana/alerts/muster-causes.yaml")
        + &read("deploy/grafana/alerts/muster-objectives.yaml");
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 20);
    let named: Vec<_> =
        document.split('`').filter(|word| word.starts_with("Muster") && !word.contains([' ', '.'])).collect();
    for alert in &alerts {
        let is_named = named.iter().any(|name| alert.starts_with(name.trim_end_matches('…')));
        assert!(is_named, "docs/OBSERVABILITY.md says nothing of {alert}");
    }
    for name in named {
        let exists = alerts.iter().any(|alert| alert.starts_with(name.trim_end_matches('…')));
        assert!(exists, "there is no alert {name}");
    }
}

/// What the document tells to fill in is what Compose hands to Alloy.
#[test]
fn the_variables_of_the_document_are_those_of_the_example() {
    let example = read("deploy/.env.example") + &read("deploy/compose.yaml");
    let document = read("docs/OBSERVABILITY.md");
    let is_name = |word: &&str| {
        word.starts_with("GRAFANA_CLOUD_") && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    };
    let named: Vec<_> = document.split('`').filter(is_name).collect();
    assert!(named.len() > 5);
    for name in named {
        assert!(example.contains(name), "{name} is not in deploy/.env.example");
    }
}
