//! The broker's management API, for what AMQP can't do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const URL: &str = "MUSTER_TEST_RABBITMQ_MANAGEMENT_URL";

/// Where it is, and as whom it is entered.
pub(crate) struct Management {
    host: String,
    authorization: String,
}

impl Management {
    /// If there is one; says what is left out without.
    pub(crate) fn there() -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it started")]
        let url = std::env::var(URL).ok().filter(|url| !url.is_empty());
        let Some(url) = url else {
            eprintln!(
                "left out: RabbitMQ's rights, since {URL} is not set (cargo xtask test starts a broker)"
            );
            return None;
        };
        let (user, host) = url.trim_start_matches("http://").split_once('@').unwrap();
        let host = host.split('/').next().unwrap().to_owned();
        Some(Self { host, authorization: STANDARD.encode(user) })
    }

    /// What it tells of something that is there, as JSON among its headers.
    pub(crate) async fn get(&self, path: &str) -> String {
        let answer = self.ask("GET", path, "").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }

    pub(crate) async fn put(&self, path: &str, body: &str) {
        let answer = self.ask("PUT", path, body).await;
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    }

    /// It is gone, or was not there.
    pub(crate) async fn delete(&self, path: &str) {
        let answer = self.ask("DELETE", path, "").await;
        assert!(answer.starts_with("HTTP/1.1 20") || answer.starts_with("HTTP/1.1 404"), "{answer}");
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        let (host, authorization, length) = (&self.host, &self.authorization, body.len());
        let request = format!(
            "{method} /api/{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {authorization}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}
