//! The alert rules, in Prometheus' form: Grafana Cloud's Mimir takes them as they are (`mimirtool rules load`).

use crate::query::{UnknownMetric, expand};
use serde::Serialize;
use std::collections::BTreeMap;

mod causes;
mod objectives;
pub(crate) mod trial;

const HEADER: &str = "# Made by `cargo xtask dashboards` from crates/dashboards; changes belong there.\n";

/// A file of rules.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    interval: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Groups<'a> {
    groups: [&'a Group; 1],
}

impl Group {
    pub(crate) fn yaml(&self) -> String {
        // A structure of texts can always be written.
        HEADER.to_owned() + &serde_yaml_ng::to_string(&Groups { groups: [self] }).unwrap_or_default()
    }
}

/// A rule that keeps a series, or one that alerts.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
    expr: String,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    lasts: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, String>,
}

/// Whether somebody is woken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Severity {
    /// People don't get what they were promised: now.
    Page,
    /// It can wait until morning.
    Ticket,
}

impl Severity {
    const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

impl Rule {
    fn record(name: String, query: &str) -> Result<Self, UnknownMetric> {
        Ok(Self { record: Some(name), expr: expand(query)?, ..Self::default() })
    }

    /// Alerts when the query has had a result for so long.
    fn alert(
        name: &str,
        severity: Severity,
        (lasts, query): (&'static str, &str),
    ) -> Result<Self, UnknownMetric> {
        Ok(Self {
            alert: Some(name.to_owned()),
            expr: expand(query)?,
            lasts: Some(lasts),
            labels: BTreeMap::from([("severity", severity.name().to_owned())]),
            ..Self::default()
        })
    }

    /// What it means, in a sentence; and which chapter of docs/OBSERVABILITY.md says what to do.
    fn says(mut self, summary: &str, action: &str) -> Self {
        self.annotations = BTreeMap::from([
            ("summary", summary.to_owned()),
            ("description", action.to_owned()),
            ("runbook", "docs/OBSERVABILITY.md#alerts".to_owned()),
        ]);
        self
    }
}

/// All groups.
pub(crate) fn all() -> Result<Vec<Group>, UnknownMetric> {
    Ok(vec![
        Group { name: "muster-objectives", interval: "1m", rules: objectives::rules()? },
        Group { name: "muster-causes", interval: "1m", rules: causes::rules()? },
    ])
}
