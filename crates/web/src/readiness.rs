//! Readiness is told by the loops of every room, so it lives below them.

pub use crate::stub::readiness::{Gate, Readiness, Turns};
