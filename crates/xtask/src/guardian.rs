use crate::failure::{Doing, Failure};
use crate::run;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// What has to be tidied up: a shell script and its arguments, `$1`, `$2`, ….
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Duty {
    script: String,
    arguments: Vec<String>,
}

impl Duty {
    pub(crate) fn new<A: Into<String>>(script: &str, arguments: impl IntoIterator<Item = A>) -> Self {
        Self { script: script.to_owned(), arguments: arguments.into_iter().map(Into::into).collect() }
    }

    /// Does it now.
    ///
    /// # Errors
    /// When there is no shell, or the last command of the script fails.
    pub(crate) fn fulfil(&self) -> Result<(), Failure> {
        run::output(self.shell("", "")).map(drop)
    }

    fn shell(&self, before: &str, after: &str) -> Command {
        let script = format!("{before}{}{after}", self.script);
        let mut shell = run::command("sh", ["-c", &script, "guardian"]);
        shell.args(&self.arguments);
        shell
    }
}

/// A shell that waits for our end and then tidies up after us.
///
/// It holds the reading end of a pipe that only we write to, so it learns of our end however that comes: by
/// Ctrl-C, SIGTERM, a panic or SIGKILL. Dropping it tidies up at once and waits for that.
pub(crate) struct Guardian {
    shell: Child,
}

/// Reads a word, or else, at the end of the pipe, does its duty; the signals that end us don't end it.
const WAIT: &str = "trap '' HUP INT QUIT TERM; read -r word || {\n";

impl Guardian {
    /// Sets a guardian.
    ///
    /// # Errors
    /// When there is no shell.
    pub(crate) fn set(duty: &Duty) -> Result<Self, Failure> {
        let shell = duty
            .shell(WAIT, "\n}")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .doing("starting a guardian")?;
        Ok(Self { shell })
    }

    /// Sends it home: nothing is left to tidy up, or somebody else will.
    pub(crate) fn dismiss(mut self) {
        if let Some(mut pipe) = self.shell.stdin.take() {
            // If it is gone already, it has nothing to do either.
            let _ = pipe.write_all(b"dismissed\n");
        }
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // A guardian that is gone can't be waited for, and needn't be.
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn note(name: &str) -> PathBuf {
        let file = std::env::temp_dir().join(format!("muster-guardian-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&file);
        file
    }

    fn write_note(note: &std::path::Path) -> Duty {
        Duty::new(r#"echo "$1" > "$2""#, ["tidy", note.to_str().unwrap()])
    }

    #[test]
    fn a_guardian_tidies_up_when_its_pipe_ends() {
        let note = note("ends");
        let guardian = Guardian::set(&write_note(&note)).unwrap();
        assert!(!note.exists(), "it waits");
        drop(guardian);
        assert_eq!(std::fs::read_to_string(&note).unwrap(), "tidy\n");
        std::fs::remove_file(note).unwrap();
    }

    #[test]
    fn a_guardian_that_is_dismissed_leaves_the_duty_to_others() {
        let note = note("dismissed");
        let duty = write_note(&note);
        Guardian::set(&duty).unwrap().dismiss();
        assert!(!note.exists());
        duty.fulfil().unwrap();
        assert_eq!(std::fs::read_to_string(&note).unwrap(), "tidy\n");
        std::fs::remove_file(note).unwrap();
    }
}
