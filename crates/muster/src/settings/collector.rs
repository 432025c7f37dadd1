//! What the collector does beside receiving and showing.

use super::Settings;
use super::environment::Environment;
use crate::failure::Failure;
use collector::{Finding, KnownNames, Options};
use std::path::Path;
use telemetry::{Secret, registry};

/// What senders must present where other machines reach the collector.
const TOKEN_VARIABLE: &str = "MUSTER_OTLP_TOKEN";

impl Settings {
    /// Reads the collector's own variables; what it keeps beside its store is below `folder`.
    pub(crate) fn collector_options(&self, folder: &Path) -> Result<Options, Failure> {
        let environment = self.environment()?;
        let options = Options::read(|name| environment.get(name), folder)
            .map_err(|error| Failure::setting(error.variable, error.problem))?;
        Ok(Options { known: Some(known_names()), ..options })
    }

    /// What is to be said of Grafana Cloud and the way there.
    pub(crate) async fn grafana_cloud(&self) -> Result<Vec<Finding>, Failure> {
        let environment = self.environment()?;
        Ok(collector::cloud::examine(|name| environment.get(name)).await)
    }

    /// The token of senders, if there is one.
    pub(crate) fn otlp_token(&self) -> Result<Option<Secret<String>>, Failure> {
        Ok(self.environment()?.get(TOKEN_VARIABLE).map(Secret::new))
    }

    fn environment(&self) -> Result<Environment, Failure> {
        Environment::read(self.source.common.env_file.as_deref())
    }
}

/// What the registry lists; the pages mark what it doesn't.
fn known_names() -> KnownNames {
    let metrics = registry::metrics().iter().map(|metric| metric.name);
    let spans = registry::spans().iter().flat_map(|span| span.required.iter().chain(span.optional));
    let events = registry::events().iter().flat_map(|event| event.attributes);
    let attributes = registry::attributes().iter().chain(spans).chain(events);
    KnownNames {
        metrics: metrics.chain(registry::imported_metrics().iter().copied()).map(str::to_owned).collect(),
        attributes: attributes.map(|name| (*name).to_owned()).collect(),
    }
}
