//! Programs that a test starts, and that end with it, however it ends.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A process group that ends by SIGKILL when it is dropped, and when this process ends, however that comes.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Child,
    guardian: Child,
}

/// Reads to the end of a pipe that only we write to, then ends the group `$1`; what ends us does not end it.
const GUARD: &str = r#"trap '' HUP INT QUIT TERM; read -r word; kill -s KILL -- "-$1""#;

impl Group {
    /// Starts its leader in a folder, with what it says in a file there.
    pub(crate) fn lead_by(mut leader: Command, folder: &TempDir, said: &str) -> Self {
        let said = File::create(folder.path().join(said)).expect("a file for what it says");
        leader.stdin(Stdio::null()).stdout(said.try_clone().expect("the file once more")).stderr(said);
        let leader = leader.current_dir(folder.path()).process_group(0).spawn().expect("the program starts");
        let guardian = Command::new("sh")
            .args(["-c", GUARD, "guardian", &leader.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell");
        Self { leader, guardian }
    }

    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.leader.try_wait(), Ok(None))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
        let _ = self.leader.wait();
    }
}

/// What a program wrote that does not do what it should.
pub(crate) fn said(folder: &TempDir, file: &str) -> String {
    std::fs::read_to_string(folder.path().join(file)).unwrap_or_default()
}

/// The program or folder of programs that a variable names; says what is left out without one.
pub(crate) fn named(variable: &str, without: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "how xtask hands over what it found")]
    let path = std::env::var(variable).ok().filter(|path| Path::new(path).exists());
    if path.is_none() {
        eprintln!("left out: {without}, since {variable} names nothing (cargo xtask test finds it)");
    }
    path
}
