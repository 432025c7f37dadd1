//! What stands around spans and log records in a request: who sends them.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource as OtlpResource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use prost::Message as _;

use super::queue::Scope;
use crate::otlp::wire::{bytes, key_and_length, some_bytes};

/// The field of a request that holds what one resource sends.
const OF_RESOURCE: u32 = 1;
/// The field of that which holds what belongs to one scope.
const OF_SCOPE: u32 = 2;
/// In both: whose it is.
const WHOSE: u32 = 1;
/// In both: by which schema.
const SCHEMA: u32 = 3;
/// What a field's key and length take at most.
const MOST_BEFORE_BYTES: usize = 8;

/// The same around every batch of a service.
pub(super) struct Envelope {
    /// The resource, as a field.
    resource: Vec<u8>,
    /// Its schema, as a field.
    schema: Vec<u8>,
}

impl Envelope {
    pub(super) fn new(resource: &Resource) -> Self {
        let of = ResourceAttributesWithSchema::from(resource);
        let message = OtlpResource { attributes: of.attributes.0, ..OtlpResource::default() };
        let (mut resource, mut schema) = (Vec::new(), Vec::new());
        some_bytes(&mut resource, WHOSE, &message.encode_to_vec());
        bytes(&mut schema, SCHEMA, of.schema_url.unwrap_or_default().as_bytes());
        Self { resource, schema }
    }

    /// The request for a batch; without any item it still says who sends it.
    pub(super) fn around(&self, scopes: &[Scope]) -> Vec<u8> {
        let borders: Vec<Borders> = scopes.iter().map(Borders::of).collect();
        let inside: usize = borders.iter().zip(scopes).map(|(it, scope)| it.len() + scope.items.len()).sum();
        let length = self.resource.len() + inside + self.schema.len();
        let mut request = Vec::with_capacity(length + MOST_BEFORE_BYTES);
        key_and_length(&mut request, OF_RESOURCE, length);
        request.extend_from_slice(&self.resource);
        for (borders, scope) in borders.iter().zip(scopes) {
            for part in [&borders.begin, &scope.items, &borders.end] {
                request.extend_from_slice(part);
            }
        }
        request.extend_from_slice(&self.schema);
        request
    }
}

/// What stands before and behind the items of one scope.
struct Borders {
    begin: Vec<u8>,
    end: Vec<u8>,
}

impl Borders {
    fn of(scope: &Scope) -> Self {
        let ours = crate::telemetry::scope();
        let (mut whose, mut end) = (Vec::new(), Vec::new());
        some_bytes(
            &mut whose,
            WHOSE,
            &InstrumentationScope::from((&ours, scope.target.map(Cow::Borrowed))).encode_to_vec(),
        );
        bytes(&mut end, SCHEMA, ours.schema_url().unwrap_or_default().as_bytes());
        let mut begin = Vec::with_capacity(whose.len() + MOST_BEFORE_BYTES);
        key_and_length(&mut begin, OF_SCOPE, whose.len() + scope.items.len() + end.len());
        begin.extend_from_slice(&whose);
        Self { begin, end }
    }

    fn len(&self) -> usize {
        self.begin.len() + self.end.len()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

    use super::*;

    #[test]
    fn a_request_without_items_still_says_whose_it_is() {
        let resource = Resource::builder().with_service_name("api-service").build();
        let body = Envelope::new(&resource).around(&[]);
        let request = ExportTraceServiceRequest::decode(body.as_slice()).expect("it is one");
        assert!(
            request.resource_spans[0].resource.is_some() && request.resource_spans[0].scope_spans.is_empty()
        );
    }
}
