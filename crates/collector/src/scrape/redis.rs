//! What a Redis or Valkey server says of itself: one `INFO`.
//!
//! One command does not need a client library: this speaks the sixty lines of RESP that it takes, and the `redis` crate
//! stays behind the fence of the cache. Fields of `INFO`: <https://redis.io/docs/latest/commands/info/>.

use std::collections::HashMap;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::{
    ScrapeError,
    sheet::{Name, Sheet},
    target::RedisServer,
};

/// `INFO` of a server with a thousand commands and databases is far below this.
const MAX_REPLY_BYTES: usize = 1 << 20;

/// Whole numbers that only rise.
const COUNTERS: [(Name, &str); 9] = [
    (("redis.keys.expired", "{event}"), "expired_keys"),
    (("redis.keys.evicted", "{key}"), "evicted_keys"),
    (("redis.connections.received", "{connection}"), "total_connections_received"),
    (("redis.connections.rejected", "{connection}"), "rejected_connections"),
    (("redis.commands.processed", "{command}"), "total_commands_processed"),
    (("redis.net.input", "By"), "total_net_input_bytes"),
    (("redis.net.output", "By"), "total_net_output_bytes"),
    (("redis.keyspace.hits", "{hit}"), "keyspace_hits"),
    (("redis.keyspace.misses", "{miss}"), "keyspace_misses"),
];

/// Whole numbers that may fall and add up.
const LEVELS: [(Name, &str); 4] = [
    (("redis.clients.connected", "{client}"), "connected_clients"),
    (("redis.clients.blocked", "{client}"), "blocked_clients"),
    (("redis.rdb.changes_since_last_save", "{change}"), "rdb_changes_since_last_save"),
    (("redis.slaves.connected", "{replica}"), "connected_slaves"),
];

const GAUGES: [(Name, &str); 11] = [
    (("redis.clients.max_input_buffer", "By"), "client_recent_max_input_buffer"),
    (("redis.clients.max_output_buffer", "By"), "client_recent_max_output_buffer"),
    (("redis.memory.used", "By"), "used_memory"),
    (("redis.memory.peak", "By"), "used_memory_peak"),
    (("redis.memory.rss", "By"), "used_memory_rss"),
    (("redis.memory.lua", "By"), "used_memory_lua"),
    (("redis.maxmemory", "By"), "maxmemory"),
    (("redis.commands", "{ops}/s"), "instantaneous_ops_per_sec"),
    (("redis.latest_fork", "us"), "latest_fork_usec"),
    (("redis.replication.backlog_first_byte_offset", "By"), "repl_backlog_first_byte_offset"),
    (("redis.replication.offset", "By"), "master_repl_offset"),
];

const CPU_STATES: [&str; 6] =
    ["sys", "sys_children", "sys_main_thread", "user", "user_children", "user_main_thread"];

pub(super) async fn read(server: &RedisServer, sheet: &mut Sheet) -> Result<(), ScrapeError> {
    let mut connection = BufReader::new(TcpStream::connect(&server.address).await?);
    if let Some(password) = &server.password {
        authenticate(&mut connection, server.user.as_deref(), password).await?;
    }
    let info = call(&mut connection, &["INFO", "all"]).await?;
    fill(sheet, &info);
    Ok(())
}

async fn authenticate(
    connection: &mut BufReader<TcpStream>,
    user: Option<&str>,
    password: &SecretString,
) -> Result<(), ScrapeError> {
    let password = password.expose_secret();
    let answer = match user {
        Some(user) => call(connection, &["AUTH", user, password]).await,
        None => call(connection, &["AUTH", password]).await,
    };
    answer.map(drop)
}

/// Sends a command and reads a simple or a bulk string.
async fn call(connection: &mut BufReader<TcpStream>, words: &[&str]) -> Result<String, ScrapeError> {
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        command.extend([&format!("${}\r\n", word.len()), *word, "\r\n"]);
    }
    connection.write_all(command.as_bytes()).await?;
    let mut line = String::new();
    connection.take(MAX_REPLY_BYTES as u64).read_line(&mut line).await?;
    match line.trim_end().split_at_checked(1) {
        Some(("+", text)) => Ok(text.into()),
        Some(("$", length)) => bulk(connection, length).await,
        Some(("-", error)) => Err(ScrapeError::Refused(error.into())),
        _ => Err(ScrapeError::Refused("something that is not Redis".into())),
    }
}

async fn bulk(connection: &mut BufReader<TcpStream>, length: &str) -> Result<String, ScrapeError> {
    let length = length.parse().ok().filter(|length: &usize| *length <= MAX_REPLY_BYTES);
    let length = length.ok_or_else(|| ScrapeError::Refused("more than a mebibyte".into()))?;
    let mut bytes = vec![0; length + 2];
    connection.read_exact(&mut bytes).await?;
    bytes.truncate(length);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn fill(sheet: &mut Sheet, info: &str) {
    let fields: HashMap<&str, &str> = info.lines().filter_map(|line| line.trim().split_once(':')).collect();
    let number = |field: &str| fields.get(field).and_then(|value| value.parse::<i64>().ok());
    let real = |field: &str| fields.get(field).and_then(|value| value.parse::<f64>().ok());
    if let Some(version) = fields.get("redis_version") {
        sheet.describe("redis.version", version);
    }
    if let Some(uptime) = number("uptime_in_seconds") {
        sheet.up_for(uptime.unsigned_abs());
        sheet.counter(("redis.uptime", "s"), uptime, &[]);
    }
    for (name, field) in COUNTERS {
        if let Some(value) = number(field) {
            sheet.counter(name, value, &[]);
        }
    }
    for (name, field) in LEVELS {
        if let Some(value) = number(field) {
            sheet.level(name, value, &[]);
        }
    }
    for (name, field) in GAUGES {
        if let Some(value) = number(field) {
            sheet.gauge(name, value, &[]);
        }
    }
    for state in CPU_STATES {
        if let Some(seconds) = real(&format!("used_cpu_{state}")) {
            sheet.counter(("redis.cpu.time", "s"), seconds, &[("state", state)]);
        }
    }
    if let Some(ratio) = real("mem_fragmentation_ratio") {
        sheet.gauge(("redis.memory.fragmentation_ratio", "1"), ratio, &[]);
    }
    role(sheet, fields.get("role").copied());
    for (field, value) in &fields {
        keyspace(sheet, field, value);
        command(sheet, field, value);
    }
}

fn role(sheet: &mut Sheet, role: Option<&str>) {
    let role = match role {
        Some("master") => "primary",
        Some(_) => "replica",
        None => return,
    };
    sheet.level(("redis.role", "{role}"), 1, &[("role", role)]);
}

/// `db0:keys=12,expires=3,avg_ttl=86399`
fn keyspace(sheet: &mut Sheet, field: &str, value: &str) {
    let Some(db) = field.strip_prefix("db").filter(|number| number.parse::<u32>().is_ok()) else { return };
    let labels = [("db", db)];
    for (part, name) in [
        ("keys", ("redis.db.keys", "{key}")),
        ("expires", ("redis.db.expires", "{key}")),
        ("avg_ttl", ("redis.db.avg_ttl", "ms")),
    ] {
        if let Some(number) = part_of(value, part) {
            sheet.gauge(name, number, &labels);
        }
    }
}

/// `cmdstat_get:calls=7,usec=21,usec_per_call=3.00`
fn command(sheet: &mut Sheet, field: &str, value: &str) {
    let Some(command) = field.strip_prefix("cmdstat_") else { return };
    let labels = [("cmd", command)];
    for (part, name) in [("calls", ("redis.cmd.calls", "{call}")), ("usec", ("redis.cmd.usec", "us"))] {
        if let Some(number) = part_of(value, part) {
            sheet.counter(name, number, &labels);
        }
    }
}

fn part_of(value: &str, wanted: &str) -> Option<i64> {
    let parts = value.split(',').filter_map(|part| part.split_once('='));
    parts.into_iter().find(|(key, _)| *key == wanted)?.1.parse().ok()
}
