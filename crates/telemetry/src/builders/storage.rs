//! Spans of databases and caches, after the semantic conventions for database client spans.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::shared_text;
use crate::span::{Beginning, Parent, Start};
use crate::{Span, Telemetry};

/// A database, as `db.system.name` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DbSystem {
    /// `postgresql`.
    PostgreSql,
    /// `sqlite`.
    Sqlite,
}

impl DbSystem {
    /// The value of `db.system.name`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::Sqlite => "sqlite",
        }
    }
}

/// A SQL statement and what its span says of it, written by hand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `db.query.summary` and the span's name: `SELECT games`.
    pub summary: &'static str,
    /// `db.operation.name`: `SELECT`.
    pub operation: &'static str,
    /// `db.collection.name`: the table, if it is one.
    pub collection: Option<&'static str>,
    /// `db.query.text`: parameterised, without values.
    pub text: &'static str,
}

/// One execution of a statement.
#[derive(Clone, Copy, Debug)]
pub struct Database<'a> {
    /// Which database.
    pub system: DbSystem,
    /// `db.namespace`: the database's name, or the file's.
    pub namespace: &'a str,
    /// What is executed.
    pub statement: &'static Statement,
}

/// A cache, as `db.system.name` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheSystem {
    /// `redis`.
    Redis,
    /// `memory`: in this process.
    Memory,
}

impl CacheSystem {
    /// The value of `db.system.name`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Memory => "memory",
        }
    }
}

/// One call of a cache.
#[derive(Clone, Copy, Debug)]
pub struct CacheCall {
    /// Which cache.
    pub system: CacheSystem,
    /// `db.operation.name`: `GET`, `SET`, `DEL`.
    pub operation: &'static str,
    /// The first part of the key, the same for all keys of a kind.
    pub prefix: &'static str,
}

impl Telemetry {
    /// Starts the span of a SQL statement.
    pub fn database(&self, call: Database<'_>) -> Span {
        let statement = call.statement;
        let key = (call.system, std::ptr::from_ref(statement).addr());
        let group = self.instruments().database.find(key, call.namespace, |_| {
            let collection = statement.collection.map(|name| KeyValue::new("db.collection.name", name));
            let others = [
                KeyValue::new("db.system.name", call.system.as_str()),
                shared_text("db.namespace", call.namespace),
                KeyValue::new("db.operation.name", statement.operation),
                KeyValue::new("db.query.summary", statement.summary),
            ];
            let attributes = others.into_iter().chain(collection).collect();
            let text = KeyValue::new("db.query.text", statement.text);
            self.common((&SpanKind::Client, &[statement.summary]), attributes, Some(&text))
        });
        self.start(client(Beginning::Group(group)), |_| {})
    }

    /// Starts the span of a cache call: CLIENT for a server, INTERNAL, and not measured, for memory.
    pub fn cache(&self, call: CacheCall) -> Span {
        let CacheCall { system, operation, prefix } = call;
        let name = [operation, " ", prefix];
        let attributes = || {
            vec![
                KeyValue::new("db.system.name", system.as_str()),
                KeyValue::new("db.operation.name", operation),
            ]
        };
        match system {
            CacheSystem::Redis => {
                let group = self.instruments().cache.find((operation, prefix), "", |_| {
                    self.common((&SpanKind::Client, &name), attributes(), None)
                });
                self.start(client(Beginning::Group(group)), |_| {})
            }
            CacheSystem::Memory => {
                self.start(client(Beginning::Named(SpanKind::Internal, &name)), |fields| {
                    for attribute in attributes() {
                        fields.set(&attribute);
                    }
                })
            }
        }
    }
}

const fn client(beginning: Beginning<'_>) -> Start<'_> {
    Start { beginning, operation: "db.client.operation", parent: Parent::Current, link: None }
}
