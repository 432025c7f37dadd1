//! How soon and how fast what is committed to PostgreSQL is with who consumes it from RabbitMQ.
//!
//! `cargo xtask bench engines` starts the servers, runs this, and holds the figures against their bars. What is
//! between commit and consumer is the program's own: its relay, its daemon, its listener for other processes. Each
//! process is a store, a bus and tasks of its own here; telemetry is off, which has a bench of its own.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench tells people what it found")]

mod drain;
mod soon;
mod stage;

use stage::Stage;
use std::time::Duration;

/// Where the servers are, from whoever started them.
const SERVERS: [&str; 2] = ["MUSTER_TEST_POSTGRES_URL", "MUSTER_TEST_AMQP_URL"];

#[tokio::main(worker_threads = 2)]
async fn main() {
    #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it started")]
    let [postgres, amqp] = SERVERS.map(|variable| std::env::var(variable).ok());
    let (Some(postgres), Some(amqp)) = (postgres, amqp) else {
        println!("left out: the engines, since not all of {SERVERS:?} are set");
        return;
    };
    let stage = Stage::set(postgres, amqp).await;
    let mut consumer = stage.consumer().await;
    drain::measure(&stage, &mut consumer).await;
    soon::measure(&stage, &mut consumer).await;
}

/// Says a figure as `cargo xtask bench` reads it.
fn figure(name: &str, value: f64) {
    println!("figure,{name},{value:.3}");
}

/// Says one measurement of many.
fn sample(name: &str, took: Duration) {
    println!("sample,{name},{}", took.as_micros());
}
