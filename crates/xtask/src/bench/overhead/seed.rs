use crate::bench::connection::request;
use crate::bench::server::Server;
use crate::failure::{Doing, Failure};
use crate::run;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The people of the practice guild; the first of them owns it.
const PEOPLE: [&str; 8] = ["Ada", "Bruno", "Chidi", "Dana", "Emre", "Freya", "Goro", "Hana"];
/// The owner's Discord id.
const OWNER: &str = "1200000000000000301";
/// The practice guild.
const GUILD: &str = "1200000000000000000";
/// A month.
const AHEAD_S: u32 = 30 * 24 * 60 * 60;
/// Where the practice Discord keeps its state: a copy begins with a new one that is not broken.
const PRACTICE_STATE: &str = "practice.json";
/// For the bot to learn of its guild from the gateway.
const KNOWN_WITHIN: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A data folder from which every server starts, made through the program's own doors.
pub(in crate::bench) struct Seed {
    folder: PathBuf,
    /// The owner's session.
    pub(in crate::bench) cookie: String,
    tokens: Vec<String>,
    /// A game that everybody has joined.
    lobby: String,
    games: Vec<String>,
}

impl Seed {
    /// Makes it anew.
    ///
    /// # Errors
    /// When the program refuses any of it.
    pub(in crate::bench) fn make(program: &Path, folder: &Path, games: usize) -> Result<Self, Failure> {
        let _ = std::fs::remove_dir_all(folder);
        let server = Server::start(program, folder, &super::variant::off())?;
        let tokens: Result<Vec<_>, _> = PEOPLE.iter().map(|name| token(program, folder, name)).collect();
        let mut seed = Self {
            folder: folder.to_owned(),
            cookie: String::new(),
            tokens: tokens?,
            lobby: String::new(),
            games: Vec::new(),
        };
        seed.settle(&server)?;
        seed.cookie = sign_in(&server)?;
        seed.games = seed.announce(&server, games)?;
        server.stop()?;
        Ok(seed)
    }

    /// Goes on a month later: what is planned then, and what is put off, does not come due in a server that starts
    /// now. Then waits until the guild knows everybody.
    fn settle(&mut self, server: &Server) -> Result<(), Failure> {
        let later = format!(r#"{{"advance_seconds":{AHEAD_S}}}"#);
        server.ask_practice(&request("POST /practice/v1/clock", &[], &later))?;
        let path = format!("GET /api/v1/guilds/{GUILD}");
        for token in &self.tokens {
            let wanted = request(&path, &[("authorization", token)], "");
            let deadline = Instant::now() + KNOWN_WITHIN;
            while let Err(failure) = server.ask(&wanted) {
                if Instant::now() > deadline {
                    return Err(failure);
                }
                std::thread::sleep(BETWEEN_LOOKS);
            }
        }
        self.lobby = self.announce(server, 1)?.concat();
        self.quieten(server)
    }

    /// Nothing comes due, and nothing goes out: what Discord lets through in a second would be another load beside
    /// the measured one, so it answers 503 to everything, and the clock stands still, so that nothing is tried
    /// again. Before, everybody's rights are looked up, which stay fresh by that clock.
    fn quieten(&self, server: &Server) -> Result<(), Failure> {
        server.ask_practice(&request("POST /practice/v1/clock", &[], r#"{"stop":true}"#))?;
        for token in &self.tokens {
            let join = format!("POST /api/v1/games/{}/join", self.lobby);
            server.ask(&request(&join, &[("authorization", token)], ""))?;
        }
        server.ask_practice(&request("PUT /practice/v1/faults", &[], r#"{"outage":true}"#))?;
        Ok(())
    }

    fn announce(&self, server: &Server, games: usize) -> Result<Vec<String>, Failure> {
        let bearer = [("authorization", self.token(0))];
        let announce = |number| {
            let body = Self::new_game(&format!("Evening {number}"));
            let answer = server.ask(&request("POST /api/v1/games", &bearer, &body))?;
            let game: serde_json::Value = serde_json::from_slice(&answer.body).doing("reading a game")?;
            game["id"].as_str().map(str::to_owned).ok_or_else(|| Failure::new("a game has no id"))
        };
        (0..games).map(announce).collect()
    }

    /// A server on a copy of it, with nothing to do of its own.
    ///
    /// # Errors
    /// When it can't be copied, or the program doesn't start.
    pub(super) fn server(
        &self,
        program: &Path,
        folder: &Path,
        variables: &[(&str, String)],
    ) -> Result<Server, Failure> {
        let server = self.awake_server(program, folder, variables)?;
        self.quieten(&server)?;
        Ok(server)
    }

    /// A server on a copy of it, whose clock runs and whose Discord answers.
    ///
    /// # Errors
    /// When it can't be copied, or the program doesn't start.
    pub(in crate::bench) fn awake_server(
        &self,
        program: &Path,
        folder: &Path,
        variables: &[(&str, String)],
    ) -> Result<Server, Failure> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).doing("making a data folder")?;
        for file in std::fs::read_dir(&self.folder).doing("reading the seed")? {
            let file = file.doing("reading the seed")?;
            if file.file_name() == PRACTICE_STATE {
                continue;
            }
            std::fs::copy(file.path(), folder.join(file.file_name())).doing("copying the seed")?;
        }
        Server::start(program, folder, variables)
    }

    /// The body of a wish for a game; far enough away that none of its moments comes.
    pub(super) fn new_game(title: &str) -> String {
        let start = "2035-07-01T18:00:00Z";
        format!(r#"{{"guild":"{GUILD}","title":"{title}","start":"{start}","seats":20}}"#)
    }

    /// The header's value for one of the people.
    pub(super) fn token(&self, person: usize) -> &str {
        &self.tokens[person % self.tokens.len()]
    }

    /// One of the games.
    pub(super) fn game(&self, number: usize) -> &str {
        &self.games[number % self.games.len()]
    }

    /// How many there are.
    pub(super) const fn games(&self) -> usize {
        self.games.len()
    }
}

fn token(program: &Path, folder: &Path, name: &str) -> Result<String, Failure> {
    let mut create = run::command(program, ["token", "create", "--practice", name, "--data"]);
    create.arg(folder).env_clear();
    Ok(format!("Bearer {}", run::output(create)?.trim()))
}

fn sign_in(server: &Server) -> Result<String, Failure> {
    let wanted = request("POST /api/v1/auth/practice", &[], &format!(r#"{{"person":"{OWNER}"}}"#));
    server.ask(&wanted)?.cookie.ok_or_else(|| Failure::new("signing in set no cookie"))
}
