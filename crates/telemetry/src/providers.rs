//! The SDK's pipelines, put together.

use std::sync::Arc;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{
    Instrument, MeterProviderBuilder, PeriodicReader, SdkMeterProvider, Stream,
};

use crate::captured::Kept;
use crate::config::Exporter;
use crate::console::Console;
use crate::exemplars::Exemplars;
use crate::export::Exports;
use crate::recorder::{Recorder, Sink};
use crate::records::{self, Records};
use crate::sampler::LiveSampler;
use crate::{
    CapturedLog, CapturedMetric, CapturedSpan, ExemplarFilter, Limits, ServiceName, TelemetryConfig,
};

/// Series of one instrument; the rest share one. What we record is bounded before; this is the second fence.
const SERIES_LIMIT: usize = 600;

/// The three pipelines of a service.
pub(crate) struct Providers {
    pub(crate) recorder: Recorder,
    pub(crate) meter: SdkMeterProvider,
    pub(crate) records: Arc<Records>,
    pub(crate) exemplars: Arc<Exemplars>,
}

impl Providers {
    /// Providers that make no spans, metrics and records.
    pub(crate) fn none() -> Self {
        let sampler = LiveSampler::new(crate::Sampling { ratio: 0.0, parent_based: false });
        Self {
            recorder: Recorder::new(sampler, Limits::default(), Sink::Off),
            meter: SdkMeterProvider::builder().build(),
            records: Arc::new(Records::new(Limits::default(), records::Sink::Nowhere)),
            exemplars: Arc::new(Exemplars::new(ExemplarFilter::AlwaysOff)),
        }
    }

    /// Providers that keep what is recorded in memory.
    pub(crate) fn keeping(
        resource: &Resource,
        (spans, logs, metrics): (&Kept<CapturedSpan>, &Kept<CapturedLog>, &Kept<CapturedMetric>),
    ) -> Self {
        let config = TelemetryConfig::default();
        let sampler = LiveSampler::new(config.sampling);
        let reader = PeriodicReader::builder(metrics.clone()).build();
        Self {
            recorder: Recorder::new(sampler, config.limits, Sink::Kept(spans.clone())),
            meter: meter_builder(resource).with_reader(reader).build(),
            records: Arc::new(Records::new(config.limits, records::Sink::Kept(logs.clone()))),
            exemplars: Arc::new(Exemplars::new(config.exemplars)),
        }
    }

    /// Providers that export over OTLP, or as the configuration says.
    pub(crate) fn exporting(
        service: ServiceName,
        config: &TelemetryConfig,
        resource: &Resource,
        exports: &Exports,
    ) -> Self {
        let sampler = LiveSampler::new(config.sampling);
        let exemplars = Arc::new(Exemplars::new(config.exemplars));
        let sink = match config.traces.exporter {
            Exporter::Otlp => Sink::Queue(exports.span_queue()),
            Exporter::Console => Sink::Console(Console(service)),
            Exporter::None => Sink::Nowhere,
        };
        let recorder = Recorder::new(sampler, config.limits, sink);
        let sink = match config.logs.exporter {
            Exporter::Otlp => records::Sink::Queue(exports.log_queue()),
            // What is said is on stdout anyhow.
            Exporter::Console | Exporter::None => records::Sink::Nowhere,
        };
        let records = Arc::new(Records::new(config.limits, sink));
        let meter = meter_builder(resource);
        let interval = config.metric_interval;
        let meter = match config.metrics.exporter {
            Exporter::Otlp => {
                let exporter = exports.metrics(config, Arc::clone(&exemplars));
                meter.with_reader(PeriodicReader::builder(exporter).with_interval(interval).build())
            }
            Exporter::Console => {
                meter.with_reader(PeriodicReader::builder(Console(service)).with_interval(interval).build())
            }
            Exporter::None => meter,
        };
        Self { recorder, meter: meter.build(), records, exemplars }
    }
}

fn meter_builder(resource: &Resource) -> MeterProviderBuilder {
    let bounded = |_: &Instrument| Stream::builder().with_cardinality_limit(SERIES_LIMIT).build().ok();
    SdkMeterProvider::builder().with_resource(resource.clone()).with_view(bounded)
}
