//! What an operator may switch on beside receiving and showing.

use std::{collections::BTreeSet, path::Path, time::Duration};

use secrecy::SecretString;

use crate::{
    forward::{Destination, DestinationError, ForwardConfig, Sampling},
    receive::tls::ServerTls,
    scrape::{ScrapeConfig, Target, TargetError},
};

/// The optional parts of a collector; by default none of them is on.
#[derive(Debug, Default)]
pub struct Options {
    /// Telemetry goes on to another endpoint.
    pub forward: Option<ForwardConfig>,
    /// Servers that are asked for their metrics.
    pub scrape: ScrapeConfig,
    /// The doors speak TLS.
    pub tls: Option<ServerTls>,
    /// Each batch is told in one line on standard error.
    pub debug: bool,
    /// Names that are listed somewhere; the pages mark others. Without it no name is marked.
    pub known: Option<KnownNames>,
}

/// Names that whoever runs the collector knows of.
#[derive(Clone, Debug, Default)]
pub struct KnownNames {
    /// Of metrics.
    pub metrics: BTreeSet<String>,
    /// Of attributes of spans, resources and log records.
    pub attributes: BTreeSet<String>,
}

/// A setting that makes no sense, by the name of its variable.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct OptionError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl OptionError {
    fn new(variable: &'static str, problem: &(impl ToString + ?Sized)) -> Self {
        Self { variable, problem: problem.to_string() }
    }
}

const ENDPOINT: &str = "MUSTER_FORWARD_OTLP_ENDPOINT";
const SLOW_MS: &str = "MUSTER_FORWARD_SLOW_MS";
const SHARE: &str = "MUSTER_FORWARD_SHARE";
pub(crate) const GRAFANA_ENDPOINT: &str = "GRAFANA_CLOUD_OTLP_ENDPOINT";
pub(crate) const GRAFANA_INSTANCE: &str = "GRAFANA_CLOUD_INSTANCE_ID";
pub(crate) const GRAFANA_KEY: &str = "GRAFANA_CLOUD_API_KEY";
const INTERVAL: &str = "MUSTER_SCRAPE_SECONDS";
type ReadTarget = fn(&SecretString) -> Result<Target, TargetError>;
const TARGETS: [(&str, ReadTarget); 3] = [
    ("MUSTER_SCRAPE_POSTGRES_URL", Target::postgres),
    ("MUSTER_SCRAPE_REDIS_URL", Target::redis),
    ("MUSTER_SCRAPE_RABBITMQ_URL", Target::rabbitmq),
];
const TLS_CERTIFICATE: &str = "MUSTER_COLLECTOR_TLS_CERTIFICATE";
const TLS_KEY: &str = "MUSTER_COLLECTOR_TLS_KEY";
const TLS_SENDERS: &str = "MUSTER_COLLECTOR_TLS_SENDERS";
const DEBUG: &str = "MUSTER_COLLECTOR_DEBUG";

impl Options {
    /// Reads variables by `get`; the queue of what is forwarded is in a folder beside the store, below `folder`.
    pub fn read(get: impl Fn(&str) -> Option<String>, folder: &Path) -> Result<Self, OptionError> {
        let get = |name: &'static str| get(name).filter(|value| !value.trim().is_empty());
        let mut forward = destination(&get)?.map(|to| ForwardConfig::new(to, folder.join("forward")));
        if let Some(forward) = &mut forward {
            forward.sampling = sampling(&get)?;
        }
        let debug = get(DEBUG).is_some_and(|value| matches!(value.trim(), "1" | "true" | "yes" | "on"));
        Ok(Self { forward, scrape: scrape(&get)?, tls: tls(&get)?, debug, ..Self::default() })
    }
}

/// An endpoint of one's own goes before Grafana Cloud's.
fn destination(get: &impl Fn(&'static str) -> Option<String>) -> Result<Option<Destination>, OptionError> {
    let wrong = |variable| move |error: DestinationError| OptionError::new(variable, &error);
    if let Some(endpoint) = get(ENDPOINT) {
        return Destination::open(&endpoint).map(Some).map_err(wrong(ENDPOINT));
    }
    let Some(endpoint) = get(GRAFANA_ENDPOINT) else { return Ok(None) };
    let missing =
        |variable| OptionError::new(variable, &format!("{GRAFANA_ENDPOINT} is set, so this must be, too"));
    let instance = get(GRAFANA_INSTANCE).ok_or_else(|| missing(GRAFANA_INSTANCE))?;
    let key = SecretString::from(get(GRAFANA_KEY).ok_or_else(|| missing(GRAFANA_KEY))?);
    Destination::basic(&endpoint, instance.trim(), &key).map(Some).map_err(wrong(GRAFANA_ENDPOINT))
}

fn scrape(get: &impl Fn(&'static str) -> Option<String>) -> Result<ScrapeConfig, OptionError> {
    let mut scrape = ScrapeConfig::default();
    for (variable, read) in TARGETS {
        if let Some(url) = get(variable) {
            let target =
                read(&SecretString::from(url)).map_err(|error| OptionError::new(variable, &error))?;
            scrape.targets.push(target);
        }
    }
    if let Some(seconds) = get(INTERVAL) {
        let seconds = seconds.trim().parse().ok().filter(|seconds| *seconds > 0);
        let seconds = seconds.ok_or_else(|| OptionError::new(INTERVAL, "not a number of seconds"))?;
        scrape.interval = Duration::from_secs(seconds);
    }
    Ok(scrape)
}

/// Certificates are in files.
fn tls(get: &impl Fn(&'static str) -> Option<String>) -> Result<Option<ServerTls>, OptionError> {
    let file = |variable: &'static str| {
        let path = get(variable)?;
        let read = std::fs::read_to_string(path.trim());
        Some(read.map_err(|error| OptionError::new(variable, &format!("{path}: {error}"))))
    };
    let Some(certificate) = file(TLS_CERTIFICATE) else { return Ok(None) };
    let key = file(TLS_KEY).unwrap_or_else(|| {
        Err(OptionError::new(TLS_KEY, &format!("{TLS_CERTIFICATE} is set, so this must be, too")))
    })?;
    let senders = file(TLS_SENDERS).transpose()?;
    Ok(Some(ServerTls { certificate: certificate?, key: key.into(), senders }))
}

fn sampling(get: &impl Fn(&'static str) -> Option<String>) -> Result<Sampling, OptionError> {
    let mut sampling = Sampling::default();
    if let Some(slow_ms) = get(SLOW_MS) {
        let slow_ms =
            slow_ms.trim().parse().map_err(|_| OptionError::new(SLOW_MS, "not a number of milliseconds"))?;
        sampling.slow = Duration::from_millis(slow_ms);
    }
    if let Some(share) = get(SHARE) {
        let share = share.trim().parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
        sampling.share = share.ok_or_else(|| OptionError::new(SHARE, "not a number from 0 to 1"))?;
    }
    Ok(sampling)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Options, OptionError> {
        let get = |name: &str| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        };
        Options::read(get, Path::new("/data"))
    }

    #[test]
    fn nothing_is_on_unless_it_is_asked_for() {
        let options = read(&[(ENDPOINT, " ")]).unwrap();
        assert!(options.forward.is_none() && !options.debug);
    }

    #[test]
    fn grafana_cloud_needs_all_three() {
        let (endpoint, instance) = ((GRAFANA_ENDPOINT, "https://otlp.example/otlp"), (GRAFANA_INSTANCE, "7"));
        let error = read(&[endpoint, instance]).unwrap_err().to_string();
        assert_eq!(error, "GRAFANA_CLOUD_API_KEY: GRAFANA_CLOUD_OTLP_ENDPOINT is set, so this must be, too");
        let options = read(&[endpoint, instance, (GRAFANA_KEY, "glc_x"), (SHARE, "0.5")]).unwrap();
        let forward = options.forward.unwrap();
        assert_eq!(forward.folder, Path::new("/data/forward"));
        assert!((forward.sampling.share - 0.5).abs() < f64::EPSILON);
        assert!(!format!("{forward:?}").contains("glc_x"));
    }

    #[test]
    fn certificates_are_read_from_files_and_trouble_names_its_variable() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, name).unwrap();
            path.display().to_string()
        };
        let (certificate, key, senders) = (file("certificate"), file("key"), file("senders"));
        let here = [(TLS_CERTIFICATE, &*certificate), (TLS_KEY, &key), (TLS_SENDERS, &senders)];
        let tls = read(&here).unwrap().tls.unwrap();
        assert_eq!((&*tls.certificate, tls.senders.as_deref()), ("certificate", Some("senders")));
        assert_eq!(read(&here[..1]).unwrap_err().variable, TLS_KEY);
        for gone in 0..3 {
            let mut variables = here;
            variables[gone].1 = "/nowhere";
            assert_eq!(read(&variables).unwrap_err().variable, here[gone].0);
        }
        let unusable = |variables: &[(&str, &str)]| {
            let tls = read(variables).unwrap().tls.unwrap();
            tls.acceptor(crate::receive::serve::Protocol::Grpc).err().unwrap().to_string()
        };
        let error = unusable(&here);
        assert_eq!(error, "the senders' authorities cannot be used: no root trust anchors were provided");
        let error = unusable(&here[..2]);
        assert_eq!(error, "a certificate or key cannot be read: no items found");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        assert_eq!(read(&[(ENDPOINT, "here")]).unwrap_err().variable, ENDPOINT);
        let error = read(&[(ENDPOINT, "http://127.0.0.1:4318"), (SHARE, "2")]).unwrap_err();
        assert_eq!(error.to_string(), "MUSTER_FORWARD_SHARE: not a number from 0 to 1");
        let error = read(&[("MUSTER_SCRAPE_REDIS_URL", "http://127.0.0.1")]).unwrap_err();
        assert_eq!(error.to_string(), "MUSTER_SCRAPE_REDIS_URL: not an address of that server");
    }
}
