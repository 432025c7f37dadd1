//! Throwaway PostgreSQL, Redis and RabbitMQ: on free ports, with their data below target/.

use crate::failure::{Doing, Failure};
use crate::guardian::{Duty, Guardian};
use crate::run::environment;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

mod folder;
mod listening;
mod ports;
pub(crate) mod postgres;
pub(crate) mod rabbitmq;
pub(crate) mod redis;
mod site;
mod userland;

pub(crate) use folder::{adopt, make};
pub(crate) use listening::Greeting;
pub(crate) use site::{Choice, Site};
use userland::Userland;

/// On a machine that is building meanwhile, RabbitMQ has been seen to take 40 s.
const NOT_READY_AFTER: Duration = Duration::from_mins(3);
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(100);

/// Takes away processes that lead a group and were started in a folder, and the folder: `$1` is the folder, the
/// rest their ids, which may belong to others since.
const END: &str = r#"folder=$1; shift
for process; do
    if [ "$(readlink "/proc/$process/cwd")" = "$folder" ]; then kill -s KILL -- "-$process"; fi
done
tries=0
until rm -rf -- "$folder" || [ "$tries" = 50 ]; do tries=$((tries + 1)); sleep 0.1; done
rmdir -- "${folder%/*}" || true"#;

/// A server that was started. Dropping it stops it, and so does the end of this process.
pub(crate) struct Server {
    facts: Facts,
    /// Where it runs as our child.
    process: Option<Child>,
    log: PathBuf,
    guardian: Guardian,
}

/// What is to be known of a server that runs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Facts {
    pub(crate) name: String,
    /// What tests are told: names of variables, and their values.
    pub(crate) variables: Vec<(String, String)>,
    /// What it answers to.
    greetings: Vec<Greeting>,
    /// How it is stopped and its data taken away.
    pub(crate) stop: Duty,
}

impl Facts {
    /// Whether it answers.
    pub(crate) fn answers(&self) -> bool {
        self.greetings.iter().all(Greeting::is_answered)
    }
}

impl Server {
    /// Waits until it answers.
    ///
    /// # Errors
    /// When it ends, or takes too long, with the end of its log.
    fn wait(&mut self) -> Result<(), Failure> {
        let started = Instant::now();
        while !self.facts.answers() {
            let ended = match &mut self.process {
                Some(process) => process.try_wait().doing("looking after a server")?,
                None => None,
            };
            if let Some(status) = ended {
                return Err(self.failure(&format!("ended with {status}")));
            }
            if started.elapsed() > NOT_READY_AFTER {
                return Err(self.failure("doesn't answer"));
            }
            std::thread::sleep(BETWEEN_QUESTIONS);
        }
        Ok(())
    }

    fn failure(&self, what: &str) -> Failure {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n");
        Failure::new(format!("{} {what}; its log ends with\n{end}", self.facts.name))
    }
}

/// The three, or those of them that the caller's environment doesn't name already.
pub(crate) struct Servers(Vec<Server>);

/// How a server is started in a folder of its own, and the variable that says that there is one already.
type Start = (&'static str, fn(&Site) -> Result<Server, Failure>);

/// The slowest comes first.
const ALL: [Start; 3] = [
    (rabbitmq::VARIABLE, rabbitmq::start),
    (redis::VARIABLE, redis::start),
    (postgres::VARIABLE, postgres::start),
];

impl Servers {
    /// Starts all three, not yet ready.
    ///
    /// # Errors
    /// When one can't be started.
    pub(crate) fn start_all(site: &Site) -> Result<Self, Failure> {
        ALL.iter().map(|(_, start)| start(site)).collect::<Result<_, _>>().map(Self)
    }

    /// Starts a broker and a database to measure: what they say is kept is on the disk.
    ///
    /// # Errors
    /// When one can't be started.
    pub(crate) fn start_durable(site: &Site) -> Result<Self, Failure> {
        let starts = [rabbitmq::start, postgres::start_durable];
        starts.iter().map(|start| start(site)).collect::<Result<_, _>>().map(Self)
    }

    /// Starts those that the caller's environment doesn't name, not yet ready.
    ///
    /// # Errors
    /// When one can't be started.
    pub(crate) fn start_missing(site: &Site) -> Result<Self, Failure> {
        let missing = ALL.iter().filter(|(variable, _)| environment(variable).is_none());
        missing.map(|(_, start)| start(site)).collect::<Result<_, _>>().map(Self)
    }

    /// Waits until all of them answer.
    ///
    /// # Errors
    /// When one ends instead.
    pub(crate) fn wait(&mut self) -> Result<(), Failure> {
        self.0.iter_mut().try_for_each(Server::wait)
    }

    pub(crate) fn facts(&self) -> impl Iterator<Item = &Facts> {
        self.0.iter().map(|server| &server.facts)
    }

    /// Lets them run on after our end.
    pub(crate) fn leave(self) {
        for server in self.0 {
            server.guardian.dismiss();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `cargo xtask test` does it; the others differ in what they are told only.
    #[test]
    fn a_server_answers_while_it_is_held_and_leaves_nothing_behind() {
        if environment(redis::PROGRAM_VARIABLE).is_none() {
            println!("left out: {} is not set", redis::PROGRAM_VARIABLE);
            return;
        }
        let folder = std::env::temp_dir().join(format!("muster-servers-test-{}", std::process::id()));
        let site = Choice::default().site(folder.clone()).unwrap();
        let mut server = redis::start(&site).unwrap();
        server.wait().unwrap();
        let facts = server.facts.clone();
        assert!(facts.answers());
        assert!(facts.variables[0].1.starts_with("redis://127.0.0.1:"), "{:?}", facts.variables);
        drop(server);
        assert!(!facts.answers());
        assert!(!folder.exists(), "its data is gone, and the folder of all servers with the last of them");
    }

    #[test]
    fn a_process_that_only_has_the_number_of_a_server_lives_on() {
        let folder = std::env::temp_dir().join(format!("muster-servers-other-{}", std::process::id()));
        make(&folder.join("redis")).unwrap();
        let mut other = crate::run::command("sleep", ["10"]).spawn().unwrap();
        let stop = Duty::new(END, [folder.join("redis").to_str().unwrap(), &other.id().to_string()]);
        stop.fulfil().unwrap();
        assert!(!folder.exists());
        assert_eq!(other.try_wait().unwrap(), None);
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_server_that_ends_says_why() {
        let folder = std::env::temp_dir().join(format!("muster-servers-fails-{}", std::process::id()));
        make(&folder).unwrap();
        let log = folder.join("log");
        std::fs::write(&log, "first\nno such option\n").unwrap();
        let stop = Duty::new("rm -rf -- \"$1\"", [folder.to_str().unwrap()]);
        let guardian = Guardian::set(&stop).unwrap();
        let silent = Greeting::new(ports::free().unwrap(), b"PING\r\n");
        let facts = Facts { name: "Redis".into(), variables: vec![], greetings: vec![silent], stop };
        let process = Some(crate::run::command("sh", ["-c", "exit 3"]).spawn().unwrap());
        let failure = Server { facts, process, log, guardian }.wait().unwrap_err().to_string();
        assert_eq!(failure, "Redis ended with exit status: 3; its log ends with\nfirst\nno such option");
        assert!(!folder.exists());
    }
}
