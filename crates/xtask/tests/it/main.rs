//! The documents and the deployment files against what they speak of.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod alloy;
mod architecture;
mod documents;
mod repository;
