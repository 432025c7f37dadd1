//! The state file: one JSON document, replaced as a whole.

use super::journal;
use super::{Guild, Ids, Interaction, Message, Sessions, Snowflake, World};
use crate::faults::Faults;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The layout of the file; a file of another one isn't read.
const LAYOUT: u32 = 1;

/// Why the state file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It can't be read.
    #[error("the practice state {path} can't be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the machine says.
        source: std::io::Error,
    },
    /// It isn't ours.
    #[error("the practice state {path} is damaged ({source}); move it away to start afresh")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It was written by another version.
    #[error(
        "the practice state {path} has layout {found}, this version reads {LAYOUT}; move it away to start afresh"
    )]
    Layout {
        /// The file.
        path: PathBuf,
        /// The layout that it has.
        found: u32,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    layout: u32,
    journal: u64,
    token: &'a str,
    ids: &'a Ids,
    guild: &'a Guild,
    direct: &'a BTreeMap<Snowflake, Snowflake>,
    commands: &'a [Value],
    faults: &'a Faults,
    interactions: &'a BTreeMap<Snowflake, Interaction>,
    messages: Vec<&'a Message>,
}

#[derive(Deserialize)]
struct Layout {
    layout: u32,
}

#[derive(Deserialize)]
struct Read {
    journal: u64,
    token: String,
    ids: Ids,
    guild: Guild,
    direct: BTreeMap<Snowflake, Snowflake>,
    commands: Vec<Value>,
    faults: Faults,
    interactions: BTreeMap<Snowflake, Interaction>,
    messages: Vec<Message>,
}

impl World {
    /// The state as the text of a state file, after which the journals from `journal` on come.
    pub(crate) fn to_text(&self, journal: u64) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Written {
            layout: LAYOUT,
            journal,
            token: &self.token,
            ids: &self.ids,
            guild: &self.guild,
            direct: &self.direct,
            commands: &self.commands,
            faults: &self.faults,
            interactions: &self.interactions,
            messages: self.messages.all().collect(),
        })
    }
}

/// What was kept.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) world: World,
    /// The number of the journal to begin.
    pub(crate) journal: u64,
}

/// Reads the state file and its journals; a world with `token` when there is no file yet.
pub(crate) fn load(path: &Path, token: impl FnOnce() -> String) -> Result<Loaded, LoadError> {
    let (mut world, number) = match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text)?,
        Err(error) if error.kind() == ErrorKind::NotFound => (World::new(token()), 0),
        Err(source) => return Err(LoadError::Read { path: path.to_owned(), source }),
    };
    let journal = journal::replay(&mut world, path, number);
    let journal = journal.map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    Ok(Loaded { world, journal })
}

fn parse(path: &Path, text: &str) -> Result<(World, u64), LoadError> {
    let damaged = |source| LoadError::Damaged { path: path.to_owned(), source };
    let Layout { layout: found } = serde_json::from_str(text).map_err(damaged)?;
    if found != LAYOUT {
        return Err(LoadError::Layout { path: path.to_owned(), found });
    }
    let read: Read = serde_json::from_str(text).map_err(damaged)?;
    let world = World {
        guild: read.guild,
        messages: read.messages.into_iter().collect(),
        direct: read.direct,
        commands: read.commands,
        interactions: read.interactions,
        faults: read.faults,
        token: read.token,
        ids: read.ids,
        sessions: Sessions::default(),
        notes: Vec::new(),
    };
    Ok((world, read.journal))
}

/// Writes a state file beside the old one, then puts it in its place.
pub(crate) fn save(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("tmp");
    std::fs::write(&fresh, text)?;
    std::fs::rename(&fresh, path)
}
