//! The bus as publishers and consumers see it.

#![expect(clippy::expect_used, reason = "a story whose scene cannot be set fails")]

#[macro_use]
mod conformance;

mod in_process {
    conformance!(bus::Bus::in_process());
}

mod limits;
