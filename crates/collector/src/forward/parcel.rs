//! From the records of a segment to requests of a good size.

use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message as _;

use super::{
    sampling::Sampler,
    segments::Record,
    state::{Passage, State},
};
use crate::signal::{Export, Signal};

/// Records are put together, and taken apart, up to this size; receivers take 4 MiB.
const PARCEL_BYTES: usize = 1 << 20;

/// One request to the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) signal: Signal,
    pub(super) items: u64,
    pub(super) body: Vec<u8>,
}

/// Samples, and puts records of one signal together: an export request is a list, and lists in protobuf are joined by
/// writing one after the other.
pub(super) fn pack(records: Vec<Record>, sampler: &Sampler, state: &State) -> Vec<Parcel> {
    let mut parcels: Vec<Parcel> = Vec::new();
    for record in records {
        let mut parts: Vec<_> = part(record, sampler, state).into_iter().collect();
        while let Some(part) = parts.pop() {
            match part.halve().filter(|_| part.body.len() > PARCEL_BYTES) {
                Some(halves) => parts.extend(halves),
                None => put(&mut parcels, part),
            }
        }
    }
    parcels
}

fn put(parcels: &mut Vec<Parcel>, part: Parcel) {
    let fits = |parcel: &&mut Parcel| {
        parcel.signal == part.signal && parcel.body.len() + part.body.len() <= PARCEL_BYTES
    };
    match parcels.iter_mut().rev().find(fits) {
        Some(parcel) => {
            parcel.items += part.items;
            parcel.body.extend(part.body);
        }
        None => parcels.push(part),
    }
}

/// Takes the second half of a request out of it: of its resources, else of the scopes of the one resource, else of the
/// items of the one scope. False where there is nothing to take apart.
macro_rules! halve {
    ($request:ident, $resources:ident, $scopes:ident, $items:ident) => {{
        let mut rest = $request.clone();
        let half = $request.$resources.len() / 2;
        if let ([first], [second]) = (&mut $request.$resources[..], &mut rest.$resources[..]) {
            let half = first.$scopes.len() / 2;
            if let ([first], [second]) = (&mut first.$scopes[..], &mut second.$scopes[..]) {
                let half = first.$items.len() / 2;
                first.$items.truncate(half);
                second.$items.drain(..half);
            } else {
                first.$scopes.truncate(half);
                second.$scopes.drain(..half);
            }
        } else {
            $request.$resources.truncate(half);
            rest.$resources.drain(..half);
        }
        [$request, rest]
    }};
}

impl Parcel {
    /// Two that hold the same; none of one item, or of one metric.
    pub(super) fn halve(&self) -> Option<[Self; 2]> {
        let body = &*self.body;
        let halves = match self.signal {
            Signal::Traces => {
                let mut request = ExportTraceServiceRequest::decode(body).ok()?;
                halve!(request, resource_spans, scope_spans, spans).map(|half| Self::of(&half))
            }
            Signal::Metrics => {
                let mut request = ExportMetricsServiceRequest::decode(body).ok()?;
                halve!(request, resource_metrics, scope_metrics, metrics).map(|half| Self::of(&half))
            }
            Signal::Logs => {
                let mut request = ExportLogsServiceRequest::decode(body).ok()?;
                halve!(request, resource_logs, scope_logs, log_records).map(|half| Self::of(&half))
            }
        };
        halves.iter().all(|half| half.items > 0).then_some(halves)
    }

    fn of<E: Export>(request: &E) -> Self {
        Self { signal: E::SIGNAL, items: request.items() as u64, body: request.encode_to_vec() }
    }
}

fn part(record: Record, sampler: &Sampler, state: &State) -> Option<Parcel> {
    let Record { signal, items, body } = record;
    if signal != Signal::Traces {
        return Some(Parcel { signal, items: items.into(), body });
    }
    let Ok(mut request) = ExportTraceServiceRequest::decode(&*body) else {
        state.count(signal, Passage::Lost, items.into());
        return None;
    };
    state.count(signal, Passage::SampledOut, sampler.thin(&mut request));
    let items = request.items() as u64;
    (items > 0).then(|| Parcel { signal, items, body: request.encode_to_vec() })
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        common::v1::{AnyValue, any_value::Value},
        logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    };

    use super::*;
    use crate::forward::{Destination, ForwardConfig, Sampling};

    #[test]
    fn what_is_too_large_for_receivers_is_taken_apart() {
        let text = Value::StringValue("x".repeat(10_000));
        let record = LogRecord { body: Some(AnyValue { value: Some(text) }), ..LogRecord::default() };
        let scope = ScopeLogs { log_records: vec![record; 300], ..ScopeLogs::default() };
        let one = ResourceLogs { scope_logs: vec![scope.clone()], ..ResourceLogs::default() };
        let two = ResourceLogs { scope_logs: vec![scope.clone(), scope], ..ResourceLogs::default() };
        let whole = Parcel::of(&ExportLogsServiceRequest { resource_logs: vec![one, two] });
        let record = Record { signal: Signal::Logs, items: 900, body: whole.body };
        let state = State::new(&ForwardConfig::new(Destination::open("http://x").unwrap(), "x".into()));
        let parcels = pack(vec![record], &Sampler::new(Sampling::default()), &state);
        assert!(parcels.len() >= 9 && parcels.iter().all(|parcel| parcel.body.len() <= PARCEL_BYTES));
        let counted: usize = parcels
            .iter()
            .map(|parcel| ExportLogsServiceRequest::decode(&*parcel.body).unwrap().items())
            .sum();
        assert_eq!((counted, parcels.iter().map(|parcel| parcel.items).sum()), (900, 900));
    }
}
