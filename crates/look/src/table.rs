//! Tables that become cards on a phone.

use maud::{Markup, html};

/// A column's heading.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Shown on top, and beside each value on a phone.
    pub label: &'a str,
    /// Set to the right, as numbers are.
    pub number: bool,
}

impl<'a> Column<'a> {
    /// A column of words.
    pub const fn text(label: &'a str) -> Self {
        Self { label, number: false }
    }

    /// A column of numbers.
    pub const fn number(label: &'a str) -> Self {
        Self { label, number: true }
    }
}

/// What stands in one place of a table.
pub type Cell = Markup;

/// A table; each row has a cell for each column.
pub fn table(caption: &str, columns: &[Column<'_>], rows: &[Vec<Cell>]) -> Markup {
    html! {
        table .table {
            caption { (caption) }
            thead {
                tr { @for column in columns { th scope="col" .number[column.number] { (column.label) } } }
            }
            tbody {
                @for row in rows {
                    tr {
                        @for (column, cell) in columns.iter().zip(row) {
                            td .number[column.number] data-label=(column.label) { div { (cell) } }
                        }
                    }
                }
            }
        }
    }
}
