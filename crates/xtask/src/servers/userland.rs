//! Whose programs are started: those that are installed, or those of another release of Debian.
//!
//! That release's packages are fetched by apt with lists of its own and unpacked below target/; nothing is installed.
//! Their programs look for their libraries and for each other below /usr: each is started in a mount namespace of its
//! own, in which the unpacked /usr stands in the place of the machine's.

use crate::failure::{Doing, Failure};
use crate::run::{self, is_root};
use crate::workspace;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The servers, and what their scripts call.
const PACKAGES: [&str; 13] = [
    "rabbitmq-server",
    "postgresql",
    "redis-server",
    "valkey-server",
    "bash",
    "coreutils",
    "dash",
    "findutils",
    "grep",
    "hostname",
    "mawk",
    "sed",
    "util-linux",
];
const USR: &str = "/usr";
/// `$1` is the folder that takes the place of /usr, the rest a program and its arguments, which becomes this process.
const ENTER: &str = r#"mount --bind "$1" /usr && shift && exec "$@""#;

/// Whose programs are started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Userland {
    /// The machine's own.
    Installed,
    /// Those below a folder that takes the place of /usr.
    Unpacked(PathBuf),
}

impl Userland {
    /// The programs of a release of Debian by its name, such as `trixie`, fetched once; without a name the machine's.
    ///
    /// # Errors
    /// When they can't be fetched, or we are not root, who alone can put one folder in another's place.
    pub(crate) fn of(release: Option<&str>) -> Result<Self, Failure> {
        let Some(release) = release else { return Ok(Self::Installed) };
        if !is_root() {
            return Err(Failure::new("only root can start the programs of another release of Debian"));
        }
        let folder = workspace::scratch(&format!("debian-{release}"))?;
        let usr = folder.join("root").join("usr");
        if !folder.join("unpacked").is_file() {
            println!(
                "xtask: fetching RabbitMQ, PostgreSQL, Redis and Valkey of Debian {release}; once, 150 MB"
            );
            unpack(release, &folder)?;
            std::fs::write(folder.join("unpacked"), PACKAGES.join("\n")).doing("tidying up")?;
        }
        Ok(Self::Unpacked(usr))
    }

    /// A program by its path in this userland, with its arguments; it is the process that is started.
    pub(super) fn command<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = match self {
            Self::Installed => run::command(program.as_ref(), [""; 0]),
            Self::Unpacked(usr) => {
                let mut enter = run::command("unshare", ["--mount", "--", "sh", "-c", ENTER, "enter"]);
                enter.arg(usr).arg(program.as_ref());
                enter
            }
        };
        command.args(arguments);
        command
    }

    /// What a shell types to start a program with the arguments that it was given itself.
    pub(super) fn script(&self, program: &str) -> Option<String> {
        let quoted = |word: &OsStr| format!("'{}'", word.to_string_lossy());
        let Self::Unpacked(_) = self else { return None };
        let command = self.command(program, [""; 0]);
        let words: Vec<_> =
            std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
        Some(format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")))
    }

    /// Where something below /usr is to be looked at from outside.
    pub(super) fn seen(&self, below_usr: &str) -> PathBuf {
        match self {
            Self::Installed => Path::new(USR).join(below_usr),
            Self::Unpacked(usr) => usr.join(below_usr),
        }
    }
}

/// Fetches packages with all that they need, as if nothing were installed, and unpacks them.
fn unpack(release: &str, folder: &Path) -> Result<(), Failure> {
    let apt = Apt::prepare(release, folder)?;
    apt.get(&["update", "--quiet"])?;
    apt.get(&[&["install", "--quiet", "--yes", "--download-only"], &PACKAGES[..]].concat())?;
    let root = folder.join("root");
    for package in std::fs::read_dir(&apt.archives).doing("looking for packages")? {
        let package = package.doing("looking for packages")?.path();
        if package.extension() == Some(OsStr::new("deb")) {
            run::done(run::command("dpkg-deb", [OsStr::new("--extract"), package.as_ref(), root.as_ref()]))?;
        }
    }
    std::fs::remove_dir_all(&apt.archives).doing("removing the packages")
}

/// apt with a state of its own.
struct Apt {
    configuration: PathBuf,
    archives: PathBuf,
}

impl Apt {
    fn prepare(release: &str, folder: &Path) -> Result<Self, Failure> {
        let [lists, archives] = ["lists", "archives"].map(|name| folder.join("apt").join(name));
        for folder in [&lists, &archives] {
            std::fs::create_dir_all(folder.join("partial")).doing("making a folder for apt")?;
        }
        let at = |name: &str| folder.join("apt").join(name);
        let mirror = mirror()?;
        let configuration = at("apt.conf");
        let files = [
            (at("status"), String::new()),
            (at("sources.list"), format!("deb {mirror} {release} main\n")),
            (configuration.clone(), settings(&folder.join("apt"))),
        ];
        for (file, text) in files {
            std::fs::write(&file, text).doing(&format!("writing {}", file.display()))?;
        }
        Ok(Self { configuration, archives })
    }

    fn get(&self, arguments: &[&str]) -> Result<(), Failure> {
        let mut apt = run::command("apt-get", arguments);
        apt.env("APT_CONFIG", &self.configuration).env("DEBIAN_FRONTEND", "noninteractive");
        run::done(apt)
    }
}

/// Everything in our folder, nothing as it is on this machine.
fn settings(apt: &Path) -> String {
    let apt = apt.display();
    format!(
        "Dir::State \"{apt}\";\nDir::State::status \"{apt}/status\";\nDir::State::lists \"{apt}/lists\";\n\
         Dir::Cache \"{apt}\";\nDir::Cache::archives \"{apt}/archives\";\n\
         Dir::Etc::sourcelist \"{apt}/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\n\
         APT::Install-Recommends \"false\";\nAPT::Sandbox::User \"root\";\nDebug::NoLocking \"true\";\n"
    )
}

/// From where this machine gets its own packages.
fn mirror() -> Result<String, Failure> {
    let format = ["indextargets", "--format", "$(REPO_URI)"];
    let which = ["Identifier: Packages", "Origin: Debian", "Label: Debian"];
    let said = run::output(run::command("apt-get", format.iter().chain(&which)))?;
    let first = said.lines().next().map(str::to_owned);
    first.ok_or_else(|| Failure::new("this machine gets no packages from Debian, so neither can we"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn words(command: &Command) -> Vec<OsString> {
        std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_owned).collect()
    }

    #[test]
    fn a_program_of_another_release_starts_where_its_libraries_are() {
        let there = Userland::Unpacked("/x/usr".into());
        let own = Userland::Installed.command("/usr/bin/epmd", ["-port", "1"]);
        assert_eq!(words(&own), ["/usr/bin/epmd", "-port", "1"]);
        let other = there.command("/usr/bin/epmd", ["-port", "1"]);
        let wanted =
            ["unshare", "--mount", "--", "sh", "-c", ENTER, "enter", "/x/usr", "/usr/bin/epmd", "-port", "1"];
        assert_eq!(words(&other), wanted);
        assert_eq!(there.seen("bin/epmd"), Path::new("/x/usr/bin/epmd"));
        assert_eq!(Userland::Installed.seen("bin/epmd"), Path::new("/usr/bin/epmd"));
    }
}
