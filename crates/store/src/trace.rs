use telemetry::TraceContext;

/// The two columns that carry a trace through a row.
pub(crate) struct TraceColumns {
    pub(crate) traceparent: Option<String>,
    pub(crate) tracestate: Option<String>,
}

impl TraceColumns {
    pub(crate) fn of(trace: &TraceContext) -> Self {
        let traceparent = (!trace.is_empty()).then(|| trace.traceparent.clone());
        Self { traceparent, tracestate: trace.tracestate.clone() }
    }

    pub(crate) fn current() -> Self {
        Self::of(&TraceContext::current())
    }
}

pub(crate) fn read(traceparent: Option<&str>, tracestate: Option<&str>) -> TraceContext {
    TraceContext::parse(traceparent, tracestate)
}
