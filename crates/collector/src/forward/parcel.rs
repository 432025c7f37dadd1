//! From the records of a segment to requests of a good size.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

use super::{
    sampling::Sampler,
    segments::Record,
    state::{Passage, State},
};
use crate::signal::{Export as _, Signal};

/// Records are put together up to this size; receivers take 4 MiB.
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
        let Some(part) = part(record, sampler, state) else { continue };
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
    parcels
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
