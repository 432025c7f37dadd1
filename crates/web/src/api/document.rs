//! The API's document.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, ResponseBuilder,
};
use utoipa_axum::router::OpenApiRouter;

use super::{endpoints, health_endpoints};
use crate::problem::{InputError, ProblemDetails};

const DESCRIPTION: &str = "Games, their rosters, and what became of every notice. \
    Whatever a page can do, this can do. Every error is a problem detail (RFC 9457); its `type` is stable and \
    leads to an explanation.";

/// The API's document (OpenAPI 3.1), made from the routes that are served.
pub fn openapi() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Muster")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .build();
    let components = ComponentsBuilder::new()
        .schema_from::<ProblemDetails<'static>>()
        .schema_from::<InputError>()
        .security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("muster_session"))),
        )
        .security_scheme(
            "token",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        )
        .build();
    let start = OpenApiBuilder::new().info(info).components(Some(components)).build();
    let router = OpenApiRouter::with_openapi(start).merge(endpoints()).merge(health_endpoints());
    let mut document = router.into_openapi();
    for (path, item) in &mut document.paths.paths {
        let guarded = path.starts_with(super::BASE) && !path.ends_with("/auth/practice");
        operations(item).for_each(|operation| complete(operation, guarded));
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// What holds for every operation: how errors look, and who may ask.
fn complete(operation: &mut Operation, guarded: bool) {
    if !guarded {
        return;
    }
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDetails"))).build();
    let problem = ResponseBuilder::new()
        .description("What went wrong")
        .content("application/problem+json", content)
        .build();
    operation.responses.responses.insert("default".to_owned(), problem.into());
    let none: [String; 0] = [];
    operation.security = Some(vec![
        SecurityRequirement::new("session", none.clone()),
        SecurityRequirement::new("token", none),
    ]);
}

/// GET `/api/v1/openapi.json`.
pub(crate) async fn serve() -> Response {
    let text = openapi().to_pretty_json().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
