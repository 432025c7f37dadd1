//! The SDK's pipelines, put together.

use std::sync::Arc;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{
    Instrument, MeterProviderBuilder, PeriodicReader, SdkMeterProvider, Stream,
};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanLimits, TracerProviderBuilder};

use crate::captured::Kept;
use crate::config::Exporter;
use crate::console::Console;
use crate::exemplars::Exemplars;
use crate::export::Exports;
use crate::sampler::LiveSampler;
use crate::{CapturedLog, CapturedMetric, CapturedSpan, ExemplarFilter, ServiceName, TelemetryConfig};

/// Series of one instrument; the rest share one. What we record is bounded before; this is the second fence.
const SERIES_LIMIT: usize = 600;

/// The three pipelines of a service.
pub(crate) struct Providers {
    pub(crate) tracer: SdkTracerProvider,
    pub(crate) meter: SdkMeterProvider,
    pub(crate) logger: SdkLoggerProvider,
    pub(crate) sampler: LiveSampler,
    pub(crate) exemplars: Arc<Exemplars>,
}

impl Providers {
    /// Providers that make no-op tracers, meters and loggers.
    pub(crate) fn none() -> Self {
        let tracer = SdkTracerProvider::builder().build();
        // A provider that was shut down gives no-op spans, without so much as an id.
        let _ = tracer.shutdown();
        Self {
            tracer,
            meter: SdkMeterProvider::builder().build(),
            logger: SdkLoggerProvider::builder().build(),
            sampler: LiveSampler::new(crate::Sampling { ratio: 0.0, parent_based: false }),
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
        let tracer = tracer_builder(resource, &config, &sampler).with_simple_exporter(spans.clone());
        let logger = SdkLoggerProvider::builder().with_resource(resource.clone());
        Self {
            tracer: tracer.build(),
            meter: meter_builder(resource).with_reader(reader).build(),
            logger: logger.with_simple_exporter(logs.clone()).build(),
            sampler,
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
        let mut tracer = tracer_builder(resource, config, &sampler);
        tracer = match config.traces.exporter {
            Exporter::Otlp => tracer.with_span_processor(exports.span_queue(config)),
            Exporter::Console => tracer.with_batch_exporter(Console(service)),
            Exporter::None => tracer,
        };
        let mut logger = SdkLoggerProvider::builder().with_resource(resource.clone());
        if config.logs.exporter == Exporter::Otlp {
            logger = logger.with_log_processor(exports.log_queue(config));
        }
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
        Self { tracer: tracer.build(), meter: meter.build(), logger: logger.build(), sampler, exemplars }
    }
}

fn tracer_builder(
    resource: &Resource,
    config: &TelemetryConfig,
    sampler: &LiveSampler,
) -> TracerProviderBuilder {
    let limits = config.limits;
    SdkTracerProvider::builder()
        .with_resource(resource.clone())
        .with_sampler(sampler.clone())
        .with_span_limits(SpanLimits {
            max_events_per_span: limits.span_events,
            max_attributes_per_span: limits.span_attributes,
            max_links_per_span: limits.span_links,
            max_attributes_per_event: limits.event_attributes,
            max_attributes_per_link: limits.link_attributes,
        })
}

fn meter_builder(resource: &Resource) -> MeterProviderBuilder {
    let bounded = |_: &Instrument| Stream::builder().with_cardinality_limit(SERIES_LIMIT).build().ok();
    SdkMeterProvider::builder().with_resource(resource.clone()).with_view(bounded)
}
