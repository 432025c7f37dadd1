//! The SDK's pipelines, put together.

use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, LoggerProviderBuilder, SdkLoggerProvider,
};
use opentelemetry_sdk::metrics::{MeterProviderBuilder, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{self, BatchSpanProcessor, Sampler, SdkTracerProvider, TracerProviderBuilder};

use crate::captured::Kept;
use crate::config::{Exporter, Sampling};
use crate::console::Console;
use crate::export::Exports;
use crate::resource::resource;
use crate::{CapturedLog, CapturedMetric, CapturedSpan, ServiceName, TelemetryConfig, TelemetryError};

/// The three pipelines of a service.
pub(crate) struct Providers {
    pub(crate) tracer: SdkTracerProvider,
    pub(crate) meter: SdkMeterProvider,
    pub(crate) logger: SdkLoggerProvider,
}

impl Providers {
    /// Providers that make no-op tracers, meters and loggers.
    pub(crate) fn none() -> Self {
        let tracer = SdkTracerProvider::builder().build();
        // A provider that was shut down gives no-op spans, without so much as an id.
        let _ = tracer.shutdown();
        let meter = SdkMeterProvider::builder().build();
        Self { tracer, meter, logger: SdkLoggerProvider::builder().build() }
    }

    /// Providers that keep what is recorded in memory.
    pub(crate) fn keeping(
        service: ServiceName,
        spans: &Kept<CapturedSpan>,
        logs: &Kept<CapturedLog>,
        metrics: &Kept<CapturedMetric>,
    ) -> Self {
        let resource = resource(service, &TelemetryConfig::default());
        let reader = PeriodicReader::builder(metrics.clone()).build();
        let (tracer, logger) = (SdkTracerProvider::builder(), SdkLoggerProvider::builder());
        Self {
            tracer: tracer.with_resource(resource.clone()).with_simple_exporter(spans.clone()).build(),
            meter: SdkMeterProvider::builder().with_resource(resource.clone()).with_reader(reader).build(),
            logger: logger.with_resource(resource).with_simple_exporter(logs.clone()).build(),
        }
    }

    /// Providers that export over OTLP, or as the configuration says.
    pub(crate) fn exporting(
        service: ServiceName,
        config: &TelemetryConfig,
        exports: &Exports,
    ) -> Result<Self, TelemetryError> {
        let resource = resource(service, config);
        Ok(Self {
            tracer: tracer_provider(service, config, exports)?.with_resource(resource.clone()).build(),
            meter: meter_provider(service, config, exports)?.with_resource(resource.clone()).build(),
            logger: logger_provider(config, exports)?.with_resource(resource).build(),
        })
    }
}

fn tracer_provider(
    service: ServiceName,
    config: &TelemetryConfig,
    exports: &Exports,
) -> Result<TracerProviderBuilder, TelemetryError> {
    let builder = SdkTracerProvider::builder().with_sampler(sampler(config.sampling));
    let batch = trace::BatchConfigBuilder::default()
        .with_max_queue_size(config.queue_items)
        .with_scheduled_delay(config.batch_delay)
        .build();
    Ok(match config.traces.exporter {
        Exporter::Otlp => {
            let exporter = exports.spans(&config.traces)?;
            builder
                .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batch).build())
        }
        Exporter::Console => builder.with_batch_exporter(Console(service)),
        Exporter::None => builder,
    })
}

fn meter_provider(
    service: ServiceName,
    config: &TelemetryConfig,
    exports: &Exports,
) -> Result<MeterProviderBuilder, TelemetryError> {
    let builder = SdkMeterProvider::builder();
    let interval = config.metric_interval;
    Ok(match config.metrics.exporter {
        Exporter::Otlp => {
            let exporter = exports.metrics(&config.metrics)?;
            builder.with_reader(PeriodicReader::builder(exporter).with_interval(interval).build())
        }
        Exporter::Console => {
            builder.with_reader(PeriodicReader::builder(Console(service)).with_interval(interval).build())
        }
        Exporter::None => builder,
    })
}

fn logger_provider(
    config: &TelemetryConfig,
    exports: &Exports,
) -> Result<LoggerProviderBuilder, TelemetryError> {
    let builder = SdkLoggerProvider::builder();
    if config.logs.exporter != Exporter::Otlp {
        return Ok(builder);
    }
    let batch = BatchConfigBuilder::default()
        .with_max_queue_size(config.queue_items)
        .with_scheduled_delay(config.batch_delay)
        .build();
    let exporter = exports.logs(&config.logs)?;
    Ok(builder.with_log_processor(BatchLogProcessor::builder(exporter).with_batch_config(batch).build()))
}

fn sampler(sampling: Sampling) -> Sampler {
    let root = Sampler::TraceIdRatioBased(sampling.ratio);
    if sampling.parent_based { Sampler::ParentBased(Box::new(root)) } else { root }
}
