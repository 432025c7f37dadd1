//! Infrastructure that is asked for its numbers: do work, then look whether the numbers moved by it.
//!
//! Real servers are named by `MUSTER_TEST_POSTGRES_URL`, `MUSTER_TEST_REDIS_URL`, `MUSTER_TEST_AMQP_URL` and
//! `MUSTER_TEST_RABBITMQ_MANAGEMENT_URL`, the program of Redis by `MUSTER_TEST_REDIS_SERVER`; `cargo xtask test` starts
//! them. Each test says which metrics it has looked at: one that is told and neither looked at nor listed with a reason
//! fails it.

mod access;
mod cluster;
mod ground;
mod postgres;
mod rabbitmq;
mod redis;
mod redis_server;
mod targets;
mod watch;

/// The address of a server, or a line that says what was left out.
fn address(variable: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment where servers are")]
    let address = std::env::var(variable).ok();
    if address.is_none() {
        println!("left out: {variable} is not set");
    }
    address
}

/// Host and port of an address.
fn instance(url: &str, usual_port: u16) -> String {
    let url = url::Url::parse(url).unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(usual_port))
}

pub(crate) fn http() -> reqwest::Client {
    // Somebody else in this process may have done so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap()
}
