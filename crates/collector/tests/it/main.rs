//! Stories through the collector's doors: what is sent by OTLP is read back by the JSON API and on the pages.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod account;
mod certificates;
mod cloud;
mod crowd;
mod faults;
mod forward;
mod game;
mod grpc_tls;
mod harness;
mod killed;
mod limits;
mod pages;
mod passage;
mod prometheus;
mod receive;
mod retention;
mod scrape;
mod story;
mod traces;
