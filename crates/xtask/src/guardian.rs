use crate::failure::{Doing, Failure};
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

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
    /// Sets a guardian whose duty is a shell script; `arguments` are its `$1`, `$2`, ….
    ///
    /// # Errors
    /// When there is no shell.
    pub(crate) fn set(duty: &str, arguments: &[&OsStr]) -> Result<Self, Failure> {
        let shell = Command::new("sh")
            .arg("-c")
            .arg(format!("{WAIT}{duty}\n}}"))
            .arg("guardian")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .doing("starting a guardian")?;
        Ok(Self { shell })
    }

    /// Sends it home: nothing is left to tidy up.
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

    #[test]
    fn a_guardian_tidies_up_when_its_pipe_ends() {
        let note = note("ends");
        let guardian = Guardian::set(r#"echo "$1" > "$2""#, &["tidy".as_ref(), note.as_ref()]).unwrap();
        assert!(!note.exists(), "it waits");
        drop(guardian);
        assert_eq!(std::fs::read_to_string(&note).unwrap(), "tidy\n");
        std::fs::remove_file(note).unwrap();
    }

    #[test]
    fn a_guardian_that_is_dismissed_does_nothing() {
        let note = note("dismissed");
        Guardian::set(r#"echo > "$1""#, &[note.as_ref()]).unwrap().dismiss();
        assert!(!note.exists());
    }
}
