//! The exporter for people at a terminal: one line a batch on standard error.

use std::io::Write as _;

use crate::signal::{Batch, Export as _};

/// Tells what a batch holds. Not by the log, which may itself come back as a batch.
pub(crate) fn tell(batch: &Batch) {
    // Nobody reads it any more: nothing is lost.
    let _ = writeln!(std::io::stderr().lock(), "{}", line(batch));
}

fn line(batch: &Batch) -> String {
    let (items, what, names) = match batch {
        Batch::Traces(request) => {
            let scopes = request.resource_spans.iter().flat_map(|r| &r.scope_spans);
            (
                request.items(),
                "spans",
                first(scopes.flat_map(|scope| scope.spans.iter().map(|span| &*span.name))),
            )
        }
        Batch::Metrics(request) => {
            let scopes = request.resource_metrics.iter().flat_map(|r| &r.scope_metrics);
            (
                request.items(),
                "data points",
                first(scopes.flat_map(|scope| scope.metrics.iter().map(|m| &*m.name))),
            )
        }
        Batch::Logs(request) => {
            let scopes = request.resource_logs.iter().flat_map(|r| &r.scope_logs);
            (
                request.items(),
                "log records",
                first(scopes.flat_map(|scope| scope.log_records.iter().map(|l| &*l.event_name))),
            )
        }
    };
    format!("collector: {items} {what}: {names}")
}

/// The first few, without control characters.
fn first<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<_> = names.take(SHOWN).map(|name| name.escape_debug().to_string()).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        collector::trace::v1::ExportTraceServiceRequest,
        trace::v1::{ResourceSpans, ScopeSpans, Span},
    };

    use super::*;

    #[test]
    fn a_batch_is_a_line_without_control_characters() {
        let spans = vec![Span { name: "GET /\u{1b}[2J".into(), ..Span::default() }];
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        let batch = Batch::Traces(ExportTraceServiceRequest { resource_spans });
        assert_eq!(line(&batch), "collector: 1 spans: GET /\\u{1b}[2J");
    }
}
