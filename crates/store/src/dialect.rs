//! What the two databases say differently. Everything else is one text.

use telemetry::{DbSystem, Statement};

/// One statement in two dialects.
#[derive(Debug)]
pub(crate) struct PerDialect {
    pub(crate) lite: Statement,
    pub(crate) pg: Statement,
}

impl PerDialect {
    pub(crate) const fn on(&'static self, system: DbSystem) -> &'static Statement {
        match system {
            DbSystem::Sqlite => &self.lite,
            DbSystem::PostgreSql => &self.pg,
        }
    }
}

/// Writes a statement once with the clause that only PostgreSQL has at its end: row locks, which SQLite's
/// single writer makes needless.
macro_rules! locking {
    ($name:ident = $operation:literal $collection:literal, $text:literal, $lock:literal $(, $rest:literal)?) => {
        pub(crate) static $name: $crate::dialect::PerDialect = $crate::dialect::PerDialect {
            lite: telemetry::Statement {
                summary: concat!($operation, " ", $collection),
                operation: $operation,
                collection: Some($collection),
                text: concat!($text $(, $rest)?),
            },
            pg: telemetry::Statement {
                summary: concat!($operation, " ", $collection),
                operation: $operation,
                collection: Some($collection),
                text: concat!($text, " ", $lock $(, $rest)?),
            },
        };
    };
}
pub(crate) use locking;

/// The statements of one room.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) shared: &'static [&'static Statement],
    pub(crate) per_dialect: &'static [&'static PerDialect],
}

impl Statements {
    /// Each of them as it is said to this database.
    pub(crate) fn on(&self, system: DbSystem) -> impl Iterator<Item = &'static Statement> {
        let dialect = self.per_dialect.iter().map(move |statement| statement.on(system));
        self.shared.iter().copied().chain(dialect)
    }
}

/// Writes the statements of a room, and the list of them that tests go through.
macro_rules! statements {
    ($($name:ident = $operation:literal $collection:literal, $text:expr;)*
     $(=> $($locking:ident),* $(,)?;)?) => {
        $(static $name: telemetry::Statement = telemetry::Statement {
            summary: concat!($operation, " ", $collection),
            operation: $operation,
            collection: Some($collection),
            text: $text,
        };)*

        /// The statements of this room.
        pub(crate) static STATEMENTS: $crate::dialect::Statements = $crate::dialect::Statements {
            shared: &[$(&$name,)*],
            per_dialect: &[$($(&$locking,)*)?],
        };
    };
}
pub(crate) use statements;
