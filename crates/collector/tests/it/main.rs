//! Stories through the collector's doors: what is sent by OTLP is read back by the JSON API and on the pages.

mod harness;
mod limits;
mod receive;
mod retention;
mod story;
mod traces;
