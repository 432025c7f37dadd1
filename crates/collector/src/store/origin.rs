//! Where telemetry comes from: a resource and an instrumentation scope, kept once and pointed to.

use opentelemetry_proto::tonic::{
    common::v1::InstrumentationScope,
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans},
};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use sqlx::SqliteConnection;

use super::write::{ROWS_PER_INSERT, insert_rows};
use crate::signal::attribute;

/// What a sender is called that does not say (semantic conventions, "service").
const UNKNOWN_SERVICE: &str = "unknown_service";

/// A resource with a scope. Kept as an empty `ResourceSpans`, whatever the signal: ready to be filled for an export.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) id: i64,
    pub(crate) service: String,
    pub(crate) instance: String,
    body: Vec<u8>,
}

impl Origin {
    /// `schema_urls` are those of the resource and of the scope.
    pub(super) fn new(
        resource: Option<&Resource>,
        scope: Option<&InstrumentationScope>,
        schema_urls: [&str; 2],
    ) -> Self {
        let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
        let named = |key| attribute(attributes, key).filter(|value| !value.is_empty()).map(str::to_owned);
        let scope_spans =
            ScopeSpans { scope: scope.cloned(), schema_url: schema_urls[1].into(), spans: Vec::new() };
        let carrier = ResourceSpans {
            resource: resource.cloned(),
            scope_spans: vec![scope_spans],
            schema_url: schema_urls[0].into(),
        };
        let body = carrier.encode_to_vec();
        Self {
            id: digest(&body),
            service: named("service.name").unwrap_or_else(|| UNKNOWN_SERVICE.into()),
            instance: named("service.instance.id").unwrap_or_default(),
            body,
        }
    }

    /// The carrier of an origin as it was stored.
    pub(super) fn decode(body: &[u8]) -> sqlx::Result<ResourceSpans> {
        ResourceSpans::decode(body).map_err(|error| sqlx::Error::Decode(error.into()))
    }
}

/// Names content by the first eight bytes of its SHA-256.
pub(super) fn digest(content: &[u8]) -> i64 {
    let digest: [u8; 32] = Sha256::digest(content).into();
    digest.iter().take(8).fold(0, |id: i64, byte| (id << 8) | i64::from(*byte))
}

/// Keeps origins that the slice does not have yet.
pub(super) async fn insert(db: &mut SqliteConnection, slice: i64, origins: &[Origin]) -> sqlx::Result<()> {
    let head = format!("INSERT OR IGNORE INTO origins_{slice} (id, service, body) ");
    for rows in origins.chunks(ROWS_PER_INSERT) {
        insert_rows(db, (&head, ""), rows, |mut row, origin| {
            row.push_bind(origin.id).push_bind(&*origin.service).push_bind(&*origin.body);
        })
        .await?;
    }
    Ok(())
}
