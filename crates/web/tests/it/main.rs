//! The dashboard through its front door: a real store, the practice Discord behind the real client, a clock that
//! stands still, captured telemetry.

#![cfg(test)]

mod api;
mod document;
mod house;
mod internal;
mod live;
mod pages;
mod problems;
mod server;
mod telemetry;
