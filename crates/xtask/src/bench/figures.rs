//! What programs that measure say: lines of `figure,NAME,VALUE` and `sample,NAME,VALUE` among others.

use crate::failure::{Doing, Failure};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Figures, and the measurements that they were made from.
#[derive(Debug, Default)]
pub(super) struct Figures {
    told: Vec<(String, f64)>,
    samples: Vec<(String, f64)>,
    failures: Vec<String>,
}

impl Figures {
    /// Runs a program and takes its figures; what else it says goes where our output goes. That it failed is kept with
    /// them: what others measure is worth knowing all the same.
    ///
    /// # Errors
    /// When it can't be started.
    pub(super) fn take(&mut self, mut program: Command) -> Result<(), Failure> {
        let name = program.get_program().to_string_lossy().into_owned();
        let mut child = program.stdout(Stdio::piped()).spawn().doing(&name)?;
        for line in child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines()) {
            let line = line.doing(&name)?;
            if !self.read(&line) {
                println!("{line}");
            }
        }
        let status = child.wait().doing(&name)?;
        if !status.success() {
            self.failures.push(format!("{name}: {status}"));
        }
        Ok(())
    }

    /// Takes a figure that was measured here.
    pub(super) fn tell(&mut self, name: &str, value: f64) {
        self.told.push((name.to_owned(), value));
    }

    /// Takes one of the measurements that a figure was made from.
    pub(super) fn sample(&mut self, name: &str, value: f64) {
        self.samples.push((name.to_owned(), value));
    }

    /// Which programs failed, and how.
    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// Whether a line was for us.
    fn read(&mut self, line: &str) -> bool {
        let mut parts = line.splitn(3, ',');
        let (Some(kind), Some(name), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let Ok(value) = value.parse() else { return false };
        match kind {
            "figure" => self.told.push((name.to_owned(), value)),
            "sample" => self.samples.push((name.to_owned(), value)),
            _ => return false,
        }
        true
    }

    /// The figure of that name; none when nobody has said it, since what measures it failed or was left out.
    pub(super) fn get(&self, name: &str) -> Option<f64> {
        let found = self.told.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| *value)
    }

    /// One line for each measurement, in its order.
    pub(super) fn samples(&self) -> String {
        let lines = self.samples.iter().map(|(name, value)| format!("{name},{value}\n"));
        std::iter::once("measurement,value\n".to_owned()).chain(lines).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_among_what_else_is_said() {
        let mut figures = Figures::default();
        let said = "running 2 tests\nfigure,claims per second,14886.5\nsample,claim,12\nfigure,broken\nfigure,a,b\nsample,claim,13";
        let others: Vec<_> = said.lines().filter(|line| !figures.read(line)).collect();
        assert_eq!(others, ["running 2 tests", "figure,broken", "figure,a,b"]);
        assert_eq!(figures.get("claims per second"), Some(14886.5));
        assert_eq!(figures.get("events per second"), None);
        assert_eq!(figures.samples(), "measurement,value\nclaim,12\nclaim,13\n");
    }

    #[test]
    fn what_a_program_said_before_it_failed_counts() {
        let mut figures = Figures::default();
        figures.take(crate::run::command("sh", ["-c", "echo figure,a,1; exit 3"])).unwrap();
        assert_eq!(figures.get("a"), Some(1.0));
        assert_eq!(figures.failures(), ["sh: exit status: 3"]);
    }
}
