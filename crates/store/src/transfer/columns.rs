//! Columns, and a batch of rows as one list per column.

use crate::at::At;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row};
use uuid::Uuid;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Truth,
    Instant,
    Text,
    Json,
    Bytes,
    Id,
}

/// A column of both databases.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

impl Kind {
    /// By what PostgreSQL calls it; none for a type that no column of ours has.
    pub(super) fn of(data_type: &str) -> Option<Self> {
        Some(match data_type {
            "bigint" => Self::Number,
            "boolean" => Self::Truth,
            "timestamp with time zone" => Self::Instant,
            "text" => Self::Text,
            "jsonb" => Self::Json,
            "bytea" => Self::Bytes,
            "uuid" => Self::Id,
            _ => return None,
        })
    }

    /// As which array such values are sent; JSON goes as text.
    pub(super) const fn array(self) -> &'static str {
        match self {
            Self::Number => "bigint[]",
            Self::Truth => "boolean[]",
            Self::Instant => "timestamptz[]",
            Self::Text | Self::Json => "text[]",
            Self::Bytes => "bytea[]",
            Self::Id => "uuid[]",
        }
    }
}

/// The values of one column.
#[derive(Debug)]
pub(super) enum Values {
    Number(Vec<Option<i64>>),
    Truth(Vec<Option<bool>>),
    Instant(Vec<Option<At>>),
    Text(Vec<Option<String>>),
    Json(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Id(Vec<Option<Uuid>>),
}

impl Values {
    const fn new(kind: Kind) -> Self {
        match kind {
            Kind::Number => Self::Number(Vec::new()),
            Kind::Truth => Self::Truth(Vec::new()),
            Kind::Instant => Self::Instant(Vec::new()),
            Kind::Text => Self::Text(Vec::new()),
            Kind::Json => Self::Json(Vec::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
            Kind::Id => Self::Id(Vec::new()),
        }
    }
}

/// Some rows of a table.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) rows: usize,
    pub(super) columns: Vec<Values>,
}

/// Takes a row apart; the two databases' rows have nothing in common but their methods.
macro_rules! take {
    ($batch:ident, $row:ident) => {{
        for (index, values) in $batch.columns.iter_mut().enumerate() {
            match values {
                Values::Number(values) => values.push($row.try_get(index)?),
                Values::Truth(values) => values.push($row.try_get(index)?),
                Values::Instant(values) => values.push($row.try_get(index)?),
                Values::Text(values) | Values::Json(values) => values.push($row.try_get(index)?),
                Values::Bytes(values) => values.push($row.try_get(index)?),
                Values::Id(values) => values.push($row.try_get(index)?),
            }
        }
        $batch.rows += 1;
        Ok(())
    }};
}

impl Batch {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { rows: 0, columns: columns.iter().map(|column| Values::new(column.kind)).collect() }
    }

    pub(super) fn take_from_file(&mut self, row: &SqliteRow) -> Result<(), Error> {
        take!(self, row)
    }

    pub(super) fn take_from_server(&mut self, row: &PgRow) -> Result<(), Error> {
        take!(self, row)
    }
}
