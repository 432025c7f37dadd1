//! Is Grafana Cloud reached with what the variables say of it? For `muster doctor --grafana-cloud`.
//!
//! First the form of the three variables, then one empty export of each signal, since a token may write one and not
//! another. What is found comes with the way to mend it.

mod ask;
mod form;

use crate::{
    options::{GRAFANA_ENDPOINT, GRAFANA_INSTANCE, GRAFANA_KEY},
    signal::Signal,
};

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked: a variable, or a signal.
    pub subject: &'static str,
    /// What is there; never a secret.
    pub found: String,
    /// How to mend it; none when all is well.
    pub mend: Option<String>,
}

impl Finding {
    fn well(subject: &'static str, found: impl Into<String>) -> Self {
        Self { subject, found: found.into(), mend: None }
    }

    fn ill(subject: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { subject, found: found.into(), mend: Some(mend.into()) }
    }
}

/// Examines the way to Grafana Cloud's OTLP gateway; nothing is sent while a variable is wrong.
pub async fn examine(get: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let read = |name: &str| get(name).unwrap_or_default();
    let (endpoint, instance, key) = (read(GRAFANA_ENDPOINT), read(GRAFANA_INSTANCE), read(GRAFANA_KEY));
    let mut findings = vec![form::endpoint(&endpoint), form::instance(&instance), form::key(&key)];
    if findings.iter().all(|finding| finding.mend.is_none()) {
        for signal in Signal::ALL {
            findings.push(ask::export(signal, endpoint.trim(), (instance.trim(), key.trim())).await);
        }
    }
    findings
}
