//! What telemetry says of itself, after the semantic conventions for SDK metrics
//! (<https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/>).

use std::borrow::Cow;
use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter};

use crate::accounts::Books;
use crate::export::{Exports, Kind};
use crate::instruments::SECONDS;

/// The names that the conventions give to one signal's metrics.
struct Names {
    kind: Kind,
    exported: &'static str,
    inflight: &'static str,
    unit: &'static str,
}

const NAMES: [Names; 3] = [
    Names {
        kind: Kind::Traces,
        exported: "otel.sdk.exporter.span.exported",
        inflight: "otel.sdk.exporter.span.inflight",
        unit: "{span}",
    },
    Names {
        kind: Kind::Metrics,
        exported: "otel.sdk.exporter.metric_data_point.exported",
        inflight: "otel.sdk.exporter.metric_data_point.inflight",
        unit: "{data_point}",
    },
    Names {
        kind: Kind::Logs,
        exported: "otel.sdk.exporter.log.exported",
        inflight: "otel.sdk.exporter.log.inflight",
        unit: "{log_record}",
    },
];

/// The names that the conventions give to a batching processor's metrics.
struct ProcessorNames {
    kind: Kind,
    component: &'static str,
    processed: &'static str,
    queue_size: &'static str,
    queue_capacity: &'static str,
    unit: &'static str,
}

const PROCESSORS: [ProcessorNames; 2] = [
    ProcessorNames {
        kind: Kind::Traces,
        component: "batching_span_processor",
        processed: "otel.sdk.processor.span.processed",
        queue_size: "otel.sdk.processor.span.queue.size",
        queue_capacity: "otel.sdk.processor.span.queue.capacity",
        unit: "{span}",
    },
    ProcessorNames {
        kind: Kind::Logs,
        component: "batching_log_processor",
        processed: "otel.sdk.processor.log.processed",
        queue_size: "otel.sdk.processor.log.queue.size",
        queue_capacity: "otel.sdk.processor.log.queue.capacity",
        unit: "{log_record}",
    },
];

/// Observes the books of the export whenever metrics are collected, and has its durations recorded.
pub(crate) fn observe(meter: &Meter, exports: &Arc<Exports>) {
    for names in &NAMES {
        observe_exporter(meter, exports, names);
    }
    for names in &PROCESSORS {
        observe_processor(meter, exports, names);
    }
    let duration = meter
        .f64_histogram("otel.sdk.exporter.operation.duration")
        .with_unit("s")
        .with_description("How long the export of a batch takes, with its retries.")
        .with_boundaries(SECONDS.to_vec())
        .build();
    exports.measure(&duration);
}

fn observe_exporter(meter: &Meter, exports: &Arc<Exports>, names: &Names) {
    let kind = names.kind;
    // The pipeline owns the callbacks, and is owned by what owns the exports.
    let weak = Arc::downgrade(exports);
    let _exported = meter
        .u64_observable_counter(names.exported)
        .with_unit(names.unit)
        .with_description("What the exporter is done with, taken or (with error.type) lost.")
        .with_callback(move |observer| {
            let Some(exports) = weak.upgrade() else { return };
            let component = exports.component(kind);
            let (exported, lost) =
                exports.with_books(kind, |books| (books.read().exported, books.lost_by_exporter()));
            observer.observe(exported, &component);
            for (error_type, count) in lost {
                observer.observe(count, &with_error(&component, error_type));
            }
        })
        .build();
    let weak = Arc::downgrade(exports);
    let _inflight = meter
        .i64_observable_up_down_counter(names.inflight)
        .with_unit(names.unit)
        .with_description("What the exporter has been given and is not done with.")
        .with_callback(move |observer| {
            let Some(exports) = weak.upgrade() else { return };
            observer.observe(signed(exports.account(kind).in_flight), &exports.component(kind));
        })
        .build();
}

fn observe_processor(meter: &Meter, exports: &Arc<Exports>, names: &ProcessorNames) {
    let (kind, unit) = (names.kind, names.unit);
    let component = [
        KeyValue::new("otel.component.name", format!("{}/0", names.component)),
        KeyValue::new("otel.component.type", names.component),
    ];
    let (weak, attributes) = (Arc::downgrade(exports), component.clone());
    let _processed = meter
        .u64_observable_counter(names.processed)
        .with_unit(unit)
        .with_description("What the processor is done with, handed on or (with error.type) dropped.")
        .with_callback(move |observer| {
            let Some(exports) = weak.upgrade() else { return };
            for (error_type, count) in exports.with_books(kind, Books::processed) {
                match error_type {
                    None => observer.observe(count, &attributes),
                    Some(word) => observer.observe(count, &with_error(&attributes, word)),
                }
            }
        })
        .build();
    gauge(meter, (names.queue_size, unit), (exports, kind), (component.clone(), waiting));
    gauge(meter, (names.queue_capacity, unit), (exports, kind), (component, capacity));
}

fn waiting(exports: &Exports, kind: Kind) -> u64 {
    exports.with_books(kind, |books| books.read().queued - books.read().in_flight)
}

fn capacity(exports: &Exports, kind: Kind) -> u64 {
    exports.capacity(kind).try_into().unwrap_or(u64::MAX)
}

/// What a gauge tells of a signal.
type Read = fn(&Exports, Kind) -> u64;

fn gauge(
    meter: &Meter,
    (name, unit): (&'static str, &'static str),
    (exports, kind): (&Arc<Exports>, Kind),
    (component, read): ([KeyValue; 2], Read),
) {
    let weak = Arc::downgrade(exports);
    let _gauge = meter
        .i64_observable_up_down_counter(name)
        .with_unit(unit)
        .with_callback(move |observer: &dyn AsyncInstrument<i64>| {
            let Some(exports) = weak.upgrade() else { return };
            observer.observe(signed(read(&exports, kind)), &component);
        })
        .build();
}

fn with_error(component: &[KeyValue], error_type: Cow<'static, str>) -> Vec<KeyValue> {
    component.iter().cloned().chain([KeyValue::new("error.type", error_type)]).collect()
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
