//! Everything that is in a database, as text.

use crate::database::Raw;
use std::collections::BTreeMap;

/// The rows of each table, in an order of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dump(BTreeMap<String, Vec<String>>);

impl Dump {
    pub(crate) async fn of(raw: &Raw) -> Self {
        let mut rows = BTreeMap::new();
        for table in tables(raw).await {
            rows.insert(table.clone(), raw.column(every_row(raw, &table).await).await);
        }
        Self(rows)
    }

    /// The tables without a row.
    pub(crate) fn empty_tables(&self) -> Vec<&str> {
        self.0.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table.as_str()).collect()
    }
}

/// Our tables, by name.
pub(crate) async fn tables(raw: &Raw) -> Vec<String> {
    let named = match raw {
        Raw::Lite(_) => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name"
        }
        Raw::Pg(_) => {
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' \
             AND table_name NOT LIKE '\\_%' ORDER BY table_name"
        }
    };
    raw.column(named).await
}

async fn every_row(raw: &Raw, table: &str) -> String {
    match raw {
        Raw::Lite(_) => {
            let columns = raw.column(format!("SELECT name FROM pragma_table_info('{table}')")).await;
            let quoted: Vec<_> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
            format!("SELECT {} FROM \"{table}\" ORDER BY 1", quoted.join(" || '|' || "))
        }
        Raw::Pg(_) => format!("SELECT t::text FROM \"{table}\" t ORDER BY 1"),
    }
}
