//! What `muster doctor` says of a Redis.

pub(crate) mod info;

use std::time::Duration;

use clock::Chance;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, RedisError, RedisResult};
use telemetry::Secret;
use tokio::time::Instant;

use crate::redis::link::is_forbidden;
use crate::redis::place::{self, Place};
use info::Info;

/// How long the doctor waits for an answer; longer than a service does, to tell slow from dead.
const PATIENCE: Duration = Duration::from_secs(3);
/// Answers that take longer make a cache slower than it is worth.
const SLOW: Duration = Duration::from_millis(20);
/// Pings of which the median is told.
const PINGS: usize = 21;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, a word or two.
    pub subject: &'static str,
    /// What was found, one line.
    pub found: String,
    /// How to mend it, one line; none when it is well.
    pub mend: Option<String>,
}

impl Finding {
    fn well(subject: &'static str, found: impl Into<String>) -> Self {
        Self { subject, found: found.into(), mend: None }
    }

    fn ill(subject: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { subject, found: found.into(), mend: Some(mend.into()) }
    }

    /// Whether nothing is to be mended.
    pub const fn is_well(&self) -> bool {
        self.mend.is_none()
    }
}

/// Looks at the Redis at an address: whether it can be reached and signed in to, its version and role, what we
/// may do there, what it does when its memory is full, and how fast it answers. Ends with the first thing
/// without which the others can't be looked at.
pub async fn check(url: &Secret<String>, chance: &Chance) -> Vec<Finding> {
    let (client, place) = match place::client(url) {
        Ok(found) => found,
        Err(error) => {
            let mend = "set REDIS_URL to redis://user:password@host:6379/0, or rediss:// for TLS";
            return vec![Finding::ill("address", error.to_string(), mend)];
        }
    };
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let mut redis = match client.get_multiplexed_async_connection_with_config(&config).await {
        Ok(redis) => redis,
        Err(error) => return vec![unreachable(&error, &place)],
    };
    let mut findings = vec![Finding::well("reachable", place.to_string())];
    match Info::ask(&mut redis).await {
        Ok(info) => findings.extend([version(&info), role(&info), memory(&info)]),
        Err(error) => return vec![unanswered(&error, &place)],
    }
    findings.push(permissions(&mut redis, chance).await);
    findings.extend(latency(&mut redis).await.ok());
    findings
}

fn unreachable(error: &RedisError, place: &Place) -> Finding {
    if error.kind() == ErrorKind::AuthenticationFailed {
        let mend = "put the right user and password into REDIS_URL: redis://user:password@host:6379/0";
        return Finding::ill("signing in", format!("{place} refuses user or password"), mend);
    }
    if error.is_connection_refusal() {
        let found = format!("nothing listens at {place}");
        return Finding::ill("reachable", found, "start Redis there, or correct host and port in REDIS_URL");
    }
    if error.is_timeout() {
        let found = format!("{place} gives no answer within {PATIENCE:?}");
        let mend = "look whether a firewall is in between, or the server hangs (redis-cli ping)";
        return Finding::ill("reachable", found, mend);
    }
    unanswered(error, place)
}

fn unanswered(error: &RedisError, place: &Place) -> Finding {
    let (found, mend) = match error.code() {
        Some("NOAUTH") => {
            (format!("{place} wants a password"), "put it into REDIS_URL: redis://:password@host:6379/0")
        }
        Some("NOPERM") => (
            format!("the user of REDIS_URL may not use INFO at {place}"),
            "let them: ACL SETUSER <user> +info",
        ),
        Some("LOADING") => (format!("{place} is reading its data"), "wait until it is done"),
        _ => (
            format!("what is at {place} doesn't speak as Redis does"),
            "look what listens there; for a port with TLS the address begins with rediss://",
        ),
    };
    Finding::ill("reachable", found, mend)
}

fn version(info: &Info) -> Finding {
    let (name, version) = info.server();
    let found = format!("{name} {version}");
    match info.needs() {
        None => Finding::well("version", found),
        Some(needed) => Finding::ill("version", found, format!("upgrade to {needed}")),
    }
}

fn role(info: &Info) -> Finding {
    if info.is_in_a_cluster() {
        let mend =
            "give the address of one that stands alone or behind Sentinel: the limiter counts in one place";
        return Finding::ill("role", "part of a cluster", mend);
    }
    match info.get("role") {
        "master" => Finding::well("role", "primary"),
        _ => Finding::ill(
            "role",
            "a replica, which takes no writes",
            "give the primary's address in REDIS_URL",
        ),
    }
}

fn memory(info: &Info) -> Finding {
    let policy = info.get("maxmemory_policy");
    let found = match info.get("maxmemory_human") {
        "" | "0B" => format!("no limit, {policy}"),
        limit => format!("at most {limit}, {policy}"),
    };
    // A server that refuses is gone on without, and calls to Discord keep to the lower rate; one that drops what was
    // counted lets too many of them through.
    if policy != "noeviction" && info.get("maxmemory") != "0" {
        let mend =
            "set maxmemory-policy noeviction: what a full server drops may be the count of calls to Discord";
        return Finding::ill("memory", found, mend);
    }
    Finding::well("memory", found)
}

/// Does, with a key of its own, whatever Muster does.
async fn permissions(redis: &mut MultiplexedConnection, chance: &Chance) -> Finding {
    let key = format!("muster:doctor:{}", u64::from_be_bytes(chance.bytes()));
    for (name, command) in commands(&key) {
        let Err(error) = command.query_async::<redis::Value>(redis).await else { continue };
        let _: RedisResult<()> = Cmd::del(&key).query_async(redis).await;
        let found = format!("{name} is refused: {error}");
        let mend = match error.code() {
            _ if is_forbidden(&error) => {
                "let the user of REDIS_URL work on our keys: ACL SETUSER <user> ~muster:* +@read +@write \
                 +@scripting +@connection +time +info"
            }
            Some("CLUSTERDOWN" | "MOVED") => "give the address of a server that is not part of a cluster",
            Some("READONLY") => "give the primary's address in REDIS_URL",
            Some("OOM") => "give the server more memory",
            Some("MISCONF") => "the server can't write to its disk: make room there",
            _ => "look into the server's log",
        };
        return Finding::ill("permissions", found, mend);
    }
    Finding::well("permissions", "whatever Muster does")
}

fn commands(key: &str) -> Vec<(&'static str, Cmd)> {
    let script = "redis.call('TIME') redis.call('ZADD', KEYS[1], 1, 'a') redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, 0) \
                  redis.call('ZRANGE', KEYS[1], 0, 0) redis.call('ZCARD', KEYS[1]) redis.call('ZREM', KEYS[1], 'a') \
                  redis.call('HSET', KEYS[1], 'a', 1) redis.call('HMGET', KEYS[1], 'a') redis.call('HDEL', KEYS[1], 'a') \
                  return 1";
    let on_key = |words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        command.arg(key).arg(&words[1..]);
        command
    };
    let mut eval = redis::cmd("EVAL");
    eval.arg(script).arg(1).arg(key);
    let mut load = redis::cmd("SCRIPT");
    load.arg("LOAD").arg("return 1");
    vec![
        ("SET", on_key(&["SET", "1", "PX", "5000", "NX", "GET"])),
        ("GET", on_key(&["GET"])),
        ("PTTL", on_key(&["PTTL"])),
        ("DEL", on_key(&["DEL"])),
        ("SCRIPT LOAD", load),
        ("EVAL", eval),
        ("DEL", on_key(&["DEL"])),
    ]
}

async fn latency(redis: &mut MultiplexedConnection) -> RedisResult<Finding> {
    let mut took = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let asked = Instant::now();
        redis::cmd("PING").query_async::<()>(redis).await?;
        took.push(asked.elapsed());
    }
    took.sort_unstable();
    let median = took[PINGS / 2];
    let found = format!("{:.1} ms", median.as_secs_f64() * 1_000.0);
    Ok(if median > SLOW {
        Finding::ill("latency", found, "put Redis near the services, in the same data centre")
    } else {
        Finding::well("latency", found)
    })
}
