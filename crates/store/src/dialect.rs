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

/// What one word of a statement is in each database.
///
/// `now` is the statement's `$1`: the moment it was told, or PostgreSQL's own clock where it was told none.
/// `us` makes a number of microseconds a length of time. The locks are needless where there is one writer.
macro_rules! word {
    (lite now) => {
        "$1"
    };
    (pg now) => {
        "COALESCE($1, now())"
    };
    (lite us) => {
        ""
    };
    (pg us) => {
        " * interval '1 microsecond'"
    };
    (lite for_update) => {
        ""
    };
    (pg for_update) => {
        " FOR UPDATE"
    };
    (lite skip_locked) => {
        ""
    };
    (pg skip_locked) => {
        " FOR UPDATE SKIP LOCKED"
    };
    ($system:ident $text:literal) => {
        $text
    };
}
pub(crate) use word;

/// Writes a statement once for both databases, with words of [`word`] where they speak differently.
macro_rules! per_dialect {
    ($name:ident = $operation:literal $collection:literal, $($word:tt)+) => {
        pub(crate) static $name: $crate::dialect::PerDialect = $crate::dialect::PerDialect {
            lite: telemetry::Statement {
                summary: concat!($operation, " ", $collection),
                operation: $operation,
                collection: Some($collection),
                text: concat!($($crate::dialect::word!(lite $word)),+),
            },
            pg: telemetry::Statement {
                summary: concat!($operation, " ", $collection),
                operation: $operation,
                collection: Some($collection),
                text: concat!($($crate::dialect::word!(pg $word)),+),
            },
        };
    };
}
pub(crate) use per_dialect;

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
     $(=> $($divided:ident),* $(,)?;)?) => {
        $(static $name: telemetry::Statement = telemetry::Statement {
            summary: concat!($operation, " ", $collection),
            operation: $operation,
            collection: Some($collection),
            text: $text,
        };)*

        /// The statements of this room.
        pub(crate) static STATEMENTS: $crate::dialect::Statements = $crate::dialect::Statements {
            shared: &[$(&$name,)*],
            per_dialect: &[$($(&$divided,)*)?],
        };
    };
}
pub(crate) use statements;
