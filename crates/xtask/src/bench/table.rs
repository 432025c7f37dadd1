//! Figures against their bars: a table for people, a file for those who want to reckon anew.

use super::figures::Figures;
use crate::failure::{Doing, Failure};
use std::path::Path;
use std::process::ExitCode;

/// What a figure has to keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

/// A figure that has a bar.
pub(super) struct Wanted {
    /// As whoever measures it calls it.
    pub(super) name: &'static str,
    /// What it is, for people.
    pub(super) what: &'static str,
    pub(super) unit: &'static str,
    pub(super) digits: usize,
    pub(super) bar: Bar,
}

impl Wanted {
    fn is_met(&self, value: f64) -> bool {
        match self.bar {
            Bar::AtLeast(bar) => value >= bar,
            Bar::AtMost(bar) => value <= bar,
        }
    }

    fn bar(&self) -> String {
        let (sign, bar) = match self.bar {
            Bar::AtLeast(bar) => ("≥", bar),
            Bar::AtMost(bar) => ("≤", bar),
        };
        format!("{sign} {bar} {}", self.unit).trim_end().to_owned()
    }

    /// A row of the table and one of the file.
    fn rows(&self, value: Option<f64>, met: bool) -> (String, String) {
        let Self { name, what, unit, digits, .. } = self;
        let shown =
            value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.digits$} {unit}"));
        let raw = value.map(|value| format!("{value:.3}")).unwrap_or_default();
        let said = if met { "yes" } else { "**no**" };
        let table = format!("| {what} | {} | {} | {said} |\n", self.bar(), shown.trim_end());
        (table, format!("{name},{unit},{},{raw},{met}\n", self.bar()))
    }
}

/// Prints the table, writes `NAME.csv` and `NAME-samples.csv`, and says by its exit code whether every bar is met.
///
/// # Errors
/// When the files can't be written.
pub(super) fn conclude(
    (name, output): (&str, &Path),
    wanted: &[Wanted],
    figures: &Figures,
) -> Result<ExitCode, Failure> {
    let mut table = "\n| what | bar | measured | met |\n|---|--:|--:|---|\n".to_owned();
    let mut csv = "figure,unit,bar,measured,met\n".to_owned();
    let mut missed = 0;
    for wish in wanted {
        let value = figures.get(wish.name);
        let met = value.is_some_and(|value| wish.is_met(value));
        missed += usize::from(!met);
        let (table_row, csv_row) = wish.rows(value, met);
        table += &table_row;
        csv += &csv_row;
    }
    print!("{table}");
    std::fs::create_dir_all(output).doing("making the folder for raw data")?;
    for (file, text) in [(format!("{name}.csv"), csv), (format!("{name}-samples.csv"), figures.samples())] {
        std::fs::write(output.join(&file), text).doing(&format!("writing {file}"))?;
    }
    println!("\nraw data: {}\n{missed} bars missed", output.display());
    for failure in figures.failures() {
        println!("failed: {failure}");
    }
    Ok(if missed == 0 && figures.failures().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_from_its_own_side() {
        let wanted = |bar| Wanted { name: "a", what: "A", unit: "ms", digits: 1, bar };
        let (least, most) = (wanted(Bar::AtLeast(2_000.0)), wanted(Bar::AtMost(1.5)));
        assert_eq!([1_999.9, 2_000.0].map(|value| least.is_met(value)), [false, true]);
        assert_eq!([1.5, 1.6].map(|value| most.is_met(value)), [true, false]);
        assert_eq!((least.bar().as_str(), most.bar().as_str()), ("≥ 2000 ms", "≤ 1.5 ms"));
        assert_eq!(most.rows(Some(1.62), false).0, "| A | ≤ 1.5 ms | 1.6 ms | **no** |\n");
        let nothing = ("| A | ≤ 1.5 ms | not measured | **no** |\n", "a,ms,≤ 1.5 ms,,false\n");
        let rows = most.rows(None, false);
        assert_eq!((rows.0.as_str(), rows.1.as_str()), nothing);
    }
}
