use crate::bench::sink::{Arrived, Manner, Sink};
use crate::failure::Failure;

/// Where nobody listens: a connection is refused at once.
const CLOSED: &str = "http://127.0.0.1:9";

/// What a variant stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `OTEL_SDK_DISABLED=true`.
    Off,
    /// All three signals, every trace, to a receiver that takes them.
    On,
    /// The same, to nobody, or to a receiver in trouble.
    Trouble,
}

/// One way to run the program.
pub(super) struct Variant {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    endpoint: Option<String>,
    sink: Option<Sink>,
}

impl Variant {
    /// Twins of off and on, and one with nobody listening; for a long run, receivers in other kinds of trouble too.
    ///
    /// # Errors
    /// When a receiver finds no port.
    pub(super) fn all(long: bool) -> Result<Vec<Self>, Failure> {
        let mut all = vec![
            Self::off("off"),
            Self::with_sink("on", Kind::On, Manner::Takes)?,
            Self { name: "dead", kind: Kind::Trouble, endpoint: Some(CLOSED.to_owned()), sink: None },
            Self::with_sink("on again", Kind::On, Manner::Takes)?,
            Self::off("off again"),
        ];
        if long {
            all.push(Self::with_sink("rejecting", Kind::Trouble, Manner::Rejects)?);
            all.push(Self::with_sink("slow", Kind::Trouble, Manner::Slow)?);
            all.push(Self::with_sink("silent", Kind::Trouble, Manner::Silent)?);
        }
        Ok(all)
    }

    const fn off(name: &'static str) -> Self {
        Self { name, kind: Kind::Off, endpoint: None, sink: None }
    }

    fn with_sink(name: &'static str, kind: Kind, manner: Manner) -> Result<Self, Failure> {
        let sink = Sink::start(manner)?;
        Ok(Self { name, kind, endpoint: Some(format!("http://{}", sink.address)), sink: Some(sink) })
    }

    /// The environment that makes it so; all else is as the program comes.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        match &self.endpoint {
            None => off(),
            Some(endpoint) => vec![("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.clone())],
        }
    }

    /// What its receiver has got.
    pub(super) fn arrived(&self) -> Arrived {
        self.sink.as_ref().map(Sink::arrived).unwrap_or_default()
    }

    /// Sees that all three signals arrived where they should, and each request was sampled.
    ///
    /// # Errors
    /// When something is missing: what was measured then was not telemetry.
    pub(super) fn check(&self, arrived: Arrived, requests: usize) -> Result<(), Failure> {
        let Arrived { spans, logs, metrics, .. } = arrived;
        let requests = u64::try_from(requests).unwrap_or(u64::MAX);
        if self.kind == Kind::On && (spans < requests || logs < requests || metrics == 0) {
            return Err(Failure::new(format!(
                "{requests} requests made {spans} spans, {logs} log records and {metrics} metrics"
            )));
        }
        Ok(())
    }
}

/// The environment in which there is no telemetry.
pub(super) fn off() -> Vec<(&'static str, String)> {
    vec![("OTEL_SDK_DISABLED", "true".to_owned())]
}
