//! What a server says of itself.

use std::collections::HashMap;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;

const VERSION_MIN: u32 = 7;

/// The fields of `INFO`, by name.
#[derive(Debug)]
pub(crate) struct Info(HashMap<String, String>);

impl Info {
    pub(super) async fn ask(redis: &mut MultiplexedConnection) -> RedisResult<Self> {
        redis::cmd("INFO").query_async::<String>(redis).await.map(|text| Self::read(&text))
    }

    /// What it is, and no more.
    pub(crate) async fn ask_version(redis: &mut MultiplexedConnection) -> RedisResult<Self> {
        let asked = redis::cmd("INFO").arg("server").query_async::<String>(redis).await;
        asked.map(|text| Self::read(&text))
    }

    fn read(text: &str) -> Self {
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        Self(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    /// A field; empty when the server has none of that name.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether it is one of several that share the keys; Valkey and Redis have a word of their own for how they run.
    pub(super) fn is_in_a_cluster(&self) -> bool {
        ["redis_mode", "server_mode"].iter().any(|mode| self.get(mode) == "cluster")
    }

    /// What is needed, where it is older; Valkey began at 7.2.
    pub(crate) fn needs(&self) -> Option<String> {
        let (name, version) = self.server();
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        let is_old = name != "Valkey" && major < Some(VERSION_MIN);
        is_old.then(|| format!("Redis {VERSION_MIN} or later, or Valkey"))
    }

    /// Valkey calls itself a Redis 7.2 for those who know no better.
    pub(crate) fn server(&self) -> (&'static str, &str) {
        match self.get("valkey_version") {
            "" => ("Redis", self.get("redis_version")),
            version => ("Valkey", version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valkey_is_told_from_redis() {
        let redis = Info::read("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n");
        assert_eq!(redis.server(), ("Redis", "7.0.15"));
        let valkey = Info::read("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n");
        assert_eq!(valkey.server(), ("Valkey", "8.1.1"));
        assert_eq!([redis.needs(), valkey.needs()], [None, None]);
        for old in ["redis_version:6.2.14\r\n", "redis_version:\r\n", ""] {
            assert_eq!(Info::read(old).needs().unwrap(), "Redis 7 or later, or Valkey", "{old}");
        }
        assert!(!redis.is_in_a_cluster());
        assert!(Info::read("redis_version:7.2.4\r\nserver_mode:cluster\r\n").is_in_a_cluster());
    }
}
