//! What the collector does beside receiving and showing.

use super::Settings;
use super::environment::Environment;
use crate::failure::Failure;
use crate::listeners::Bound;
use collector::{CollectorConfig, Finding, ForwardConfig, KnownNames, Options};
use std::path::PathBuf;
use telemetry::{Secret, registry};

/// What senders must present where other machines reach the collector.
const TOKEN_VARIABLE: &str = "MUSTER_OTLP_TOKEN";

impl Settings {
    /// What a collector needs that has its store at `data`, for the runtime in which this is called.
    pub(crate) fn collector(
        &self,
        data: PathBuf,
        (http, grpc): (Bound, Bound),
    ) -> Result<CollectorConfig, Failure> {
        Ok(CollectorConfig {
            data,
            http: http.into_tokio()?,
            grpc: grpc.into_tokio()?,
            bearer_token: self.otlp_token()?.map(|token| token.expose().as_str().into()),
            max_bytes: self.caps.of_store(),
            max_age: self.caps.of_age(),
            options: self.collector_options()?,
        })
    }

    /// Reads the collector's own variables; what it keeps beside its store is in the data folder.
    fn collector_options(&self) -> Result<Options, Failure> {
        let environment = self.environment()?;
        let options = Options::read(|name| environment.get(name), &self.data)
            .map_err(|error| Failure::setting(error.variable, error.problem))?;
        let forward = options.forward.map(|to| ForwardConfig { max_bytes: self.caps.of_queue(), ..to });
        Ok(Options { known: Some(known_names()), forward, ..options })
    }

    /// What is to be said of Grafana Cloud and the way there.
    pub(crate) async fn grafana_cloud(&self) -> Result<Vec<Finding>, Failure> {
        let environment = self.environment()?;
        Ok(collector::cloud::examine(|name| environment.get(name)).await)
    }

    /// The token of senders, if there is one.
    fn otlp_token(&self) -> Result<Option<Secret<String>>, Failure> {
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
