//! What stands around spans and log records in a request: who sends them.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource as OtlpResource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use prost::Message as _;

use super::wire::{bytes, head, some_bytes};
use crate::telemetry::scope;

/// The field of a request that holds what one resource sends.
const OF_RESOURCE: u32 = 1;
/// The field of that which holds what belongs to one scope.
const OF_SCOPE: u32 = 2;
/// In both: whose it is.
const WHOSE: u32 = 1;
/// In both: by which schema.
const SCHEMA: u32 = 3;

/// The same around every batch of a service.
pub(super) struct Envelope {
    /// The resource, as a field.
    resource: Vec<u8>,
    /// Its schema, as a field.
    schema: Vec<u8>,
}

/// A scope's target, if it has one of its own, and what belongs to it: fields, ready to be sent.
pub(super) type Scoped = (Option<Cow<'static, str>>, Vec<Box<[u8]>>);

impl Envelope {
    pub(super) fn new(resource: &Resource) -> Self {
        let of = ResourceAttributesWithSchema::from(resource);
        let message = OtlpResource { attributes: of.attributes.0, ..OtlpResource::default() };
        let (mut resource, mut schema) = (Vec::new(), Vec::new());
        some_bytes(&mut resource, WHOSE, &message.encode_to_vec());
        bytes(&mut schema, SCHEMA, of.schema_url.unwrap_or_default().as_bytes());
        Self { resource, schema }
    }

    /// The request for a batch. What is empty is left out, but for the resource.
    pub(super) fn around(&self, scopes: impl IntoIterator<Item = Scoped>) -> Vec<u8> {
        let mut content = self.resource.clone();
        for (target, items) in scopes {
            if !items.is_empty() {
                around_scope(&mut content, target, &items);
            }
        }
        content.extend_from_slice(&self.schema);
        let mut request = Vec::with_capacity(content.len() + 8);
        some_bytes(&mut request, OF_RESOURCE, &content);
        request
    }
}

fn around_scope(out: &mut Vec<u8>, target: Option<Cow<'static, str>>, items: &[Box<[u8]>]) {
    let ours = scope();
    let (mut begin, mut end) = (Vec::new(), Vec::new());
    some_bytes(&mut begin, WHOSE, &InstrumentationScope::from((&ours, target)).encode_to_vec());
    bytes(&mut end, SCHEMA, ours.schema_url().unwrap_or_default().as_bytes());
    let length = begin.len() + items.iter().map(|item| item.len()).sum::<usize>() + end.len();
    out.reserve(length + 8);
    head(out, OF_SCOPE, length);
    out.extend_from_slice(&begin);
    for item in items {
        out.extend_from_slice(item);
    }
    out.extend_from_slice(&end);
}
