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

/// Writes the statements of a table, and the list of them that tests go through.
macro_rules! statements {
    ($($name:ident = $operation:literal $collection:literal, $text:literal;)*
     $(=> $($locking:ident),* $(,)?;)?) => {
        $(static $name: telemetry::Statement = telemetry::Statement {
            summary: concat!($operation, " ", $collection),
            operation: $operation,
            collection: Some($collection),
            text: $text,
        };)*

        /// The statements of this module.
        pub(crate) static STATEMENTS: &[&telemetry::Statement] =
            &[$(&$name,)* $($(&$locking.lite,)*)?];

        /// Those of them that PostgreSQL says differently.
        #[cfg(test)]
        pub(crate) static PG_STATEMENTS: &[&telemetry::Statement] = &[$($(&$locking.pg,)*)?];
    };
}
pub(crate) use statements;
