//! Where variables come from: the environment, and a file for those that it doesn't have.

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Read when no other file is named.
const DEFAULT_FILE: &str = ".env";

/// The variables that are known.
#[derive(Clone, Default)]
pub(super) struct Environment {
    file: BTreeMap<String, String>,
}

impl Environment {
    /// Reads the named file, or `.env` where there is one.
    pub(super) fn read(named: Option<&Path>) -> Result<Self, Failure> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self { file: parse(&text).map_err(|line| wrong(path, line))? }),
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(Self::default()),
            Err(error) => {
                let reason = format!("{} can't be read: {error}", path.display());
                Err(Failure::setting("MUSTER_ENV_FILE", reason))
            }
        }
    }

    /// A variable; an empty one counts as none.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let given = std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        given.or_else(|| self.of_file(name))
    }

    /// A variable as the file has it.
    pub(super) fn of_file(&self, name: &str) -> Option<String> {
        self.file.get(name).filter(|value| !value.trim().is_empty()).cloned()
    }
}

/// The line may hold a secret, so only its number is told.
fn wrong(path: &Path, line: usize) -> Failure {
    let place = format!("{}, line {line}", path.display());
    Failure::setting(place, "it must be NAME=value")
}

/// `NAME=value`, a line each; `#` begins a comment. Fails with the number of a line that is neither.
fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let mut variables = BTreeMap::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or(number)?;
        let name = name.trim();
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.is_empty() || !is_name(name) {
            return Err(number);
        }
        variables.insert(name.to_owned(), unquoted(value).ok_or(number)?.to_owned());
    }
    Ok(variables)
}

/// A value without its quotes, or without the comment behind it.
fn unquoted(value: &str) -> Option<&str> {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            let (inside, behind) = rest.split_once(quote)?;
            let behind = behind.trim();
            return (behind.is_empty() || behind.starts_with('#')).then_some(inside);
        }
    }
    Some(value.split(" #").next().unwrap_or_default().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_shells_and_containers_write_it() {
        let read = parse(
            "# a comment\n\nA=1\nexport B = two words # why\nC=\"a # in it\" # not in it\nD='x=y'\nE=\nA=again\n",
        );
        let read: Vec<_> = read.unwrap().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(read, ["A=again", "B=two words", "C=a # in it", "D=x=y", "E="]);
    }

    #[test]
    fn a_line_that_is_no_variable_is_named_by_its_number() {
        for (text, line) in [("A=1\nB", 2), ("=1", 1), ("A B=1", 1), ("A=\"open", 1), ("A='x'y", 1)] {
            assert_eq!(parse(text), Err(line), "{text}");
        }
    }
}
