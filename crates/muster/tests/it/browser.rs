//! The pages, as people meet them: real HTML in a real Chromium, with the whole program behind it.
//!
//! `MUSTER_TEST_CHROMEDRIVER` is the path of `chromedriver`, with Chromium beside it; `cargo xtask test` sets it.
//! Pictures of every page go to `target/screenshots/`. With `MUSTER_WRITE_SCREENSHOTS=1` the two that the README
//! shows are taken anew.

mod chromium;
mod game_story;
mod inspection;
mod keyboard;
mod observatory;
mod page;
mod plain;
mod planning;
mod screens;
mod stage;
mod strangers;
