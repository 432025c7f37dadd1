//! The files below deploy/grafana/: current, and made of queries that mean something.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod files;
mod grammar;
mod other_queries;
mod promql;
mod rules;
