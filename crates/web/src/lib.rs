//! The dashboard's door: JSON API under `/api/v1`, sign-in, live updates and pages.
//!
//! A handler reads its input, calls one verb of `actions`, and shows what came of it. What surrounds every
//! handler stands in `layers`: the span and the log line, the security headers, the guard against other sites,
//! the limit on time, and the one place where problems become responses.

mod api;
mod app;
mod auth;
mod health;
mod input;
mod internal;
mod layers;
mod live;
mod local_time;
mod pages;
mod problem;
mod router;
mod server;

pub use actions::{Gate, Readiness, Turns};
pub use api::openapi;
pub use app::{App, PracticePerson, PracticeSignIn, WebConfig};
pub use auth::SignedIn;
pub use health::{Health, serve_health};
pub use internal::{internal_router, serve_internal};
pub use live::Live;
pub use router::router;
pub use server::{ServeError, serve, serve_routes};
